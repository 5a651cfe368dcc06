"""The SQL of a mapping: what it may touch, and how row numbers are carried through it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from clientele.landing.errors import LandingError

ROW, FILE = "_clientele_row", "_clientele_file"
TABLE_FUNCTIONS = {"unnest", "range", "generate_series", "repeat", "json_each", "json_tree"}
# What makes several rows of one: unnest, its other name, and DuckDB's macros that call it.
UNNESTING = {"unnest", "unlist", "generate_subscripts", "regexp_split_to_table"}
FORBIDDEN_FUNCTIONS = {"getenv", "current_setting", "getvariable", "nextval", "currval", "write_log", "read_text"}


@dataclass(frozen=True)
class MappedQuery:
    """A mapping's select, with the number of the source row beside each row where that can be had."""

    sql: str
    rows: str  # "row": the row's own line; "group": the first line of its group; "ordinal": its place in the result
    types: dict[str, str]  # output column -> DuckDB type
    is_rowwise: bool  # each source row gives at most one row
    has_filter: bool


# What a select list may hold for its rows to come out as they went in: DuckDB moves rows about for all else.
PLACE_KEEPING = {
    "COLUMN_REF",
    "CONSTANT",
    "FUNCTION",
    "CAST",
    "CASE",
    "COMPARISON",
    "CONJUNCTION",
    "OPERATOR",
    "BETWEEN",
    "STAR",
}


def prepare(
    con: duckdb.DuckDBPyConnection, entity: str, sql: str, lookups: Iterable[str] = (), *,
    by_place: bool = False, files: Sequence[str] = (),
) -> MappedQuery:  # fmt: skip
    """Check the select and graft the row number into it. ``source`` and the lookups must exist.

    With ``by_place`` the number is left null where the n-th row of the result is the n-th of ``source``. `files` are
    what ``source`` is made of, for errors to name. Raises LandingError.
    """
    tree = _parse(con, entity, sql)
    _check_reach(entity, tree, {"source", *lookups})
    node = tree["statements"][0]["node"]
    for rows, grafted in _candidates(con, tree, node, by_place):
        try:
            types = _describe(con, grafted)
        except duckdb.Error:
            continue
        return MappedQuery(grafted, rows, types, _is_rowwise(node) and rows == "row", _has_filter(node))
    types = _describe_or_explain(con, entity, sql, files)
    ordinal = f"select *, row_number() over () as {ROW}, null::varchar as {FILE} from (\n{sql.rstrip().rstrip(';')}\n)"
    return MappedQuery(ordinal, "ordinal", types, False, True)


def _parse(con: duckdb.DuckDBPyConnection, entity: str, sql: str) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(_scalar(con, "select json_serialize_sql(?::varchar)", sql))
    if tree.get("error"):
        message = str(tree.get("error_message"))
        if "Only SELECT" in message:
            raise LandingError(f"sql of {entity} is no select", remedy="write one select over `source`")
        raise _no_sql(con, entity, sql, message, int(tree.get("position") or 0))
    if len(tree["statements"]) != 1:
        raise LandingError(
            f"sql of {entity} holds {len(tree['statements'])} statements", remedy="write one select over `source`"
        )
    return tree


# Words of SQL that nobody takes for the name of a column.
OF_CLAUSES = {"as", "select", "from", "where", "and", "or", "not", "on", "by", "when", "then", "else", "having", "join"}


def _no_sql(con: duckdb.DuckDBPyConnection, entity: str, sql: str, message: str, position: int) -> LandingError:
    """An error of syntax with its line and place, as DuckDB shows them; a column may bear the name of a word of SQL."""
    try:
        con.extract_statements(sql)
    except duckdb.Error as error:
        message = _shown(error)
    words = re.findall(r"\w+", sql[:position])[-1:] + re.findall(r"\w+", sql[position:])[:1]
    reserved = {
        word
        for (word,) in con.execute(
            "select keyword_name from duckdb_keywords() where keyword_category = 'reserved'"
        ).fetchall()
    } - OF_CLAUSES
    remedy = "write one plain select over `source`"
    if word := next((word for word in words if word.lower() in reserved), None):
        remedy = f'{word} is a word of SQL: where it names a column, write it in double quotes: "{word}"'
    return LandingError(f"sql of {entity}: {message}", remedy=remedy)


def _shown(error: duckdb.Error) -> str:
    """What DuckDB says of a mapping's SQL, with the line and the mark below it, but for the `describe` that is ours."""
    ours, lines = "LINE 1: describe ", str(error).strip().splitlines()
    for at, line in enumerate(lines):
        if line.startswith(ours):
            lines[at] = line.replace("describe ", "", 1)
            lines[at + 1 : at + 2] = [mark[len("describe ") :] for mark in lines[at + 1 : at + 2]]
    return "\n".join(line for line in lines if line.strip())


def _scalar(con: duckdb.DuckDBPyConnection, sql: str, *values: str) -> str:
    row = con.execute(sql, list(values)).fetchone()
    assert row is not None
    return str(row[0])


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)


