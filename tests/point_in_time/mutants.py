"""Weaken the time predicates of the compiled models, one at a time, and see whether a test notices.

A mutant is one model whose compiled SQL has one comparison with a time changed: dropped (always true), or moved
across its bound (`<` to `<=`, `>=` to `>`). It is run in the finished warehouse with everything that reads it, and is
killed if a feature differs from what the warehouse over the cut lake says, or from the oracle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from tests.point_in_time import warehouse

# Columns that say when: the clocks of the entities that features read, and the times of knowledge.
TIMES = {
    *("ordered_at", "returned_at", "started_at", "touched_at", "registered_at", "granted_at", "withdrawn_at"),
    *("used_at", "opened_at", "resolved_at", "issued_at", "due_at", "paid_at"),
    *("booked_at", "closed_at", "settled_at", "open_until"),
    *("felt_at", "previous_felt_at", "valid_from", "valid_to"),
    *("known_from", "known_to", "cancelled_at", "ended_at", "visible_from", "min_loaded_at", "rate_day"),
}
MOVED = {exp.LT: exp.LTE, exp.LTE: exp.LT, exp.GT: exp.GTE, exp.GTE: exp.GT}


@dataclass(frozen=True)
class Mutant:
    """One changed comparison of one model."""

    model: str
    predicate: str
    change: str
    sql: str

    def __str__(self) -> str:
        return f"{self.model}: {self.change} {self.predicate}"


@dataclass(frozen=True)
class Model:
    """A model of the warehouse with the SQL that dbt compiled for it."""

    name: str
    relation: str
    is_view: bool
    sql: str
    readers: tuple[str, ...]


def models(target: Path) -> dict[str, Model]:
    """The intermediate and feature models that were built, by name, upstream first."""
    compiled = target / "compiled" / "clientele"
    manifest = json.loads((target / "manifest.json").read_text())
    chosen = {
        id_: node
        for id_, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and node["language"] == "sql"
        and node["schema"] in warehouse.COMPARED_SCHEMAS
        and (compiled / node["original_file_path"]).exists()
    }
    ordered: list[str] = []

    def visit(id_: str) -> None:
        if id_ in chosen and id_ not in ordered:
            for parent in chosen[id_]["depends_on"]["nodes"]:
                visit(parent)
            ordered.append(id_)

    for id_ in chosen:
        visit(id_)
    return {
        chosen[id_]["name"]: Model(
            name=chosen[id_]["name"],
            relation=f"{chosen[id_]['schema']}.{chosen[id_]['name']}",
            is_view=chosen[id_]["config"]["materialized"] == "view",
            sql=(compiled / chosen[id_]["original_file_path"]).read_text(),
            readers=tuple(chosen[child]["name"] for child in manifest["child_map"][id_] if child in chosen),
        )
        for id_ in ordered
    }


def time_predicates(tree: exp.Expression) -> Iterator[exp.Expression]:
    """Comparisons in which a time column stands on either side."""
    for node in tree.find_all(exp.LT, exp.LTE, exp.GT, exp.GTE):
        if {column.name for column in node.find_all(exp.Column)} & TIMES:
            yield node


def mutants(model: Model) -> Iterator[Mutant]:
    """Every mutant of a model: each time predicate dropped, and each moved across its bound."""
    tree = sqlglot.parse_one(model.sql, read="duckdb")
    for node in list(time_predicates(tree)):
        text = re.sub(r"\s+", " ", node.sql("duckdb"))
        moved = MOVED[type(node)](this=node.this.copy(), expression=node.expression.copy())
        for change, other in (("dropped", exp.true()), ("moved", moved)):
            node.replace(other)
            yield Mutant(model.name, text, change, tree.sql("duckdb"))
            other.replace(node)


def downstream(all_models: dict[str, Model], name: str) -> list[Model]:
    """Everything that reads a model, directly or not, upstream first."""
    reached = {name}
    for model in all_models.values():
        if model.name in reached:
            reached |= set(model.readers)
    return [model for model in all_models.values() if model.name in reached - {name}]


def hold_staging(connection: duckdb.DuckDBPyConnection) -> None:
    """Make tables of the views of staging, of which there are no mutants: each mutant would read the lake anew."""
    views = connection.execute(
        "select view_name from duckdb_views() where schema_name = 'staging' and database_name = current_database()"
    ).fetchall()
    for (name,) in views:
        connection.execute(f"create table staging.held as from staging.{name}")
        connection.execute(f"drop view staging.{name}")
        connection.execute(f"alter table staging.held rename to {name}")


def _put(connection: duckdb.DuckDBPyConnection, model: Model, sql: str) -> None:
    kind = "view" if model.is_view else "table"
    connection.execute(f"drop {kind} {model.relation}")
    connection.execute(f"create {kind} {model.relation} as {sql}")


def killed_by(
    connection: duckdb.DuckDBPyConnection, all_models: dict[str, Model], mutant: Mutant, expected: list[str]
) -> str | None:
    """What noticed the mutant, or None if it survived.

    `expected` names attached databases; each holds a right version of tables in the schemas of the warehouse.
    The warehouse is as before afterwards.
    """
    connection.execute("begin")
    try:
        mutated = all_models[mutant.model]
        _put(connection, mutated, mutant.sql)
        affected = downstream(all_models, mutant.model)
        for model in [mutated, *affected]:
            if model is not mutated and not model.is_view:
                _put(connection, model, model.sql)
            seen = _difference(connection, model, expected)
            if seen:
                return seen
        return None
    finally:
        connection.execute("rollback")


def _difference(connection: duckdb.DuckDBPyConnection, model: Model, expected: list[str]) -> str | None:
    if model.is_view:
        return None
    for database in expected:
        columns = _columns(connection, database, model.relation)
        if "snapshot_date" not in columns:
            continue
        picked = ", ".join(columns)
        moved = warehouse.difference(
            connection,
            f"(select {picked} from {model.relation})",
            f"(select {picked} from {database}.{model.relation})",
            warehouse.key_of(columns),
        )
        if moved:
            return f"{database} {model.name}: {moved}"
    return None


@lru_cache(maxsize=1000)
def _columns(connection: duckdb.DuckDBPyConnection, database: str, relation: str) -> list[str]:
    held = connection.execute(
        "select column_name from duckdb_columns() where database_name = $d and schema_name || '.' || table_name = $t",
        {"d": database, "t": relation},
    ).fetchall()
    return [row[0] for row in held]
