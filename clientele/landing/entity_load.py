"""One entity through the load: read, stage, judge, write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import duckdb

from clientele.contract import Entity
from clientele.landing import fingerprint as prints
from clientele.landing import mapping_sql, source
from clientele.landing.columns import RowPass
from clientele.landing.damage import complaint, unreadable
from clientele.landing.errors import LandingError
from clientele.landing.files import find_lookups
from clientele.landing.lake import Lake, quoted
from clientele.landing.lookups import forget_lookups, open_lookups
from clientele.landing.mapping import EntityMapping
from clientele.landing.progress import percent
from clientele.landing.refusals import Refusals
from clientele.landing.report import EntityReport
from clientele.landing.versions import Versions

Say = Callable[[str], None]


class EntityLoad:
    """Loads one entity into the folder of a batch that is not in place yet."""

    def __init__(  # noqa: PLR0913
        self, con: duckdb.DuckDBPyConnection, lake: Lake, mapping: EntityMapping, *, mapping_path: Path,
        data_dir: Path, folder: Path, now: dt.datetime, mode: str | None, seen_before: bool, say: Say,
    ) -> None:  # fmt: skip
        self.con, self.lake, self.mapping, self.now, self.say = con, lake, mapping, now, say
        self.mapping_path = mapping_path
        self.entity: Entity = lake.contract[mapping.entity]
        self.batch_dir, self.scratch = folder / "batch", folder / "tmp"
        self.lake_files = lake.files(mapping.entity)
        self.found = source.find(mapping, data_dir)
        self.lookups = find_lookups(mapping, data_dir)
        self.seen_before = seen_before
        self.report = EntityReport(
            mapping.entity,
            mode=mode or ("live" if self.lake_files else "history"),
            files=[name for _, name in self.found],
        )
        self.columns: set[str] = set()
        self.currencies: set[str] = set()
        self.clock_range: tuple[dt.datetime | None, ...] = (None, None, None, None)

    def run(self) -> EntityReport:
        """Read, judge and write. Raises LandingError; then nothing of the load lands."""
        paths = [*(path for path, _ in self.found), *self.lookups.values()]
        if self.seen_before:
            self.report.fingerprint = prints.fingerprint(self.mapping, self.entity, paths)
            earlier = prints.find_earlier(self.con, self.lake, self.entity.name, self.report.fingerprint)
            if earlier:
                return self._unchanged(earlier)
            self._read()
        else:
            future = prints.in_background(self.mapping, self.entity, paths)
            self._read()
            self.report.fingerprint = future.result()
        self.report.check()
        return self.report

    def _unchanged(self, earlier: prints.EarlierLanding) -> EntityReport:
        report = self.report
        report.unchanged = True
        report.rows_read, report.rows_refused = earlier.rows_read, earlier.rows_refused
        report.rows_known = earlier.rows_read - earlier.rows_refused
        self.columns = set(self.entity.columns)
        return report

    def _read(self) -> None:
        self.say(f"{self.entity.name}: reading {', '.join(self.report.files[:3])}")
        try:
            opened = source.open_entity(self.con, self.mapping, self.found, self.scratch)
            open_lookups(self.con, self.mapping, self.lookups, self.scratch)
            query, rows = self._mapped(opened)
            self.columns = set(rows.types)
            self._stage(rows.select(query.sql, opened.several))
            refusals = Refusals(self.con, opened, query.rows, rows.clock)
            self._account(opened, query, refusals)
            self._land(rows, refusals)
        except duckdb.Error as error:
            # Keys are compared with what has landed: the fault may be there and not in the export.
            if found := unreadable(self.lake):
                raise LandingError(complaint(found)) from error
            said = mapping_sql.explained(self.entity.name, error)
            raise (said.within(self.mapping_path) if said.message.startswith("sql of") else said) from error
        finally:
            self._forget()

    def _mapped(self, opened: source.Source) -> tuple[mapping_sql.MappedQuery, RowPass]:
        """The mapping's SQL, checked. Raises LandingError that names the mapping, and the files where they differ."""
        name, files = self.entity.name, self.report.files
        try:
            query = mapping_sql.prepare(
                self.con, name, self.mapping.sql, self.lookups, by_place=opened.counts_rows, files=files
            )
            return query, RowPass(self.entity, self.mapping, query.types, self.now, self.report.mode)
        except LandingError as error:
            raise error.within(self.mapping_path) from error.__cause__

    def _stage(self, select: str) -> None:
        self.con.execute("drop table if exists reject_errors")
        self.con.execute("drop table if exists reject_scans")
        with percent(self.con, self.say, f"{self.entity.name}: reading {', '.join(self.report.files[:3])}"):
            self.con.execute(f"create or replace temp table stage as {select}")

    def _forget(self) -> None:
        for table in ("stage", "verdict", "clashes", "known", "candidates", "newest", "refused"):
            self.con.execute(f"drop table if exists {table}")
        forget_lookups(self.con, self.mapping)

    def _account(self, opened: source.Source, query: mapping_sql.MappedQuery, refusals: Refusals) -> None:
        report = self.report
        unreadable, broken = refusals.add_unreadable(), refusals.add_broken()
        staged = self._count("stage")
        report.rows_read = unreadable + broken + staged
        report.rows_refused = unreadable + broken + refusals.add_staged()
        if query.is_rowwise and not query.has_filter:
            report.source_rows = report.rows_read
        else:
            report.source_rows = unreadable + self._count(f"({opened.counting})")
        if query.is_rowwise:
            report.rows_left_out = report.source_rows - report.rows_read
        if report.source_rows == 0:
            report.warnings.append("the file holds a header and no rows")

    def _count(self, relation: str) -> int:
        row = self.con.execute(f"select count(*) from {relation}").fetchone()
        assert row is not None
        return int(row[0])

    def _land(self, rows: RowPass, refusals: Refusals) -> None:
        report = self.report
        self.say(f"{self.entity.name}: comparing keys")
        clashes = Versions(self.con, self.entity, self.lake_files, self.now, rows.gives_loaded_at).judge()
        if clashes:
            report.rows_refused += refusals.add_clashes(self.entity.key, rows.types)
            report.rows_known = self._count("verdict where action = 'known'")
        report.rows_landed = report.rows_read - report.rows_refused - report.rows_known
        if report.rows_landed:
            self.say(f"{self.entity.name}: writing {report.rows_landed:,} rows")
            self._write(clashes)
        if report.rows_refused:
            report.reasons = refusals.reasons()
            refusals.write(self.batch_dir / "rejects" / f"{self.entity.name}.parquet")

    def _write(self, clashes: bool) -> None:
        path = self.batch_dir / f"{self.entity.name}.parquet"
        names = ", ".join(f's."{name}"' for name in self.entity.columns)
        if clashes:
            select = (
                f"select {names}, coalesce(v.loaded_at, s.loaded_at) as loaded_at, "
                "v.supersedes as supersedes_loaded_at "
                "from (select rowid as rid, * from stage) as s left join verdict as v using (rid) "
                "where _refusal is null and coalesce(v.action, 'land') = 'land'"
            )
        else:
            select = (
                f"select {names}, s.loaded_at, null::timestamp as supersedes_loaded_at "
                "from stage as s where _refusal is null"
            )
        order = f'order by s."{self.entity.clock}" nulls first' if clashes or not self._in_order() else ""
        with percent(self.con, self.say, f"{self.entity.name}: writing {self.report.rows_landed:,} rows"):
            self.con.execute(f"copy ({select} {order}) to '{quoted(path)}' (format parquet)")
        self._look_back(path)

    def _in_order(self) -> bool:
        clock = f"""coalesce("{self.entity.clock}"::timestamp, '-infinity'::timestamp)"""
        row = self.con.execute(
            f"select bool_or(step) from (select {clock} < lag({clock}) over () as step "
            "from stage where _refusal is null)"
        ).fetchone()
        return row is not None and not row[0]

    def _look_back(self, path: Path) -> None:
        """What the written file itself says, so that the account is of what is really there."""
        clock = "null::timestamp" if self.entity.clock_is_planned else f'"{self.entity.clock}"::timestamp'
        row = self.con.execute(
            f"select count(*), count(supersedes_loaded_at), min({clock}), max({clock}), min(loaded_at), max(loaded_at) "
            f"from read_parquet('{quoted(path)}')"
        ).fetchone()
        assert row is not None
        self.report.rows_landed, self.report.rows_corrected, *moments = row
        self.clock_range = tuple(moments)
        codes = [c.name for c in self.entity.columns.values() if c.currency and not c.required]
        for code in codes:
            found = self.con.execute(f"select distinct \"{code}\" from read_parquet('{quoted(path)}')").fetchall()
            self.currencies |= {value for (value,) in found if value}


def landing_row(load: EntityLoad) -> tuple[object, ...]:
    """The entity's row in landings.parquet."""
    import json

    report = load.report
    counts = (report.rows_read, report.rows_landed, report.rows_corrected, report.rows_known, report.rows_refused)
    return (
        report.entity,
        report.mode,
        report.fingerprint,
        json.dumps(report.files),
        *counts,
        *load.clock_range,
        load.now,
    )


__all__ = ["EntityLoad", "LandingError", "landing_row"]
