"""Which columns a column is made of, read from compiled SQL: does a protected attribute reach a credit feature?

Pure: tables in, violations out. A column is made of what its expression names, and of what decides which rows stand
behind it (where, having, group by and join conditions of the queries that it passes through). A table without SQL (a
Python model) makes each of its columns of all that it reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Column = tuple[str, str]  # table and column; "*" is the table's rows
ROWS = "*"


class LineageError(ValueError):
    """SQL whose columns could not be followed; the message names the table."""


@dataclass(frozen=True)
class Table:
    """A source, a seed or a model.

    `sql` names other tables by their names here, in quotes; None where there is none. `classes` gives columns that are
    not free to be used their class (protected, emotion_biometric, ...); ROWS does so for all of them.
    """

    name: str
    columns: tuple[str, ...] = ()
    sql: str | None = None
    reads: tuple[str, ...] = ()
    classes: Mapping[str, str] = field(default_factory=dict)

    def class_of(self, column: str) -> str | None:
        """The class of a column, if it has one that matters."""
        return self.classes.get(column) or self.classes.get(ROWS)


@dataclass(frozen=True)
class Violation:
    """A column that is made of one that it must not be made of; the path leads from the first to the second."""

    path: tuple[Column, ...]
    legal_class: str

    def __str__(self) -> str:
        names = [table if column == ROWS else f"{table}.{column}" for table, column in self.path]
        return f"{names[0]} is made of {names[-1]} ({self.legal_class}): {' <- '.join(names)}"


class Lineage:
    """Of tables that read each other. Each is parsed once, when it is first asked about."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self.tables = {table.name: table for table in tables}
        self._parsed: dict[str, dict[str, frozenset[Column]]] = {}

    def columns(self, name: str) -> list[str]:
        """The columns of a table in their order, as far as they are known."""
        table = self.tables[name]
        return [column for column in self._of(name) if column != ROWS] if table.sql else list(table.columns)

    def made_of(self, column: Column) -> frozenset[Column]:
        """The columns of other tables that a column names, or stands on."""
        name, wanted = column
        table = self.tables.get(name)
        if table is None:
            return frozenset()
        if table.sql is None:
            return frozenset((read, other) for read in table.reads for other in [*self.columns(read), ROWS])
        parsed = self._of(name)
        return parsed.get(wanted, frozenset()) | parsed[ROWS]

    def violations(self, root: str, columns: Iterable[str], allowed: Iterable[Column] = ()) -> list[Violation]:
        """The shortest path from each of the columns to each class that it is made of.

        What lies behind the `allowed` columns may be of any class of emotion, as they are known to be; not protected.
        """
        found = []
        for column in columns:
            seen: dict[tuple[Column, bool], tuple[Column, ...]] = {((root, column), False): ((root, column),)}
            waiting = list(seen)
            classes = set[str]()
            while waiting:
                state = waiting.pop(0)
                at, excused = state
                of = self.tables[at[0]].class_of(at[1]) if at[0] in self.tables else None
                excused = excused or at in allowed
                if of and of not in classes and not (excused and of.startswith("emotion")):
                    classes.add(of)
                    found.append(Violation(seen[state], of))
                for source in sorted(self.made_of(at)):
                    if (source, excused) not in seen:
                        seen[source, excused] = (*seen[state], source)
                        waiting.append((source, excused))
        return found

    def _of(self, name: str) -> dict[str, frozenset[Column]]:
        if name not in self._parsed:
            table = self.tables[name]
            known = {read: self.columns(read) for read in table.reads}
            schema: dict[str, object] = {
                read: dict.fromkeys(columns, "text") for read, columns in known.items() if columns
            }
            self._parsed[name] = _Query(table, schema).columns
        return self._parsed[name]


