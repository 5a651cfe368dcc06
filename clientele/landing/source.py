"""The relation ``source``: the files of an entity as one, its declared types applied, its broken rows split off."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from clientele.landing.conversions import declared, family
from clientele.landing.errors import LandingError, near
from clientele.landing.files import SourceFile, find_files, open_source
from clientele.landing.lake import quoted
from clientele.landing.mapping import EntityMapping


@dataclass(frozen=True)
class Source:
    """What was found of an entity's files."""

    files: tuple[SourceFile, ...]
    counting: str  # relation with all rows, for counts
    broken: (
        str | None
    )  # relation of rows that are no rows: _source_file, _source_row, _broken; None if there can be none

    @property
    def several(self) -> bool:
        """Whether a row must say which file it came from."""
        return len(self.files) > 1

    @property
    def counts_rows(self) -> bool:
        """Whether ``_source_row`` is no more than a count of the rows, which keeps DuckDB from reading on two cores."""
        return not self.several and self.files[0].format == "csv" and self.broken is None


def find(mapping: EntityMapping, data_dir: Path) -> list[tuple[Path, str]]:
    """The files with the names that reports call them by."""
    return [(path, _name(path, data_dir)) for path in find_files(mapping, data_dir)]


def _name(path: Path, data_dir: Path) -> str:
    try:
        return str(path.resolve().relative_to(data_dir.resolve()))
    except ValueError:
        return str(path)


def open_entity(
    con: duckdb.DuckDBPyConnection, mapping: EntityMapping, found: list[tuple[Path, str]], scratch: Path
) -> Source:
    """Create the view ``source``. Rows whose cells do not convert are kept out of it."""
    files = tuple(open_source(con, path, name, mapping, scratch) for path, name in found)
    strict, lenient = (_typed(con, mapping, files, name) for name in ("relation", "lenient"))
    may_break = bool(mapping.types) or any(file.format == "jsonl" for file in files)
    hidden = "exclude (_broken)"
    where = "where _broken is null" if may_break else ""
    con.execute(f"create or replace temp view source as select * {hidden} from ({strict}) {where}")
    broken = f"select * from ({lenient}) where _broken is not null" if may_break else None
    return Source(files, lenient, broken)


def _typed(con: duckdb.DuckDBPyConnection, mapping: EntityMapping, files: tuple[SourceFile, ...], which: str) -> str:
    parts = [f"select *, '{quoted(file.name)}' as _source_file from ({getattr(file, which)})" for file in files]
    union = "\nunion all by name\n".join(parts)
    types = {row[0]: row[1] for row in con.execute(f"describe {union}").fetchall()}
    spelling = {name.lower(): name for name in types}
    converted, checks = {}, []
    for column, declaration in mapping.types.items():
        name = spelling.get(column.lower())
        if name is None:
            raise LandingError(
                f"types of {mapping.entity} name a column that the file does not have{near(column, types)}",
                file=files[0].path, column=column, remedy=f"it has {', '.join(files[0].columns)}",
            )  # fmt: skip
        value = _filled(name) if family(types[name]) == "text" else f'"{_inside(name)}"'
        converted[name] = declared(value, types[name], declaration, mapping.timezone)
    for name, (_, noun) in converted.items():
        label, inside = quoted(name), _inside(name)
        checks.append(
            f"""when {_filled(name)} is not null and "n:{inside}" is null then json_object('column', '{label}', """
            f"""'value', "{inside}"::varchar, 'kind', 'is not {noun}', """
            f"""'reason', '{label} ''' || "{inside}"::varchar || ''' is not {noun}', 'row', {_row_json(types)})"""
        )
    if any(file.format == "jsonl" for file in files):
        checks.append(
            "when _broken_line is not null then json_object('kind', 'is no JSON object', 'reason', "
            "'the line is no JSON object', 'value', left(_broken_line, 200), 'row', json_object('line', _broken_line))"
        )
    broken = f"case {' '.join(checks)} end::varchar" if checks else "null::varchar"
    added = "".join(f', {sql} as "n:{_inside(name)}"' for name, (sql, _) in converted.items())
    replaced = ", ".join(f'"n:{_inside(name)}" as "{_inside(name)}"' for name in converted)
    dropped = [f'"n:{_inside(name)}"' for name in converted] + (["_broken_line"] if "_broken_line" in types else [])
    exclude = f"exclude ({', '.join(dropped)})" if dropped else ""
    replace = f"replace ({replaced})" if replaced else ""
    return f"select * {exclude} {replace}, {broken} as _broken from (select *{added} from ({union}))"


def _inside(name: str) -> str:
    """A name for the inside of double quotes: a header may hold quotes of its own."""
    return name.replace('"', '""')


def _filled(name: str) -> str:
    return f"nullif(trim(\"{_inside(name)}\"::varchar), '')"


def _row_json(types: dict[str, str]) -> str:
    names = [name for name in types if name not in ("_source_file", "_source_row", "_broken_line")]
    return "json_object(" + ", ".join(f"'{quoted(name)}', \"{_inside(name)}\"" for name in names) + ")"
