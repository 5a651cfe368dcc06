"""What dbt says of the project in its manifest.json: tables, what they are made of, and the checks on them.

Read as plain JSON, so that this library stays free of dbt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

TABLES = ("model", "seed", "snapshot")
TESTS = ("test", "unit_test")


class NoManifestError(Exception):
    """There is no manifest to read; the message says what to do."""


@dataclass(frozen=True)
class Table:
    """A model, seed or snapshot: its names, whether it is a view, and the ids of what it reads."""

    unique_id: str
    name: str
    kind: str
    schema: str
    relation: str
    is_view: bool
    tags: tuple[str, ...]
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """A dbt test: what it is called, the table or source it is about, and whether a miss is an error."""

    name: str
    asset_name: str
    severity: str
    is_unit_test: bool
    reads: tuple[str, ...]


class Manifest:
    """The enabled nodes of a manifest.json."""

    def __init__(self, content: dict) -> None:
        self._nodes: dict[str, dict] = content["nodes"] | content.get("unit_tests", {})
        self._sources: dict[str, dict] = content.get("sources", {})

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a file. Raises NoManifestError where there is none, or half of one."""
        try:
            return cls(json.loads(path.read_text()))
        except FileNotFoundError as error:
            raise NoManifestError(f"{path} does not exist: `clientele run` writes it") from error
        except (ValueError, KeyError) as error:
            raise NoManifestError(
                f"{path} is not whole ({error}): run `clientele run`, which writes it anew"
            ) from error

    @cached_property
    def tables(self) -> dict[str, Table]:
        """Models, seeds and snapshots by their unique id."""
        return {key: _table(key, node) for key, node in self._nodes.items() if node["resource_type"] in TABLES}

    @cached_property
    def checks(self) -> dict[str, Check]:
        """Tests and unit tests by their unique id."""
        return {key: self._check(node) for key, node in self._nodes.items() if node["resource_type"] in TESTS}

    def with_ancestors(self, tables: list[Table]) -> list[Table]:
        """The tables and all tables that they are made of."""
        found: dict[str, Table] = {}
        waiting = list(tables)
        while waiting:
            table = waiting.pop()
            if table.unique_id not in found:
                found[table.unique_id] = table
                waiting += self._tables_read(table)
        return list(found.values())

    def made_from(self, table: Table) -> list[Table]:
        """The nearest tables that a table is made of: what a view reads stands for the view, which holds no rows."""
        found: dict[str, Table] = {}
        seen, waiting = set[str](), list(self._tables_read(table))
        while waiting:
            parent = waiting.pop()
            if parent.unique_id in seen:
                continue
            seen.add(parent.unique_id)
            if parent.is_view:
                waiting += self._tables_read(parent)
            else:
                found[parent.name] = parent
        return [found[name] for name in sorted(found)]

    def sources_of(self, tables: list[Table]) -> set[str]:
        """Names of the sources that the tables read themselves."""
        return {self._sources[key]["name"] for table in tables for key in table.reads if key in self._sources}

    def _tables_read(self, table: Table) -> Iterator[Table]:
        return (self.tables[key] for key in table.reads if key in self.tables)

    def _check(self, node: dict) -> Check:
        reads = tuple(node["depends_on"]["nodes"])
        about = node.get("attached_node") or next(iter(reads), "")
        is_unit_test = node["resource_type"] == "unit_test"
        return Check(
            name=node["name"],
            asset_name=(self._nodes.get(about) or self._sources.get(about) or {"name": ""})["name"],
            severity="error" if is_unit_test else str(node["config"].get("severity") or "error").lower(),
            is_unit_test=is_unit_test,
            reads=reads,
        )


def _table(unique_id: str, node: dict) -> Table:
    return Table(
        unique_id=unique_id,
        name=node["name"],
        kind=node["resource_type"],
        schema=node["schema"],
        relation=node.get("alias") or node["name"],
        is_view=node["config"].get("materialized") == "view",
        tags=tuple(node.get("tags", ())),
        reads=tuple(node.get("depends_on", {}).get("nodes", ())),
    )
