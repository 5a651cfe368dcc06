"""``load``: a mapping's files into the lake, whole or not at all."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from clientele.contract import Contract
from clientele.landing.coverage import coverage
from clientele.landing.damage import complaint, damaged
from clientele.landing.entity_load import EntityLoad, landing_row
from clientele.landing.errors import LandingError
from clientele.landing.fingerprint import earlier_entities
from clientele.landing.lake import LANDINGS_TYPES, Lake, columns_sql, quoted
from clientele.landing.mapping import Mapping, iso_currencies, read_mapping
from clientele.landing.report import EntityReport, LoadReport

MEMORY = "1GB"
FEWEST_READ = 10  # rows, for the share of those refused to say anything


def default_home() -> Path:
    """CLIENTELE_HOME, or ``warehouse``."""
    return Path(os.environ.get("CLIENTELE_HOME") or "warehouse")


def load(  # noqa: PLR0913
    mapping_path: Path | str,
    *,
    data_dir: Path | str | None = None,
    home: Path | str | None = None,
    mode: str | None = None,
    check: bool = False,
    memory: str = MEMORY,
    threads: int = 2,
    now: dt.datetime | None = None,
    contract: Contract | None = None,
    progress: Callable[[str], None] | None = None,
    most_refused: float = 1.0,
) -> LoadReport:
    """Land what a mapping describes and return the account of it.

    ``mode`` is None (history for an entity's first load, live afterwards), ``history`` or ``live``. ``check`` lands
    nothing.
    ``now`` is the moment of the load (UTC if naive). ``most_refused`` is the share of an entity's rows that may be
    refused: more are no dirty rows but another export than the mapping knows. Raises LandingError; then nothing has
    landed.
    """
    if mode not in (None, "history", "live"):
        raise LandingError(f"mode {mode!r} is unknown", remedy="use history, live or None")
    began = time.monotonic()
    say = progress or (lambda _: None)
    lake = Lake(home or default_home(), contract)
    mapping = read_mapping(mapping_path, lake.contract)
    folder = Path(data_dir) if data_dir is not None else mapping.path.parent
    try:
        report = _locked(
            lake, mapping, folder=folder, memory=memory, threads=threads, now=now, mode=mode, say=say, check=check,
            most_refused=most_refused,
        )  # fmt: skip
    except OSError as error:
        raise LandingError(
            f"the lake cannot be written: {error}", file=lake.home, remedy="make room or rights there, or give --home"
        ) from error
    except RuntimeError as error:
        if "interrupted" not in str(error):
            raise
        raise KeyboardInterrupt from None  # which is what it was before DuckDB said it in its own way
    report.seconds = time.monotonic() - began
    return report


def _locked(  # noqa: PLR0913
    lake: Lake, mapping: Mapping, *, folder: Path, memory: str, threads: int, now: dt.datetime | None, mode: str | None,
    say: Callable[[str], None], check: bool, most_refused: float,
) -> LoadReport:  # fmt: skip
    with lake.locked(say), lake.loading() as loading:
        lake.ensure_contract()
        if found := damaged(lake):
            raise LandingError(complaint(found))
        con = _connect(loading, memory, threads)
        try:
            return _Load(con, lake, mapping, folder, loading, now, mode, say).run(check, most_refused)
        finally:
            con.close()


class _Load:
    """All entities of a mapping, in one batch."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, lake: Lake, mapping: Mapping, data_dir: Path, loading: Path,
        now: dt.datetime | None, mode: str | None, say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.con, self.lake, self.mapping, self.loading, self.now = con, lake, mapping, loading, _utc(now)
        before = earlier_entities(con, lake)
        self.loads = [
            EntityLoad(
                con, lake, entity, mapping_path=mapping.path, data_dir=data_dir, folder=loading, now=self.now,
                mode=mode, seen_before=entity.entity in before, say=say,
            )
            for entity in mapping.entities
        ]  # fmt: skip

    def run(self, check: bool, most_refused: float) -> LoadReport:
        reports = [load.run() for load in self.loads]
        for load, of in zip(self.loads, reports, strict=True):
            if of.rows_read >= FEWEST_READ and of.rows_refused > most_refused * of.rows_read:
                raise _too_many_refused(of, load.mapping_path)
        report = LoadReport(reports, checked=check, warnings=self._warnings())
        is_new = any(r.rows_landed or (r.rows_refused and not r.unchanged) for r in reports)
        if check:
            report.coverage = coverage(
                self.lake.contract, [r.entity for r in reports], {x.entity.name: x.columns for x in self.loads}
            )
        elif is_new:
            self._write_landings()
            report.batch = self.lake.put_in_place(self.loading / "batch")
            rejects = self.lake.batch_dir(report.batch) / "rejects"
            report.rejects = rejects if rejects.exists() else None
        return report

    def _write_landings(self) -> None:
        self.con.execute(f"create temp table landings ({columns_sql(LANDINGS_TYPES)})")
        marks = ", ".join("?" for _ in LANDINGS_TYPES)
        for load in self.loads:
            self.con.execute(f"insert into landings values ({marks})", list(landing_row(load)))
        self.con.execute(f"copy landings to '{quoted(self.loading / 'batch' / 'landings.parquet')}' (format parquet)")

    def _warnings(self) -> list[str]:
        currencies = sorted(set().union(*(load.currencies for load in self.loads)))
        has_rates = any(load.entity.name == "fx_rates" for load in self.loads) or self.lake.files("fx_rates")
        if len(currencies) > 1 and not has_rates:
            return [
                f"amounts come in {', '.join(currencies)} and there are no fx_rates: "
                "amounts in other than the reporting currency cannot be summed; map fx_rates"
            ]
        return []


def _too_many_refused(report: EntityReport, mapping_path: Path) -> LandingError:
    worst = max(report.reasons, key=lambda reason: reason.rows)
    return LandingError(
        f"{report.rows_refused:,} of {report.rows_read:,} rows of {report.entity} would be refused, "
        f"{worst.rows:,} of them as {worst.kind}, e.g. {worst.example}",
        file=", ".join(report.files) or mapping_path, column=worst.column,
        remedy="the export looks changed: mend it or the mapping, or land the rest by hand with clientele load",
    )  # fmt: skip


def _connect(loading: Path, memory: str, threads: int) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    try:
        con.execute(f"set memory_limit = '{quoted(memory)}'")
    except duckdb.Error:
        con.close()
        raise LandingError(f"memory {memory!r} is no size", remedy="use a size such as 1GB or 800MB") from None
    con.execute(f"set threads = {threads:d}")
    con.execute(f"set temp_directory = '{quoted(loading / 'tmp')}'")
    con.execute("set TimeZone = 'UTC'")
    # A list of accepted values must not become a join, which would lose the order of the file's rows.
    con.execute("set disabled_optimizers = 'in_clause'")
    con.execute("set enable_progress_bar = true; set enable_progress_bar_print = false")
    codes = ", ".join(f"'{code}'" for code in iso_currencies())
    con.execute(f"create type iso4217 as enum ({codes})")
    return con


def _utc(now: dt.datetime | None) -> dt.datetime:
    moment = now or dt.datetime.now(dt.UTC)
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment
