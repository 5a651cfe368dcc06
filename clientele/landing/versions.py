"""What of the staged rows is new: duplicates within the load, and versions that the lake knows already.

Only keys are read until some of them clash; then the clashing rows alone are compared. The outcome is the
table ``verdict``: per clashing row whether it lands, is known, or is refused.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb

from clientele.contract import Entity
from clientele.landing.columns import STAGED_ROW
from clientele.landing.lake import quoted

DUPLICATE = "duplicate key"
OLDER = "a newer version has already landed"


class Versions:
    """Judges the rows of the temp table ``stage`` against each other and against the lake's files."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, entity: Entity, lake_files: list[Path], now: dt.datetime, given: bool
    ) -> None:
        self.con, self.entity, self.lake_files, self.now, self.given = con, entity, lake_files, now, given
        self.keys = ", ".join(f'"{key}"' for key in entity.key)
        self.content = _digest(entity)

    def judge(self) -> bool:
        """Fill ``verdict``. False if no key clashes, so that all staged rows land as they are."""
        self.con.execute(
            "create or replace temp table verdict (rid bigint, action varchar, loaded_at timestamp, "
            "supersedes timestamp, kind varchar, other_row bigint, other_file varchar, known_since timestamp)"
        )
        duplicates, known = self._duplicates(), self._known()
        if not duplicates and not known:
            return False
        self._candidates()
        self._within_load()
        if self.given:
            self._chains_against_lake()
        else:
            self._newest_against_lake()
        return True

    def _hashed(self) -> str:
        return f"hash({self.keys})"

    def _duplicates(self) -> bool:
        self.con.execute(
            f"create or replace temp table clashes as select {self._hashed()} as h from stage "
            "where _refusal is null group by 1 having count(*) > 1"
        )
        return self._any("clashes")

    def _any(self, table: str) -> bool:
        return self.con.execute(f"select 1 from {table} limit 1").fetchone() is not None

    def _known(self) -> bool:
        """All versions that the lake has of the staged keys."""
        if self.lake_files:
            paths = ", ".join(f"'{quoted(path)}'" for path in self.lake_files)
            lake = f"select * from read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
        else:
            empty = ", ".join(f'null::{kind} as "{name}"' for name, kind in self.entity.landed_types.items())
            lake = f"select {empty} where false"
        self.con.execute(
            f"create or replace temp table known as select {self.keys}, {self.content} as content, loaded_at "
            f"from ({lake}) where {self._hashed()} in (select {self._hashed()} from stage where _refusal is null)"
        )
        return self._any("known")

    def _candidates(self) -> None:
        """The staged rows whose key clashes with another one."""
        self.con.execute(
            f"create or replace temp table candidates as select rowid as rid, {self.keys}, {self.content} as content, "
            f"loaded_at, {STAGED_ROW} as _row, _file, {self._hashed()} as h from stage "
            f"where _refusal is null and {self._hashed()} in "
            f"(select h from clashes union all select {self._hashed()} from known)"
        )

    def _within_load(self) -> None:
        """The first row of a key (and loaded_at, where given) stands; equal ones are known, others refused."""
        if not self._any("clashes"):
            return
        group = f"{self.keys}, loaded_at" if self.given else self.keys
        self.con.execute(
            f"""
            insert into verdict
            with ranked as (
                select *, first_value(rid) over keyed as first_rid, first_value(content) over keyed as first_content,
                    first_value(_row) over keyed as first_row, first_value(_file) over keyed as first_file
                from candidates where h in (select h from clashes)
                window keyed as (partition by {group} order by case when _file is null then _row end, rid)
            )
            select rid, case when content = first_content then 'known' else 'refuse' end,
                null, null, '{DUPLICATE}', first_row, first_file, null
            from ranked where rid <> first_rid
            """
        )
        self.con.execute("delete from candidates where rid in (select rid from verdict)")

    def _newest_against_lake(self) -> None:
        """Without loaded_at: a row equals the newest known version or corrects it, from now on."""
        self.con.execute(
            f"""
            insert into verdict
            with newest as (
                select {self.keys}, max_by(content, loaded_at) as content, max(loaded_at) as loaded_at
                from known group by {self.keys}
            )
            select c.rid, case when c.content is not distinct from n.content then 'known' else 'land' end,
                greatest(c.loaded_at, timestamp '{self.now}', n.loaded_at + interval 1 microsecond),
                n.loaded_at, null, null, null, null
            from candidates as c join newest as n using ({self.keys})
            """
        )

    def _chains_against_lake(self) -> None:
        """With loaded_at: versions form a chain, behind what the lake knows of the key."""
        self.con.execute(
            f"""
            create or replace temp table newest as
            select {self.keys}, max_by(content, loaded_at) as content, max(loaded_at) as loaded_at
            from known group by {self.keys}
            """
        )
        self.con.execute(
            f"""
            insert into verdict
            select c.rid, case when k.content is not distinct from c.content then 'known' else 'refuse' end,
                null, null, '{OLDER}', null, null, n.loaded_at
            from candidates as c
            join newest as n using ({self.keys})
            asof left join known as k on {self._same("c", "k")} and c.loaded_at >= k.loaded_at
            where c.loaded_at <= n.loaded_at
            """
        )
        self.con.execute(
            f"""
            insert into verdict
            with chain as (
                select {self.keys}, null::bigint as rid, content, loaded_at from newest
                union all
                select {self.keys}, c.rid, c.content, c.loaded_at
                from candidates as c left join newest as n using ({self.keys})
                where n.loaded_at is null or c.loaded_at > n.loaded_at
            ),
            compared as (
                select *, rid is not null and lag(1) over link is not null
                    and lag(content) over link is not distinct from content as is_same
                from chain window link as (partition by {self.keys} order by loaded_at)
            ),
            changes as (
                select *, lag(loaded_at) over (partition by {self.keys} order by loaded_at) as supersedes
                from compared where not is_same
            )
            select rid, 'land', loaded_at, supersedes, null, null, null, null from changes where rid is not null
            union all
            select rid, 'known', null, null, null, null, null, null from compared where is_same
            """
        )

    def _same(self, left: str, right: str) -> str:
        return " and ".join(f'{left}."{key}" = {right}."{key}"' for key in self.entity.key)


def _digest(entity: Entity) -> str:
    """SQL for 128 bits of a row's content, so that rows are compared without carrying them about.

    Types are those of the contract on both sides, whatever an older file of the lake has.
    """
    cells = [f'"{column.name}"::{column.data_type}' for column in entity.columns.values()]
    return f"{{'a': hash({', '.join(cells)}), 'b': hash({', '.join(['42', *reversed(cells)])})}}"