def _check_reach(entity: str, tree: dict[str, Any], relations: set[str]) -> None:
    """A mapping reads `source`, its lookups and what it builds from it: no file, no other table, no setting."""
    nodes = list(_nodes(tree))
    ctes = {item["key"].lower() for node in nodes if "cte_map" in node for item in node["cte_map"]["map"]}
    remedy = "select from `source` only; give further files their own entity, or name them under `lookups:`"
    for node in nodes:
        kind = node.get("type")
        if kind == "BASE_TABLE":
            name = node["table_name"]
            if node.get("schema_name") or node.get("catalog_name") or name.lower() not in ctes | relations:
                raise LandingError(f"sql of {entity} reads {name!r}", remedy=remedy)
        elif kind == "TABLE_FUNCTION":
            name = node["function"]["function_name"].lower()
            if name not in TABLE_FUNCTIONS:
                raise LandingError(f"sql of {entity} calls {name}()", remedy=remedy)
        elif kind == "SHOW_REF" or (
            kind == "FUNCTION" and node.get("function_name", "").lower() in FORBIDDEN_FUNCTIONS
        ):
            raise LandingError(f"sql of {entity} asks for more than its source", remedy=remedy)


def _candidates(
    con: duckdb.DuckDBPyConnection, tree: dict[str, Any], node: dict[str, Any], by_place: bool
) -> Iterator[tuple[str, str]]:
    """Grafted versions of the select, best first; the caller takes the first one that binds."""
    if node["type"] != "SELECT_NODE" or any(
        item["type"] == "DISTINCT_MODIFIER" and not item.get("distinct_on_targets") for item in node["modifiers"]
    ):
        return
    if by_place and _keeps_places(node):
        yield "row", _grafted(con, tree, node, f"null::bigint as {ROW}, _source_file as {FILE}")
    if not _is_grouped(node):
        yield "row", _grafted(con, tree, node, [_column("_source_row", ROW), _column("_source_file", FILE)])
    yield "group", _grafted(con, tree, node, _first_of_group())


def _is_grouped(node: dict[str, Any]) -> bool:
    return bool(node["group_expressions"]) or node["aggregate_handling"] != "STANDARD_HANDLING"


def _is_rowwise(node: dict[str, Any]) -> bool:
    """Whether the select runs over `source` itself, without joins, unnesting or grouping."""
    unnests = any(item.get("function_name", "").lower() in UNNESTING for item in _nodes(node["select_list"]))
    return node["from_table"]["type"] == "BASE_TABLE" and not node["cte_map"]["map"] and not unnests


def _keeps_places(node: dict[str, Any]) -> bool:
    """Whether the n-th row of the result is the n-th row of `source`: nothing filters, sorts, joins or looks aside."""
    if _is_grouped(node) or not _is_rowwise(node) or _has_filter(node) or node["modifiers"]:
        return False
    return all(item["class"] in PLACE_KEEPING for item in _nodes(node["select_list"]) if "class" in item)


def _has_filter(node: dict[str, Any]) -> bool:
    limited = any(
        item["type"] in ("LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER") for item in node["modifiers"]
    )
    sampled = node["sample"] or node["from_table"].get("sample")
    return bool(node["where_clause"] or node["qualify"] or sampled or limited)


def _column(name: str, alias: str) -> dict[str, Any]:
    return {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": alias, "column_names": [name]}


def _first_of_group() -> str:
    return f"min(_source_row) as {ROW}, arg_min(_source_file, _source_row) as {FILE}"


def _grafted(con: duckdb.DuckDBPyConnection, tree: dict[str, Any], node: dict[str, Any], extra: Any) -> str:
    if isinstance(extra, str):
        parsed = json.loads(_scalar(con, "select json_serialize_sql(?::varchar)", f"select {extra}"))
        extra = parsed["statements"][0]["node"]["select_list"]
    plain = node["select_list"]
    node["select_list"] = plain + extra
    try:
        return _scalar(con, "select json_deserialize_sql(?::json)", json.dumps(tree))
    finally:
        node["select_list"] = plain


def _describe(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, str]:
    return {row[0]: row[1] for row in con.execute(f"describe {sql}").fetchall() if row[0] not in (ROW, FILE)}


def _describe_or_explain(con: duckdb.DuckDBPyConnection, entity: str, sql: str, files: Sequence[str]) -> dict[str, str]:
    try:
        return _describe(con, sql)
    except duckdb.Error as error:
        raise explained(entity, error, files) from None


def explained(entity: str, error: duckdb.Error, files: Sequence[str] = ()) -> LandingError:
    """DuckDB's complaint about a mapping's SQL over some files, with what usually cures it."""
    text = _shown(error)
    remedy = None
    if isinstance(error, duckdb.IOException) or "Failed to read file" in text:
        full = "No space left" in text or "temp_directory" in text
        remedy = "make room on the disk of the lake" if full else "the file may be damaged: export or copy it again"
        return LandingError(f"{entity} cannot be loaded: {text.splitlines()[0]}", remedy=remedy)
    if isinstance(error, duckdb.ConversionException):
        remedy = "declare the column under `types:`, or use try_cast: then only that row is refused"
    elif isinstance(error, duckdb.BinderException) and "VARCHAR" in text:
        remedy = "text files are read as text: declare the columns that the sql calculates with under `types:`"
    elif isinstance(error, duckdb.BinderException) and "Referenced column" in text:
        remedy = f"{_few(files) or 'the file'} has no such column: look at its header, it may have been renamed"
    elif isinstance(error, duckdb.OutOfMemoryException):
        remedy = "give more with --memory, or simplify the sql: grouping many keys and sorting need room"
    return LandingError(f"sql of {entity}: {text}", remedy=remedy)


def _few(files: Sequence[str], most: int = 3) -> str:
    return ", ".join(files[:most]) + (f" and {len(files) - most} more" if len(files) > most else "")
