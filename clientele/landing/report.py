"""What a load did, as data and as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

SHOWN, PLACES = 12, 3  # reasons, and columns within one
ACCOUNT = ("source rows", "read", "landed", "corrected", "known", "refused", "left out")  # left out by the SQL's where


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
    rejects: Path | None = None  # where the refused rows of this load lie
    seconds: float = 0.0

    def __getitem__(self, entity: str) -> EntityReport:
        return next(report for report in self.entities if report.entity == entity)

    def show(self, console: Console) -> None:
        """Print the account of every entity, the reasons of refusals, the warnings and the outcome, one line each."""
        for line in self.lines():
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    def lines(self) -> list[str]:
        """What ``show`` prints."""
        return [
            *self._table(),
            *self._unchanged(),
            *self._refusals(),
            *(_one_line(f"warning: {text}") for text in self._warnings()),
            *self.coverage,
            self._outcome(),
        ]

    def _table(self) -> list[str]:
        accounts = [_account(report) for report in self.entities]
        if len(accounts) > 1:
            accounts.append({"entity": "all", **{name: _sum(a[name] for a in accounts) for name in ACCOUNT}})
        cells = [["entity", *ACCOUNT], *([str(a["entity"]), *(_number(a[n]) for n in ACCOUNT)] for a in accounts)]
        widths = [max(len(row[n]) for row in cells) for n in range(len(cells[0]))]
        return [
            "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
            for row in cells
        ]

    def _unchanged(self) -> list[str]:
        names = [report.entity for report in self.entities if report.unchanged]
        named = ", ".join(names) if len(names) <= PLACES else f"{len(names)} entities"
        return [f"{named}: the same file and mapping have landed before; nothing was read"] if names else []

    def _refusals(self) -> list[str]:
        lines = _in_full(self.entities) if self.checked else _merged(self.entities)
        shown = lines if self.checked else lines[:SHOWN]
        if len(lines) > len(shown):
            shown.append(f"... and {len(lines) - len(shown)} more reasons: see them all with --check")
        if self.rejects:
            shown.append(f"refused rows lie, each whole and with its reason, in {self.rejects}")
        return shown

    def _warnings(self) -> list[str]:
        return [*(f"{report.entity}: {text}" for report in self.entities for text in report.warnings), *self.warnings]

    def _outcome(self) -> str:
        if self.checked:
            return f"checked in {self.seconds:.1f} s, nothing was landed"
        if self.batch is None:
            return f"nothing new, nothing was landed ({self.seconds:.1f} s)"
        return f"landed as batch {self.batch} in {self.seconds:.1f} s"


def _account(report: EntityReport) -> dict[str, str | int | None]:
    counts = (
        report.source_rows,
        report.rows_read,
        report.rows_landed,
        report.rows_corrected,
        report.rows_known,
        report.rows_refused,
        report.rows_left_out,
    )
    return {"entity": report.entity, **dict(zip(ACCOUNT, counts, strict=True))}


def _sum(values: Iterable[str | int | None]) -> int:
    return sum(value for value in values if isinstance(value, int))


def _number(value: str | int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _merged(reports: list[EntityReport]) -> list[str]:
    """One line a kind of refusal, the commonest first, with the columns it struck and one example."""
    kinds: dict[str, list[tuple[str, Reason]]] = {}
    for report in reports:
        for reason in report.reasons:
            kinds.setdefault(reason.kind, []).append((report.entity, reason))
    lines = []
    for found in kinds.values():
        found.sort(key=lambda item: -item[1].rows)
        rows = sum(reason.rows for _, reason in found)
        lines.append((rows, f"{rows:,} refused: {_struck(found)}, e.g. {found[0][1].example}"))
    return [_one_line(line) for _, line in sorted(lines, key=lambda item: -item[0])]


def _in_full(reports: list[EntityReport]) -> list[str]:
    """One line a kind, column and entity."""
    found = [(report.entity, reason) for report in reports for reason in report.reasons]
    return [
        _one_line(f"{reason.rows:,} refused: {_struck([(entity, reason)])}, e.g. {reason.example}")
        for entity, reason in sorted(found, key=lambda item: -item[1].rows)
    ]


def _struck(found: list[tuple[str, Reason]]) -> str:
    """Which columns one kind of refusal struck."""
    places = [f"{entity}.{reason.column}" if reason.column else entity for entity, reason in found]
    kind = found[0][1].kind
    if len(places) == 1:
        return f"{places[0]} {kind}" if found[0][1].column else f"{kind} ({places[0]})"
    more = f" and {len(places) - PLACES} more" if len(places) > PLACES else ""
    return f"{kind} ({', '.join(places[:PLACES])}{more})"
