"""Refused rows of one entity, from every stage of the load, with the line each came from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from clientele.landing.columns import STAGED_ROW
from clientele.landing.conversions import Clock
from clientele.landing.lake import quoted
from clientele.landing.report import Reason
from clientele.landing.source import Source
from clientele.landing.versions import DUPLICATE, OLDER


class Refusals:
    """The temp table ``refused``. Rows are kept by their place among the readable rows; lines come at the end."""

    def __init__(self, con: duckdb.DuckDBPyConnection, source: Source, rows: str, clock: Clock) -> None:
        self.con, self.source, self.rows, self.clock = con, source, rows, clock
        con.execute("create or replace temp table source_files (name varchar, scanned varchar, header_lines bigint)")
        for file in source.files:
            con.execute("insert into source_files values (?, ?, ?)", [file.name, str(file.scanned), file.header_lines])
        con.execute(
            "create or replace temp table refused (source_file varchar, place bigint, origin varchar, "
            "column_name varchar, value varchar, kind varchar, reason varchar, row_json varchar, "
            "other_row bigint, other_file varchar)"
        )
        con.execute("create or replace temp table ragged (file varchar, line bigint, before bigint, n bigint)")

    def add_unreadable(self) -> int:
        """Lines that the text reader could not make a row of."""
        if not any(file.format in ("csv", "jsonl", "xlsx") for file in self.source.files):
            return 0
        self.con.execute(
            """
            create or replace temp table unreadable as
            select f.name as file, any_value(f.header_lines) as header_lines, e.line, min(e.csv_line) as text,
                first(e.error_type::varchar order by e.column_idx) as error_type,
                first(e.error_message order by e.column_idx) as message
            from reject_errors as e join reject_scans as s using (scan_id, file_id)
            join source_files as f on f.scanned = s.file_path
            group by f.name, e.line
            """
        )
        self.con.execute(
            """
            insert into ragged
            select file, line, line - 1 - header_lines - (n - 1), n
            from (select *, row_number() over (partition by file order by line) as n from unreadable)
            """
        )
        self.con.execute(
            """
            insert into refused
            select file, line, 'line', null, null, lower(error_type), case error_type::varchar
                when 'MISSING COLUMNS' then 'too few columns: ' || message
                when 'TOO MANY COLUMNS' then 'too many columns: ' || message
                when 'INVALID ENCODING' then 'bytes that are not in the declared encoding: give the right `encoding:`'
                when 'UNQUOTED VALUE' then 'a quote that does not close' || case when breaks > 0
                    then ', which takes the ' || breaks || ' lines behind it with it: close or double it' else '' end
                else lower(error_type) || ': ' || message end,
                json_object('line', text), null, null
            from (select *, length(regexp_replace(rtrim(text, chr(10)), '[^\\n]', '', 'g')) as breaks from unreadable)
            """
        )
        return self._count("unreadable")

    def add_broken(self) -> int:
        """Source rows with a cell that is not of its declared type."""
        if self.source.broken is None:
            return 0
        self.con.execute(
            f"""
            insert into refused
            select _source_file, _source_row, 'source', _broken->>'column', _broken->>'value', _broken->>'kind',
                _broken->>'reason', _broken->>'row', null, null
            from (select _source_file, _source_row, _broken::json as _broken from ({self.source.broken}))
            """
        )
        return int(self._scalar("select count(*) from refused where origin = 'source'"))

    def add_staged(self) -> int:
        """Mapped rows that break a rule of the contract."""
        rows = f"select _file, {STAGED_ROW} as _row, _refusal::json as r from stage where _refusal is not null"
        refused = f"select *, (r->'why'->>'local')::timestamp as local from ({rows})"
        if not self._any(refused):
            return 0
        before = self._count("refused")
        self.con.execute(
            f"""
            insert into refused
            select {self._file("_file")}, _row, 'mapped', r->'why'->>'column', r->'why'->>'value', told.kind,
                told.reason, r->>'row', null, null
            from (select *, {self._told(refused)} as told from ({refused}))
            """
        )
        return self._count("refused") - before

    def _told(self, refused: str) -> str:
        """Kind and reason as noted; where a local time was refused, what its zone says of it, which is long to plan."""
        noted = "{'kind': r->'why'->>'kind', 'reason': r->'why'->>'reason'}"
        if not self._any(f"select 1 from ({refused}) where local is not null"):
            return noted
        zone, given = quoted(self.clock.zone), "(r->'why'->>'column') || ' ''' || (r->'why'->>'value') || ''' "
        skipped, twice = f"does not exist in {zone}", f"happens twice in {zone}"
        remedy = "set ambiguous_times to earlier or later"
        return (
            f"case {self.clock.trouble('local')} "
            f"when 'impossible' then {{'kind': '{skipped}', 'reason': {given}{skipped}: the clock skips it'}} "
            f"when 'ambiguous' then {{'kind': '{twice}', 'reason': {given}{twice}: {remedy}'}} else {noted} end"
        )

    def _any(self, query: str) -> bool:
        return self.con.execute(f"{query} limit 1").fetchone() is not None

    def add_clashes(self, keys: tuple[str, ...], given: Iterable[str]) -> int:
        """Rows whose key clashes with another row of the load, or with a newer version in the lake.

        Kept are the columns that the mapping gives, as they would have landed: with times in UTC.
        """
        before = self._count("refused")
        key_text = " || ', ' || ".join(f's."{key}"::varchar' for key in keys)
        row = ", ".join(f"'{quoted(name)}', s.\"{name}\"" for name in given)
        self.con.execute(
            f"""
            insert into refused
            select {self._file("s._file")}, s._row, 'mapped', '{quoted(", ".join(keys))}', {key_text}, v.kind,
                case v.kind when '{OLDER}'
                    then 'a newer version, known since ' || v.known_since::varchar || ', has already landed' end,
                json_object({row})::varchar, v.other_row, {self._file("v.other_file")}
            from verdict as v
            join (
                select rowid as rid, * exclude (_refusal) replace ({STAGED_ROW} as _row) from stage
            ) as s using (rid)
            where v.action = 'refuse' and v.kind in ('{DUPLICATE}', '{OLDER}')
            """
        )
        return self._count("refused") - before

    def write(self, path: Path) -> None:
        """Write rejects/<entity>.parquet."""
        path.parent.mkdir(exist_ok=True)
        self.con.execute(
            f"copy (select source_file, source_row, reason, column_name, value, row_json from ({self._located()}) "
            f"order by source_file, source_row) to '{quoted(path)}' (format parquet)"
        )

    def reasons(self) -> list[Reason]:
        """The kinds of refusal by column, the commonest first, each with one example."""
        rows = self.con.execute(
            f"""
            select column_name, kind, count(*),
                arg_min(coalesce(source_file, '') || counted || source_row || ': ' || reason, source_row)
            from ({self._located()}) group by 1, 2 order by 3 desc, 1, 2
            """
        ).fetchall()
        return [Reason(*row) for row in rows]

    def _located(self) -> str:
        """Refused rows with their row in the file: its place, the header, and the unreadable lines before it.

        A row is a record, as a spreadsheet counts it with the header as row 1: where cells hold line breaks, or lines
        are blank, its line in a text editor is further down. Unreadable records are told by DuckDB's count of lines.
        """
        where = {"ordinal": " (row counted in the result of the sql)", "group": " (first row of its group)"}.get(
            self.rows, ""
        )
        known = "origin = 'line'" + (" or origin = 'mapped'" if self.rows == "ordinal" else "")
        return f"""
            with steps as (select file, before, max(n) as n from ragged group by all),
            placed as (
                select r.*, case when {known} then place
                    else place + coalesce(f.header_lines, 0) + coalesce(s.n, 0) end as source_row
                from refused as r left join source_files as f on f.name = r.source_file
                asof left join steps as s on s.file = r.source_file and r.place > s.before
            ),
            other as (
                select p.*, case when {known} then p.other_row
                    else p.other_row + coalesce(f.header_lines, 0) + coalesce(s.n, 0) end as other_line
                from placed as p left join source_files as f on f.name = p.other_file
                asof left join steps as s on s.file = p.other_file and p.other_row > s.before
            )
            select source_file, source_row, column_name, value, kind, row_json,
                case origin when 'line' then ' line ' else ' row ' end as counted, case
                when kind = '{DUPLICATE}' then 'duplicate key: differs from row ' || other_line
                    || case when other_file <> source_file then ' of ' || other_file else '' end
                    || ' (map a loaded_at to keep versions, or group in the sql)'
                else reason end || case when origin = 'mapped' then '{where}' else '' end as reason
            from other
        """

    def _file(self, column: str) -> str:
        return column if self.source.several else f"'{quoted(self.source.files[0].name)}'"

    def _count(self, table: str) -> int:
        return int(self._scalar(f"select count(*) from {table}"))

    def _scalar(self, sql: str) -> int:
        row = self.con.execute(sql).fetchone()
        assert row is not None
        return int(row[0])
