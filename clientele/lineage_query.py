"""Which columns of other tables the columns of one query are made of, as sqlglot reads its SQL.

Fails closed: SQL of kinds that are not followed here is refused, and with it the build.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

Column = tuple[str, str]  # table and column; "*" is the table's rows
ROWS = "*"
MANY = "#"  # how many rows there are: what decides it beside ROWS, as a left join that finds more than one does
ANY = "?"  # whichever other columns there are: of a Python model that declares none, and of a star over it
APART = (ROWS, MANY, ANY)
# The parts of a select that are followed, or decide nothing.
FOLLOWED = frozenset(
    ("with_", "with", "expressions", "from_", "from", "joins", "where", "group", "having", "qualify", "windows")
    + ("distinct", "order", "limit", "offset")
)


class LineageError(ValueError):
    """SQL whose columns could not be followed; the message names the table."""


class Query:
    """One model's SQL: every query in it is walked once."""

    def __init__(self, name: str, sql: str, reads: Mapping[str, tuple[str, ...]]) -> None:
        """`reads` are the tables that it may read, with their columns; without any where they are not known."""
        from sqlglot import errors, exp, parse_one
        from sqlglot.optimizer import build_scope
        from sqlglot.optimizer.qualify import qualify

        self._name, self._reads = name, reads
        schema: dict[str, object] = {read: dict.fromkeys(columns, "text") for read, columns in reads.items() if columns}
        self._known: dict[int, dict[str, frozenset[Column]]] = {}
        self._many: dict[int, frozenset[Column]] = {}
        self._on: dict[int, dict[str, Any]] = {}  # of each query the conditions of its left joins
        try:
            tree = qualify(
                _spread(parse_one(sql, read="duckdb")),
                schema=schema,
                dialect="duckdb",
                validate_qualify_columns=False,
                quote_identifiers=False,
            )
            self._root = build_scope(tree)
        except errors.SqlglotError as error:
            raise LineageError(f"the SQL of {name} cannot be followed: {error}") from error
        if self._root is None:
            raise LineageError(f"the SQL of {name} holds no query")
        if any(with_.args.get("recursive") for with_ in tree.find_all(exp.With)):
            raise self._unclear(tree, "a recursive query")

    @cached_property
    def columns(self) -> dict[str, frozenset[Column]]:
        """Of each column, and of the rows, the columns of other tables that they are made of."""
        return self._walk(self._root)

    def _walk(self, scope: Any) -> dict[str, frozenset[Column]]:
        from sqlglot import exp

        if id(scope) not in self._known:
            query = scope.expression
            if isinstance(query, exp.SetOperation):
                self._known[id(scope)] = self._union(scope)
            elif isinstance(query, exp.Select):
                self._known[id(scope)] = self._select(scope)
            elif isinstance(query, exp.Values) and not query.find(exp.Column, exp.Query):
                self._known[id(scope)] = {ROWS: frozenset()} | dict.fromkeys(
                    query.alias_column_names, frozenset[Column]()
                )
            else:
                raise self._unclear(query)
        return self._known[id(scope)]

    def _union(self, scope: Any) -> dict[str, frozenset[Column]]:
        from sqlglot import exp

        query = scope.expression
        branches = [self._walk(branch) for branch in scope.set_operation_scopes]
        named = [[name for name in branch if name not in (ROWS, MANY)] for branch in branches]
        # The columns of the branches are paired by place: what has no partner, or is paired by name, is not followed.
        if (
            len(branches) != 2
            or any(ANY in names for names in named)
            or len(named[0]) != len(named[1])
            or query.args.get("by_name")
        ):
            raise self._unclear(query)
        rows, many = (frozenset().union(*(branch.get(of, frozenset()) for branch in branches)) for of in (ROWS, MANY))
        columns = [branches[0][left] | branches[1][right] for left, right in zip(*named, strict=True)]
        compared = not isinstance(query, exp.Union) or query.args.get("distinct")
        if not isinstance(query, exp.Union) or query.args.get("limit") or query.args.get("offset"):
            rows = rows.union(*columns)
        return {
            ROWS: rows,
            MANY: many.union(*columns) if compared else many,
            **dict(zip(named[0], columns, strict=True)),
        }

    def _select(self, scope: Any) -> dict[str, frozenset[Column]]:
        from sqlglot import exp

        query = scope.expression
        joins = query.args.get("joins") or []
        first = query.args.get("from_") or query.args.get("from")
        self._check(query, [*([first.this] if first else []), *(join.this for join in joins)], joins)
        # A row that is joined where there is one adds no rows: its condition counts for what is taken from it alone,
        # and for what counts rows.
        optional = [join for join in joins if (join.side or "").upper() == "LEFT"]
        self._on[id(scope)] = {join.this.alias_or_name: join.args["on"] for join in optional if join.args.get("on")}
        conditions = [query.args.get(part) for part in ("where", "having", "qualify", "group", "limit", "offset")]
        conditions += [join.args.get("on") for join in joins if join not in optional]
        group, distinct = query.args.get("group"), query.args.get("distinct")
        if group is not None and group.args.get("all"):
            conditions += [selected for selected in query.selects if not selected.find(exp.AggFunc)]
        # Order decides who is left where not all are.
        chosen = distinct is not None and distinct.args.get("on")
        if chosen or query.args.get("limit") or query.args.get("offset"):
            conditions += [query.args.get("order"), *([chosen] if chosen else [])]
        rows = frozenset[Column]().union(*(self._named(scope, part) for part in conditions if part is not None))
        for relation in [*([first.this] if first else []), *(join.this for join in joins if join not in optional)]:
            rows |= self._source(scope, relation.alias_or_name, ROWS)
        many = rows
        for relation in [*([first.this] if first else []), *(join.this for join in joins)]:
            many |= self._source(scope, relation.alias_or_name, MANY)
        for on in self._on[id(scope)].values():
            many |= self._named(scope, on)
        self._many[id(scope)] = many
        out = {ROWS: rows, MANY: many}
        for selected in query.selects:
            out |= (
                self._star(scope, selected)
                if selected.is_star
                else {selected.alias_or_name: self._named(scope, selected)}
            )
        if distinct is not None:
            out[MANY] = many.union(*(of for name, of in out.items() if name not in (ROWS, MANY)))
        return out

    def _check(self, query: Any, relations: list[Any], joins: list[Any]) -> None:
        """Raise where a query holds what is not followed here."""
        from sqlglot import exp

        for part, value in query.args.items():
            if value and part not in FOLLOWED:
                raise self._unclear(query, part)
        for relation in relations:
            wrapped = isinstance(relation, exp.Subquery) and not isinstance(relation.this, exp.Query)
            if not isinstance(relation, exp.Table | exp.Subquery | exp.Values) or wrapped:
                raise self._unclear(relation)
            if any(relation.args.get(part) for part in ("joins", "laterals", "pivots")):
                raise self._unclear(relation)
        for join in joins:
            if join.args.get("using") or (join.method or "").upper() == "NATURAL":
                raise self._unclear(join)

    def _star(self, scope: Any, selected: Any) -> dict[str, frozenset[Column]]:
        """The columns of a star that stays one, as not all of what it stands for is known."""
        from sqlglot import exp

        star = selected.this if isinstance(selected, exp.Column) else selected
        if not isinstance(star, exp.Star) or any(star.args.values()):
            raise self._unclear(selected)
        found: dict[str, frozenset[Column]] = {}
        for name in [selected.table] if isinstance(selected, exp.Column) else scope.selected_sources:
            for column in self._columns_of(scope, name):
                of = self._source(scope, name, column)
                for on in [self._on[id(scope)][name]] if name in self._on[id(scope)] else []:
                    of |= self._named(scope, on)
                found[column] = found.get(column, frozenset()) | of
        return found

    def _columns_of(self, scope: Any, name: str) -> list[str]:
        from sqlglot import exp

        source = scope.sources.get(name)
        if isinstance(source, exp.Table):
            return list(self._reads.get(source.name) or [ANY])
        if source is None:
            raise self._unclear(scope.expression, name)
        return [column for column in self._walk(source) if column not in (ROWS, MANY)]

    def _named(self, scope: Any, part: Any) -> frozenset[Column]:
        """The columns that an expression names, those of queries within it too."""
        from sqlglot import exp

        found, waiting, joined = frozenset[Column](), [part], set[str]()
        query = scope.expression
        if part.find(exp.Window):
            waiting += query.args.get("windows") or []
        while waiting:
            at = waiting.pop()
            within = [inner for inner in scope.subquery_scopes if _is_within(inner.expression, at)]
            for inner in within:
                found = found.union(*self._walk(inner).values(), found)
            own = [node for node in at.walk() if not any(_is_within(node, inner.expression) for inner in within)]
            for node in own:
                star = isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count)
                if star or isinstance(node, (exp.TableColumn, exp.Columns)):
                    raise self._unclear(node)
                # What counts rows, and names nothing else, stands on all that decides how many there are.
                if isinstance(node, (exp.AggFunc, exp.Window)) and not (node.this or node).find(exp.Column):
                    found |= self._many.get(id(scope), frozenset())
                if not isinstance(node, exp.Column):
                    continue
                if not node.table:
                    named, behind = self._without_table(scope, node, at)
                    found, waiting = found | named, waiting + behind
                    continue
                found |= self._source(scope, node.table, node.name)
                if node.table in self._on[id(scope)] and node.table not in joined:
                    joined.add(node.table)
                    waiting.append(self._on[id(scope)][node.table])
        return found

    def _without_table(self, scope: Any, node: Any, at: Any) -> tuple[frozenset[Column], list[Any]]:
        """What a column without a table is made of, and the expressions that it stands for or stands on.

        It is an alias, or of tables that do not declare their columns: then of each of them.
        """
        alias = next((one for one in scope.expression.selects if one.alias_or_name == node.name), None)
        if alias is not None and not _is_within(node, alias):
            return frozenset(), [alias]
        holders = [name for name in scope.selected_sources if ANY in self._columns_of(scope, name)]
        if not holders:
            raise self._unclear(node)
        found = frozenset[Column]().union(*(self._source(scope, name, node.name) for name in holders))
        return found, [on for name, on in self._on[id(scope)].items() if name in holders and on is not at]

    def _source(self, scope: Any, name: str, column: str) -> frozenset[Column]:
        from sqlglot import exp

        at = scope
        while name not in at.sources and at.parent is not None:
            at = at.parent  # a query within another names what is around it
        source = at.sources.get(name)
        if isinstance(source, exp.Table):
            if source.name not in self._reads:
                if isinstance(source.this, exp.Identifier) or column not in (ROWS, MANY):
                    raise self._unclear(source)
                return frozenset()
            # How many rows a table has for a key is its grain, which is tested where it is built.
            return frozenset({(source.name, ROWS if column == MANY else column)})
        if source is None:
            raise self._unclear(scope.expression, f"{name}.{column}")
        inner = self._walk(source)
        if column not in inner and ANY not in inner and column != MANY:
            raise self._unclear(source.expression, f"{name}.{column}")
        return inner.get(column, inner.get(ANY, frozenset())) | inner[ROWS]

    def _unclear(self, node: Any, what: str = "") -> LineageError:
        """Where it is not known what is read, nothing is: no build passes because its SQL was not understood."""
        said = f"{what + ' in ' if what else ''}{type(node).__name__}: {node.sql('duckdb')[:200]}"
        return LineageError(f"the SQL of {self._name} cannot be followed: {said}")


def _spread(tree: Any) -> Any:
    """Gives the rows that are read from JSON by a written schema (the macro json_rows) their columns."""
    from sqlglot import exp

    for rows in list(tree.find_all(exp.Explode)):
        if isinstance(rows.parent, exp.Select) and isinstance(rows.this, exp.FromJson) and rows.this.expression:
            fields = json.loads(rows.this.expression.name)[0]
            for name in fields:
                rows.parent.append("expressions", exp.alias_(rows.this.this.copy(), name))
            rows.pop()
    return tree


def _is_within(expression: Any, part: Any) -> bool:
    node = expression
    while node is not None:
        if node is part:
            return True
        node = node.parent
    return False
