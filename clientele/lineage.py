"""Which columns a column is made of, read from compiled SQL: does a protected attribute reach a credit feature?

Pure: tables in, violations out. A column is made of what its expression names, and of what decides which rows stand
behind it: where, having, group by and join conditions of the queries that it passes through, the order where not all
rows are kept, and the conditions of left joins where rows are counted. SQL that is not understood is refused. A table
without SQL (a Python model) makes each of its columns of all that it reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from clientele.lineage_query import ANY, APART, MANY, ROWS, Column, LineageError, Query

Read = tuple[str, Column]  # a table, and a column of another that it reads


@dataclass(frozen=True)
class Table:
    """A source, a seed or a model.

    `sql` names other tables by their names here, in quotes; None where there is none. `classes` gives columns their
    class (protected, emotion_biometric, behavioural, ...); ROWS does so for all that have none of their own.
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
        names = [table if column in (ROWS, MANY) else f"{table}.{column}" for table, column in self.path]
        return f"{names[0]} is made of {names[-1]} ({self.legal_class}): {' <- '.join(names)}"


class Lineage:
    """Of tables that read each other. Each is parsed once, when it is first asked about."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self.tables = {table.name: table for table in tables}
        self._parsed: dict[str, dict[str, frozenset[Column]]] = {}

    def columns(self, name: str) -> list[str]:
        """The columns of a table in their order; none where not all of them are known."""
        table = self.tables[name]
        if not table.sql:
            return list(table.columns)
        parsed = self._of(name)
        return [] if ANY in parsed else [column for column in parsed if column not in APART]

    def made_of(self, column: Column) -> frozenset[Column]:
        """The columns of other tables that a column names, or stands on."""
        name, wanted = column
        table = self.tables.get(name)
        if table is None:
            return frozenset()
        if table.sql is None:
            return frozenset((read, other) for read in table.reads for other in [*self.columns(read), ROWS])
        parsed = self._of(name)
        if wanted not in parsed and ANY not in parsed:
            raise LineageError(f"{name} has no column {wanted} whose SQL could be followed")
        return parsed.get(wanted, parsed.get(ANY, frozenset())) | parsed[ROWS]

    def violations(
        self, root: str, columns: Iterable[str], allowed: Iterable[Read] = (), free: Iterable[str] = ()
    ) -> list[Violation]:
        """The shortest path from each of the columns to each class that it is made of, but those that are `free`.

        What lies behind the `allowed` reads may be of any class of emotion, as they are known to be; not protected.
        """
        found, allowed, free = [], frozenset(allowed), frozenset(free)
        for column in columns:
            seen: dict[tuple[Column, bool], tuple[Column, ...]] = {((root, column), False): ((root, column),)}
            waiting = list(seen)
            classes = set[str]()
            while waiting:
                state = waiting.pop(0)
                at, excused = state
                of = self.tables[at[0]].class_of(at[1]) if at[0] in self.tables else None
                if of and of not in free | classes and not (excused and of.startswith("emotion")):
                    classes.add(of)
                    found.append(Violation(seen[state], of))
                for source in sorted(self.made_of(at)):
                    following = (source, excused or (at[0], source) in allowed)
                    if following not in seen:
                        seen[following] = (*seen[state], source)
                        waiting.append(following)
        return found

    def _of(self, name: str) -> dict[str, frozenset[Column]]:
        if name not in self._parsed:
            table = self.tables[name]
            reads = {read: tuple(self.columns(read)) for read in table.reads}
            self._parsed[name] = Query(table.name, str(table.sql), reads).columns
        return self._parsed[name]


def tables_of(manifest: Mapping[str, Any], headers: Mapping[str, tuple[str, ...]] | None = None) -> Iterator[Table]:
    """The tables of a dbt manifest with compiled SQL. `headers` are the columns of seeds, which a manifest lacks."""
    sources = {key: f"raw_{source['name']}" for key, source in manifest["sources"].items()}
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
    names = sources | {key: node["name"] for key, node in nodes.items()}
    relations = {source["relation_name"]: sources[key] for key, source in manifest["sources"].items()}
    relations |= {node["relation_name"]: node["name"] for node in nodes.values() if node.get("relation_name")}
    for key, source in manifest["sources"].items():
        classes = _classes(source["columns"])
        # That something was felt tells of feelings, and that something was bought of buying: whichever column says so.
        if of_all := (source.get("config", {}).get("meta") or source.get("meta") or {}).get("legal_class"):
            classes[ROWS] = of_all
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
        # A name tells of gender and origin: who somebody is counts as protected where no class of its own is given.
        by_default = "protected" if meta.get("pii") == "direct" else None
        if of := "protected" if meta.get("protected") else meta.get("legal_class", by_default):
            found[name] = str(of)
    return found
