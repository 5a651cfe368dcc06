"""The features of the demo company, as a reference and as snapshots drawn from it that cannot have drifted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb
import numpy as np

from clientele.monitoring import exact, sampled
from clientele.monitoring.columns import ColumnCheck
from clientele.monitoring.drift import snapshot_day
from clientele.monitoring.exact import Days, Reference
from clientele.monitoring.references import SPINE
from clientele.monitoring.results import Measurement
from clientele.monitoring.settings import Settings
from clientele.monitoring.subjects import Catalog, Column, find
from clientele.querying import open_build, quoted_name


@dataclass
class Company:
    """Two tables in memory: `reference`, what the champion learnt from, and `months`, all sampled snapshots.

    `groups` has the columns of each feature group.
    """

    connection: duckdb.DuckDBPyConnection
    columns: tuple[Column, ...]
    groups: Mapping[str, list[str]]
    days: Days

    @classmethod
    def of(cls, home: Path, model: str) -> Company:
        """Read from a build; `model` is the one whose training days are the reference."""
        with open_build(home) as build:
            catalog = Catalog(build, snapshot_day(build))
            found = {s.table: s.columns for s in find(catalog, model) if s.kind == "features"}
            champion = next(
                c for c in catalog.champions if model in (c.model, c.model_name) and c.part != "contractual"
            )
        of_group = [(group, column) for group, columns in found.items() for column in columns]
        shared = Counter(column.name for _, column in of_group)
        # Emotions of who consented to analytics, and to credit, go by the same names.
        names = [f"{group}.{c.name}" if shared[c.name] > 1 else c.name for group, c in of_group]
        columns = tuple(replace(c, name=name) for (_, c), name in zip(of_group, names, strict=True))
        groups = {of: [n for (g, _), n in zip(of_group, names, strict=True) if g == of] for of in found}
        connection = duckdb.connect()
        connection.execute(f"attach '{home.resolve() / 'build.duckdb'}' as build (read_only)")
        values = ", ".join(
            f"{group}.{quoted_name(c.name)} as {quoted_name(name)}"
            for (group, c), name in zip(of_group, names, strict=True)
        )
        joins = " ".join(f"left join build.features.{group} using (customer_id, snapshot_date)" for group in found)
        connection.execute(
            f"create table months as select customer_id, snapshot_date, {values} from build.{SPINE} as spine {joins}"
            " where spine.is_sampled order by snapshot_date, md5(customer_id)"
        )
        connection.execute("detach build")
        window = f"snapshot_date between date '{champion.learnt_from}' and date '{champion.learnt_to}'"
        connection.execute(f"create table reference as select * from months where {window}")
        days = exact.days_of(connection, "select * from reference")
        assert days is not None
        return cls(connection, columns, groups, days)

    def between(self, first: date, last: date) -> str:
        """Snapshots from `first` to `last` as a SELECT."""
        return f"select * from months where snapshot_date between date '{first}' and date '{last}'"

    def drawn(self, rows: int, seed: int, among: str = "select * from reference") -> str:
        """A SELECT of `rows` customers drawn from the reference with replacement: what differs is chance alone.

        Columns of a window are drawn from all its days, those of lifetime and state from its newest, as they are
        compared.
        """
        pooled = [c.name for c in self.columns if c.is_pooled]
        newest = [c.name for c in self.columns if not c.is_pooled]
        on_newest = f"select * from ({among}) where snapshot_date = date '{self.days.last}'"
        self._draw("drawn_pooled", among, pooled, rows, seed)
        self._draw("drawn_newest", on_newest, newest, rows, seed + 1_000_000)
        self.connection.execute(
            "create or replace table drawn as select 'c' || place as customer_id,"
            f" date '{self.days.last}' as snapshot_date, * exclude (place)"
            " from drawn_pooled inner join drawn_newest using (place)"
        )
        return "select * from drawn"

    def _draw(self, table: str, relation: str, names: Sequence[str], rows: int, seed: int) -> None:
        there = self.connection.execute(f"select count(*) from ({relation})").fetchall()[0][0]
        places = np.random.default_rng(seed).integers(1, there + 1, rows)  # noqa: F841 - read by the query below
        chosen = ", ".join(quoted_name(name) for name in names)
        self.connection.register("chosen", {"place": np.arange(rows), "number": places})
        self.connection.execute(
            f"create or replace table {table} as with ordered as (select * from ({relation})"
            " order by snapshot_date, md5(customer_id)),"
            f" numbered as (select row_number() over () as number, {chosen} from ordered)"
            f" select chosen.place, {chosen} from chosen inner join numbered using (number)"
        )
        self.connection.unregister("chosen")


@dataclass
class Checked:
    """A reference that snapshots are checked against, as drift.py does; what it has of the reference is made once."""

    connection: duckdb.DuckDBPyConnection
    relation: str
    days: Days
    settings: Settings
    columns: tuple[Column, ...]
    reference: Reference = field(init=False)
    drawn: dict[str, np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        connection, settings = self.connection, self.settings
        self.reference = exact.learn(connection, self.relation, self.columns, self.days)
        # The samples of both sides of a snapshot of no rows: those of the reference alone.
        both = sampled.samples(
            connection, reference=self.relation, current=f"select * from ({self.relation}) where false",
            columns=self.columns, newest=self.days.last, rows=settings.drift_sample_rows, seed=settings.seed,
        )  # fmt: skip
        self.drawn = {sample.column.name: sample.reference for sample in both}

    def against(self, current: str) -> list[Measurement]:
        """All measures of all columns of a SELECT."""
        connection, settings = self.connection, self.settings
        now = sampled.draw(
            connection, current, self.columns, rows=settings.drift_sample_rows, seed=settings.seed
        )  # fmt: skip
        found: list[Measurement] = []
        for comparison in exact.compare(connection, self.reference, current):
            name = comparison.column.name
            sample = sampled.Sample(comparison.column, self.drawn[name], now[name])
            found += ColumnCheck(comparison, sample, settings, "warn").measurements()
        return found


def missed(measures: Sequence[Measurement]) -> list[Measurement]:
    """Those that would raise an alarm."""
    return [m for m in measures if m.status == "warn"]
