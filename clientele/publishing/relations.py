"""What is published: the tables and views of the build's public schemas."""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from clientele.contract import load_contract
from clientele.records import schemas

PUBLIC_SCHEMAS = ("marts", "governance")


@dataclass(frozen=True, order=True)
class Relation:
    """A table or view of the build."""

    schema: str
    name: str
    is_view: bool = field(default=False, compare=False)
    columns: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def is_record(self) -> bool:
        """Whether it shows what runs wrote about themselves, beside the build."""
        return self.schema == "governance" and self.name in schemas()


def relations_of(connection: duckdb.DuckDBPyConnection, database: str = "build") -> list[Relation]:
    """Tables and views of the public schemas of an open database, in order of their names."""
    rows = connection.execute(
        """
        with relations as (
            select table_oid as oid, schema_name as "schema", table_name as name, false as is_view
            from duckdb_tables() where database_name = $database
            union all
            select view_oid, schema_name, view_name, true
            from duckdb_views() where database_name = $database and not internal
        )

        select "schema", name, is_view, list(column_name order by column_index)
        from relations
        inner join duckdb_columns() as columns on columns.database_name = $database and columns.table_oid = oid
        where "schema" in $schemas
        group by all
        """,
        {"database": database, "schemas": list(PUBLIC_SCHEMAS)},
    ).fetchall()
    return sorted(Relation(schema, name, is_view, tuple(columns)) for schema, name, is_view, columns in rows)


def direct_pii_in(relation: Relation) -> list[str]:
    """Columns of a relation that are named like a column of the contract that names a person.

    The `subject` of records, which runs wrote about themselves, is a table, and no one's ticket.
    """
    spared = {"subject"} if relation.is_record else set()
    named = {column.name for entity in load_contract() for column in entity.columns.values() if column.pii == "direct"}
    return [column for column in relation.columns if column.lower() in named - spared]
