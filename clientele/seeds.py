"""Whether the seeds, which people edit, hold what they may, asked before a build: by file, row and column.

The build asks the same of the tables once they are loaded; by then it has run for minutes, and knows no row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from clientele.contract import PROJECT_ROOT
from clientele.nearest import meant

SEEDS = PROJECT_ROOT / "dbt_project" / "seeds"

Row = Mapping[str, str]


def violations(folder: Path = SEEDS) -> list[str]:
    """What is wrong with the seeds of a folder, by the column types and data tests of its `_seeds.yml`, in words."""
    declared = yaml.safe_load((folder / "_seeds.yml").read_text(encoding="utf-8"))["seeds"]
    found = list[str]()
    for seed in declared:
        path = folder / f"{seed['name']}.csv"
        try:
            found += _of_seed(seed, path)
        except UnicodeDecodeError as error:
            found.append(f"{path.name} is no UTF-8 ({error}); save it as CSV UTF-8")
    return found


def rows_of(path: Path) -> list[tuple[int, Row]]:
    """The rows of a seed with the line that each one ends on."""
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.DictReader(handle)
        return [(reader.line_num, row) for row in reader]


def _of_seed(seed: Mapping[str, Any], path: Path) -> Iterator[str]:
    rows = rows_of(path)
    for line, row in rows:
        if None in row or None in row.values():
            yield f"{path.name} line {line}: it has not as many cells as the header; put a comma between each two"
            return
    header = list(rows[0][1]) if rows else []
    missing = [column["name"] for column in seed.get("columns", ()) if rows and column["name"] not in header]
    yield from (f"{path.name} line 1: there is no column {name}{meant(name, header)}" for name in missing)
    if missing:
        return
    types = seed.get("config", {}).get("column_types", {})
    for column in seed.get("columns", ()):
        name = column["name"]
        cells = [(line, row[name].strip()) for line, row in rows if name in row]
        for line, value in cells:
            if (is_type := TYPES.get(types.get(name, ""))) and value and not is_type[1](value):
                yield f"{path.name} line {line}, column {name}: {value!r} is not {is_type[0]}"
        for test, arguments in _tests(column):
            yield from _failing(path.name, name, test, arguments, cells)
    for test, arguments in _tests(seed):
        if test == "unique_combination":
            yield from _twice(path.name, rows, arguments["columns"])


def _tests(of: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for test in of.get("data_tests", ()):
        for name, said in {test: {}}.items() if isinstance(test, str) else test.items():
            yield name, said.get("arguments", {})


def _failing(
    file: str, column: str, test: str, arguments: Mapping[str, Any], cells: Sequence[tuple[int, str]]
) -> Iterator[str]:
    if test == "not_null":
        yield from (
            f"{file} line {line}, column {column}: it is empty, and must not be" for line, told in cells if not told
        )
    elif test == "accepted_values":
        known = [str(value) for value in arguments["values"]]
        for line, value in cells:
            if value and value not in known:
                wrong = f"{value!r} is none of {', '.join(known)}{meant(value, known)}"
                yield f"{file} line {line}, column {column}: {wrong}"
    elif test == "unique":
        yield from _twice(file, [(line, {column: value}) for line, value in cells], [column])


def _twice(file: str, rows: Sequence[tuple[int, Row]], columns: Sequence[str]) -> Iterator[str]:
    first: dict[tuple[str, ...], int] = {}
    for line, row in rows:
        key = tuple(row[name].strip() for name in columns)
        if key in first:
            said = f"column{'s' * (len(columns) > 1)} {', '.join(columns)}"
            yield f"{file} line {line}, {said}: {', '.join(key)} is in line {first[key]} already; take one of them out"
        first.setdefault(key, line)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


# Types of columns, how they are called and what they look like.
TYPES: dict[str, tuple[str, Callable[[str], bool]]] = {
    "boolean": ("true or false", lambda text: text.lower() in ("true", "false")),
    "integer": ("a whole number", lambda text: bool(re.fullmatch(r"[+-]?\d+", text))),
    "double": ("a number", lambda text: bool(re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text))),
    "date": ("a day, as 2026-01-31", _is_day),
}
