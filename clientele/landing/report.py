"""What a load did, as data and as a table."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Reason:
    """Refused rows of one kind."""

    column: str | None
    kind: str
    rows: int
    example: str


@dataclass
class EntityReport:
    """The account of one entity: rows_read = rows_landed + rows_refused + rows_known."""

    entity: str
    mode: str = "history"
    fingerprint: str = ""
    files: list[str] = field(default_factory=list)
    source_rows: int | None = None  # None if nothing was read
    rows_left_out: int | None = None  # by the SQL's filter; None where rows are grouped, joined or unnested
    rows_read: int = 0
    rows_landed: int = 0
    rows_corrected: int = 0
    rows_known: int = 0
    rows_refused: int = 0
    reasons: list[Reason] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unchanged: bool = False  # the same file and mapping have landed before

    def check(self) -> None:
        """Raise AssertionError if a row is unaccounted for."""
        accounted = self.rows_landed + self.rows_refused + self.rows_known
        assert self.rows_read == accounted, f"{self.entity}: {self.rows_read} rows read, {accounted} accounted for"


@dataclass
class LoadReport:
    """The account of a load."""

    entities: list[EntityReport]
    batch: int | None = None  # None if no batch was written
    checked: bool = False
    warnings: list[str] = field(default_factory=list)
    coverage: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __getitem__(self, entity: str) -> EntityReport:
        return next(report for report in self.entities if report.entity == entity)

    def show(self, console: Console) -> None:
        """Print the table, the reasons, what was left out and the warnings."""
        console.print(self._table())
        for report in self.entities:
            for line in _remarks(report):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
        for line in [*(f"warning: {text}" for text in self.warnings), *self.coverage, self._outcome()]:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("entity", no_wrap=True)
        for name in ("source rows", "read", "landed", "corrected", "known", "refused"):
            table.add_column(name, justify="right", no_wrap=True)
        for report in self.entities:
            numbers = (
                report.rows_read,
                report.rows_landed,
                report.rows_corrected,
                report.rows_known,
                report.rows_refused,
            )
            source = "-" if report.source_rows is None else f"{report.source_rows:,}"
            table.add_row(report.entity, source, *(f"{number:,}" for number in numbers))
        return table

    def _outcome(self) -> str:
        if self.checked:
            return f"checked in {self.seconds:.1f} s, nothing was landed"
        if self.batch is None:
            return f"nothing new, nothing was landed ({self.seconds:.1f} s)"
        return f"landed as batch {self.batch} in {self.seconds:.1f} s"


def _remarks(report: EntityReport) -> list[str]:
    lines = []
    if report.unchanged:
        lines.append(f"{report.entity}: the same file and mapping have landed before; nothing was read")
    if report.rows_left_out:
        lines.append(f"{report.entity}: {report.rows_left_out:,} source rows left out by the sql")
    for reason in report.reasons:
        lines.append(
            f"{report.entity}: {reason.rows:,} refused: {reason.column or 'row'} {reason.kind}, e.g. {reason.example}"
        )
    return lines + [f"warning: {report.entity}: {text}" for text in report.warnings]