class _Query:
    """One model's SQL: every query in it is walked once."""

    def __init__(self, table: Table, schema: dict[str, object]) -> None:
        from sqlglot import errors, parse_one
        from sqlglot.optimizer import build_scope
        from sqlglot.optimizer.qualify import qualify

        assert table.sql is not None
        self._known: dict[int, dict[str, frozenset[Column]]] = {}
        self._on: dict[int, dict[str, Any]] = {}  # of each query the conditions of its left joins
        try:
            tree = qualify(
                parse_one(table.sql, read="duckdb"),
                schema=schema,
                dialect="duckdb",
                validate_qualify_columns=False,
                quote_identifiers=False,
            )
            self._root = build_scope(tree)
        except errors.SqlglotError as error:
            raise LineageError(f"the SQL of {table.name} cannot be followed: {error}") from error
        if self._root is None:
            raise LineageError(f"the SQL of {table.name} holds no query")

    @cached_property
    def columns(self) -> dict[str, frozenset[Column]]:
        """Of each column, and of the rows, the columns of other tables that they are made of."""
        return self._walk(self._root)

    def _walk(self, scope: Any) -> dict[str, frozenset[Column]]:
        if id(scope) not in self._known:
            self._known[id(scope)] = {ROWS: frozenset()}  # a recursive query meets itself
            self._known[id(scope)] = self._union(scope) if scope.is_set_operation else self._select(scope)
        return self._known[id(scope)]

    def _union(self, scope: Any) -> dict[str, frozenset[Column]]:
        branches = [self._walk(branch) for branch in scope.set_operation_scopes]
        named = [[name for name in branch if name != ROWS] for branch in branches]
        rows = frozenset().union(*(branch[ROWS] for branch in branches))
        out = {ROWS: rows}
        for place, name in enumerate(named[0]):
            parts = (branch[names[place]] for branch, names in zip(branches, named, strict=True) if place < len(names))
            out[name] = frozenset().union(*parts)
        return out

    def _select(self, scope: Any) -> dict[str, frozenset[Column]]:
        query = scope.expression
        joins = query.args.get("joins") or []
        # A row that is joined where there is one adds no rows: its condition counts for what is taken from it alone.
        optional = [join for join in joins if (join.side or "").upper() == "LEFT"]
        self._on[id(scope)] = {join.this.alias_or_name: join.args["on"] for join in optional if join.args.get("on")}
        conditions = [query.args.get(part) for part in ("where", "having", "qualify", "group")]
        conditions += [join.args.get("on") for join in joins if join not in optional]
        rows = frozenset[Column]().union(*(self._named(scope, part) for part in conditions if part is not None))
        first = query.args.get("from_") or query.args.get("from")
        for relation in [*([first.this] if first else []), *(join.this for join in joins if join not in optional)]:
            rows |= self._source(scope, relation.alias_or_name, ROWS)
        out = {ROWS: rows}
        for selected in query.selects:
            out[selected.alias_or_name] = self._named(scope, selected)
        return out

    def _named(self, scope: Any, part: Any) -> frozenset[Column]:
        """The columns that an expression names, those of queries within it too."""
        from sqlglot import exp

        found = frozenset[Column]()
        within = [inner for inner in scope.subquery_scopes if _is_within(inner.expression, part)]
        for inner in within:
            found = found.union(found, *self._walk(inner).values())
        named = {(column.table, column.name) for column in part.find_all(exp.Column)}
        for on in [
            condition for name, condition in self._on[id(scope)].items() if name in {table for table, _ in named}
        ]:
            named |= {(column.table, column.name) for column in on.find_all(exp.Column)}
        for table, column in named:
            found |= self._source(scope, table, column)
        return found

    def _source(self, scope: Any, name: str, column: str) -> frozenset[Column]:
        from sqlglot import exp

        source = scope.sources.get(name)
        if source is None:
            return frozenset()
        if isinstance(source, exp.Table):
            return frozenset({(source.name, column)})
        inner = self._walk(source)
        return inner.get(column, frozenset()) | inner[ROWS]


def _is_within(expression: Any, part: Any) -> bool:
    node = expression
    while node is not None:
        if node is part:
            return True
        node = node.parent
    return False


def tables_of(manifest: Mapping[str, Any], headers: Mapping[str, tuple[str, ...]] | None = None) -> Iterator[Table]:
    """The tables of a dbt manifest with compiled SQL. `headers` are the columns of seeds, which a manifest lacks."""
    sources = {key: f"raw_{source['name']}" for key, source in manifest["sources"].items()}
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
    names = sources | {key: node["name"] for key, node in nodes.items()}
    relations = {source["relation_name"]: sources[key] for key, source in manifest["sources"].items()}
    relations |= {node["relation_name"]: node["name"] for node in nodes.values() if node.get("relation_name")}
    for key, source in manifest["sources"].items():
        classes = _classes(source["columns"])
        # That something was felt tells of feelings, whichever column says so.
        if of_emotion := [of for of in classes.values() if of.startswith("emotion")]:
            classes[ROWS] = of_emotion[0]
        technical = ("loaded_at", "supersedes_loaded_at", "batch")
        yield Table(sources[key], (*source["columns"], *technical), classes=classes)
    for node in nodes.values():
        is_sql = node["resource_type"] == "model" and node["language"] == "sql"
        reads = tuple(names[parent] for parent in node.get("depends_on", {}).get("nodes", ()) if parent in names)
        sql = node.get("compiled_code") if is_sql else None
        if sql:
            for relation, name in relations.items():
                sql = sql.replace(relation, f'"{name}"')
        columns = (headers or {}).get(node["name"], tuple(node["columns"]))
        yield Table(node["name"], columns, sql, reads, _classes(node["columns"]))


def _classes(columns: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, column in columns.items():
        meta = column.get("config", {}).get("meta") or column.get("meta") or {}
        of = "protected" if meta.get("protected") else str(meta.get("legal_class") or "")
        if of == "protected" or of.startswith("emotion"):
            found[name] = of
    return found
