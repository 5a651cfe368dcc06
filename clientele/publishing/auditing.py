"""Whether the build may be published: what runs recorded of every table that is published and of all it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb

from clientele import unit_tests
from clientele.dbt_manifest import Check, Manifest, Table
from clientele.publishing.named_checks import unmet
from clientele.publishing.relations import PUBLIC_SCHEMAS, Relation, direct_pii_in, relations_of
from clientele.querying import open_build
from clientele.records import Records
from clientele.run_records import INTERRUPTED, MANIFEST, TRAIN_TAG
from clientele.running import VarsError, building_vars, stored_vars

NAMES_SHOWN = 8
MAKE_AGAIN = "Make the check again: the daily job does"
SET_CLOCK = "Set the clock and move the file away; then the daily job builds and tests all anew"
# Clocks of machines differ by seconds.
MOST_AHEAD = timedelta(minutes=5)
CLOCKS = {"ops_runs": "started_at", "check_results": "evaluated_at", "drift_results": "evaluated_at"}
REBUILD = "`clientele run` builds both anew; so does the next daily job"


@dataclass(frozen=True)
class Finding:
    """Something about a table or check, and what to do about it."""

    about: str
    reason: str
    remedy: str


@dataclass
class Audit:
    """What speaks against publishing the build, what is worth a look, and what would be published."""

    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    built_at: datetime | None = None  # when the newest of the tables was built
    n_checks: int = 0  # checks that were looked at

    @property
    def passed(self) -> bool:
        """Whether the build may be published; warnings do not count."""
        return not self.errors


class Built(NamedTuple):
    """The last that was recorded of a table."""

    status: str
    run_id: str
    started_at: datetime
    finished_at: datetime
    message: str | None


class Result(NamedTuple):
    """The last that was recorded of a check."""

    status: str
    severity: str
    run_id: str
    evaluated_at: datetime
    message: str | None
    is_of_day: bool  # whether it looked at the day that the build is of; dbt tests always do


def audit(home: Path, manifest_json: Path | None = None) -> Audit:
    """Hold the build of `home` against what runs recorded: nothing is published that is not built and tested.

    Every published table and every table it is made of must have been built by its last run, and each of their checks
    of severity error must have passed since. None may be older than what it is made from, and what `drift_error_on`
    names must have been found well on the newest day of the build. Raises NoBuildError and NoManifestError where there
    is nothing to audit.
    """
    home = home.resolve()
    with open_build(home) as connection:
        relations = relations_of(connection, connection.execute("select current_database()").fetchall()[0][0])
        day = _day_of(connection)
    return _Audit(home, Manifest.read(manifest_json or home / MANIFEST), relations, day).made()


def summed_up(findings: list[Finding]) -> list[str]:
    """Findings as lines: those of one reason stand together, with what to do."""
    together: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        together.setdefault((finding.reason, finding.remedy), []).append(finding.about)
    return [
        f"{reason}: {_few(names)}" + (f". {remedy}" if remedy else "") for (reason, remedy), names in together.items()
    ]


class _Audit:
    def __init__(self, home: Path, manifest: Manifest, relations: list[Relation], day: date | None) -> None:
        self.home, self.manifest = home, manifest
        public = [table for table in manifest.tables.values() if table.schema in PUBLIC_SCHEMAS]
        self.tables = manifest.with_ancestors(public)
        self.public = {(table.schema, table.relation): table for table in public}
        self.relations = {(relation.schema, relation.name): relation for relation in relations}
        runs, checks = Records(home).read("ops_runs"), Records(home).read("check_results")
        with duckdb.connect() as connection:
            connection.register("runs", runs)
            connection.register("checks", checks)
            self.built = _last_builds(connection)
            self.whole = _last_builds(connection, "status = 'success'")
            self.interrupted = _interruptions(connection)
            self.day = day or _newest_day(connection)
            self.results = _last_results(connection, self.day)
        self.unit_tested = _unit_tested(home)
        self.outcome = Audit()

    def made(self) -> Audit:
        self._hold_relations_against_models()
        for table in self.tables:
            self._look_at_table(table)
            self._hold_against_parents(table)
        ids = {table.unique_id for table in self.tables}
        for check in self.manifest.checks.values():
            if ids.intersection(check.reads):
                self._look_at_dbt_test(check)
        self._look_at_other_checks()
        for file in _recorded_ahead(self.home):
            self._error(file, "was recorded in the future: the clock was wrong", SET_CLOCK)
        built_at = {name: built.finished_at for name, built in self.built.items()}
        for about, reason, remedy in unmet(self.home, self.day, built_at):
            self._error(about, reason, remedy)
        self.outcome.built_at = max(
            (self.built[t.name].finished_at for t in self.tables if t.name in self.built), default=None
        )
        return self.outcome

    def _error(self, about: str, reason: str, remedy: str) -> None:
        self.outcome.errors.append(Finding(about, reason, remedy))

    def _warn(self, about: str, reason: str, remedy: str = "") -> None:
        self.outcome.warnings.append(Finding(about, reason, remedy))

    def _hold_relations_against_models(self) -> None:
        for key, relation in self.relations.items():
            if key not in self.public:
                self._warn(str(relation), "not published, as no model makes it any more", "Drop it from build.duckdb")
                continue
            self.outcome.relations.append(relation)
            for column in direct_pii_in(relation):
                self._error(
                    f"{relation}.{column}", "names a person directly", "Leave it out of the model, or rename it"
                )
        for key in self.public.keys() - self.relations.keys():
            self._error(".".join(key), "is not in the build", "`clientele run` builds it")

    def _look_at_table(self, table: Table) -> None:
        built = self.built.get(table.name)
        if built is None:
            self._error(table.name, "no run recorded that it was built", _anew(table))
        elif built.status != "success":
            why = f" ({_first_line(built.message)})" if built.message else ""
            self._error(
                table.name, f"its last build ended as {built.status}{why}", f"Mend it; {_anew(table, small=True)}"
            )
        elif built.started_at < self.interrupted.get(_step_of(table), built.started_at):
            self._error(table.name, "a run was interrupted since, and may have left it untested", _anew(table))

    def _hold_against_parents(self, table: Table) -> None:
        """Of a run, what is made from a table begins once that has ended; else the two are of different runs.

        A fit is meant to be older than its data. What it was fitted for is scored by the next whole run, so that a fit
        alone is not published.
        """
        built = self.built.get(table.name)
        if table.is_view or TRAIN_TAG in table.tags or built is None or built.status != "success":
            return
        parents = [parent.name for parent in self.manifest.made_from(table) if parent.name in self.whole]
        newest = max(parents, key=lambda name: self.whole[name].finished_at, default=None)
        if newest and built.started_at < self.whole[newest].finished_at:
            self._error(table.name, f"is older than {newest}, which it is made from", REBUILD)

    def _look_at_dbt_test(self, check: Check) -> None:
        self.outcome.n_checks += 1
        result = self.results.get(("dbt_test", check.asset_name, check.name))
        say = self._error if check.severity == "error" else self._warn
        name = f"{check.name} (on {check.asset_name})"
        if result is None:
            say(
                name,
                "was never made",
                f"`clientele run{' --full-refresh' if self._holds_at_any_time(check) else ''}` makes it",
            )
        elif result.status in ("fail", "skipped"):
            say(name, f"ended as {result.status}", "Mend the data or the model; `clientele run` makes it again")
        elif not self._holds_at_any_time(check) and any(
            _is_older(result, built, check) for built in self._builds_read_by(check)
        ):
            say(name, "is older than what it is about", "`clientele run` makes it again")
        elif result.status == "warn":
            self._warn(name, "test")

    def _look_at_other_checks(self) -> None:
        known = {table.name for table in self.tables} | self.manifest.sources_of(self.tables)
        for (kind, asset, name), result in self.results.items():
            if kind == "dbt_test" or asset not in known:
                continue
            self.outcome.n_checks += 1
            say = self._error if result.severity == "error" else self._warn
            about, built = f"{name} (on {asset})", self.built.get(asset)
            if not result.is_of_day:
                if not self._is_retired(kind, asset, built):
                    say(about, f"{kind} is of another day than the build", MAKE_AGAIN)
            elif result.status == "fail":
                say(about, f"{kind} failed", f"{_first_line(result.message)}; make the check again once it is mended")
            elif built and _is_older(result, built):
                if self._is_retired(kind, asset, built):
                    continue
                say(about, f"{kind} is older than what it is about", MAKE_AGAIN)
            elif result.status == "warn":
                # One that was skipped, for want of a reference say, tells nothing against the data.
                self._warn(about, kind)

    def _holds_at_any_time(self, check: Check) -> bool:
        """Unit tests read no data: passed by a whole run at the code and vars of now, they are not made again."""
        trains = any(TRAIN_TAG in self.manifest.tables[key].tags for key in check.reads if key in self.manifest.tables)
        return check.is_unit_test and self.unit_tested[trains]

    def _builds_read_by(self, check: Check) -> Iterator[Built]:
        """Of what training alone makes, only itself: like the fit, its test is older than what else it reads."""
        tables = [self.manifest.tables[key] for key in check.reads if key in self.manifest.tables]
        trained = [table for table in tables if table.name == check.asset_name and TRAIN_TAG in table.tags]
        return (self.built[table.name] for table in trained or tables if table.name in self.built)

    def _is_retired(self, kind: str, asset: str, built: Built | None) -> bool:
        """Whether other checks of that kind and of the day were made on the table since it was built.

        One that was not among them and had passed is made no more. One that had failed on the day is never taken for
        retired.
        """
        same = (result for key, result in self.results.items() if key[:2] == (kind, asset))
        return any(result.is_of_day and not (built and _is_older(result, built)) for result in same)


def _unit_tested(home: Path) -> dict[bool, bool]:
    """Whether unit tests passed at the code and vars of now, with those of training and without.

    An audit writes no vars. Of such as cannot be read none passed; that they cannot is said by `unmet`.
    """
    try:
        code = unit_tests.code_and_vars(building_vars(stored_vars(home)))
    except VarsError:
        return {False: False, True: False}
    return {trains: unit_tests.have_passed(home, code, trains=trains) for trains in (False, True)}


def _is_older(result: Result, built: Built, check: Check | None = None) -> bool:
    if check and check.is_unit_test and result.run_id == built.run_id:
        # It is made before its table.
        return False
    return result.evaluated_at < built.finished_at


def _day_of(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The newest day of the build, which its scores and marts are of."""
    try:
        return connection.execute("select max(snapshot_date) from ml.ml_run").fetchall()[0][0]
    except duckdb.CatalogException:
        return None


def _newest_day(connection: duckdb.DuckDBPyConnection) -> date | None:
    return connection.execute("select max(snapshot_date) from checks").fetchall()[0][0]


def _last_builds(connection: duckdb.DuckDBPyConnection, where: str = "true") -> dict[str, Built]:
    rows = connection.execute(
        f"""
        select asset_name, status, run_id, started_at, finished_at, message
        from runs where asset_kind in ('model', 'seed', 'snapshot') and {where}
        qualify row_number() over (partition by asset_name order by finished_at desc) = 1
        """
    ).fetchall()
    return {name: Built(*row) for name, *row in rows}


def _interruptions(connection: duckdb.DuckDBPyConnection) -> dict[str, datetime]:
    """When the last run began that was interrupted: by the step it was at, dbt or train."""
    sql = (
        "select asset_name, max(started_at) from runs where asset_kind = 'step' and message = $why group by asset_name"
    )
    return dict(connection.execute(sql, {"why": INTERRUPTED}).fetchall())


def _last_results(connection: duckdb.DuckDBPyConnection, day: date | None) -> dict[tuple[str, str, str], Result]:
    """The last result of each check; where it looked at several days, that of `day`.

    Else a look back at an earlier day would clear what is wrong with this one. Records of before days were written down
    are taken for the day's.
    """
    rows = connection.execute(
        """
        with dated as (
            select *, snapshot_date is null or snapshot_date is not distinct from cast($day as date) as is_of_day
            from checks
        )
        select check_type, asset_name, check_name, status, severity, run_id, evaluated_at, message, is_of_day from dated
        qualify row_number() over (
            partition by check_type, asset_name, check_name order by is_of_day desc, evaluated_at desc
        ) = 1
        """,
        {"day": day},
    ).fetchall()
    return {(kind, asset, name): Result(*row) for kind, asset, name, *row in rows}


def _recorded_ahead(home: Path) -> Iterator[str]:
    """Files of records that are of a time to come: what they say would outdo all that is found until then."""
    limit = datetime.now(UTC).replace(tzinfo=None) + MOST_AHEAD
    with duckdb.connect() as connection:
        for table, clock in CLOCKS.items():
            files = [str(path) for path in (Records(home).root / table).glob("*.parquet")]
            sql = (
                f"select distinct filename from read_parquet($files, filename = true) where {clock} > $limit order by 1"
            )
            found = connection.execute(sql, {"files": files, "limit": limit}).fetchall() if files else []
            yield from (str(Path(name).relative_to(home)) for (name,) in found)


def _step_of(table: Table) -> str:
    return TRAIN_TAG if TRAIN_TAG in table.tags else "dbt"


def _anew(table: Table, *, small: bool = False) -> str:
    command = "train" if TRAIN_TAG in table.tags else "run"
    return f"`clientele {command}` builds and tests {'it' if small else 'them'} anew"


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown + (f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else "")
