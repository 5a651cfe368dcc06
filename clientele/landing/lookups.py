"""Lookups: small files beside an entity's own that its SQL may join, such as the names of categories."""

from __future__ import annotations

from pathlib import Path

import duckdb

from clientele.landing.errors import LandingError
from clientele.landing.files import STRICT, open_source
from clientele.landing.mapping import EntityMapping

MOST_ROWS = 1_000_000


def open_lookups(con: duckdb.DuckDBPyConnection, mapping: EntityMapping, files: dict[str, Path], scratch: Path) -> None:
    """Make every lookup a temp table. One that cannot be read whole, or is large, stops the load."""
    for name, path in files.items():
        plain = EntityMapping(mapping.entity, paths=(str(path),), encoding=mapping.encoding)
        relation = open_source(con, path, path.name, plain, scratch).relation.replace(f", {STRICT}", "")
        try:
            con.execute(
                f'create or replace temp table "{name}" as '
                f"select * exclude (_source_row) from ({relation}) limit {MOST_ROWS + 1}"
            )
        except duckdb.Error as error:
            raise LandingError(
                f"lookup {name} of {mapping.entity} cannot be read: {error}", file=path, remedy="export it again"
            ) from None
        _check(con, mapping.entity, name, path)


def _check(con: duckdb.DuckDBPyConnection, entity: str, name: str, path: Path) -> None:
    columns = [row[0] for row in con.execute(f'describe "{name}"').fetchall()]
    broken = "count(_broken_line)" if "_broken_line" in columns else "0"
    rows, bad = con.execute(f'select count(*), {broken} from "{name}"').fetchall()[0]
    if bad:
        raise LandingError(f"lookup {name} of {entity} has {bad} lines that are no JSON object", file=path)
    if rows > MOST_ROWS:
        raise LandingError(
            f"lookup {name} of {entity} has more than {MOST_ROWS:,} rows",
            file=path, remedy="lookups are held in memory; join larger files before the load",
        )  # fmt: skip


def forget_lookups(con: duckdb.DuckDBPyConnection, mapping: EntityMapping) -> None:
    """Drop them, so that the next entity does not see them."""
    for name in mapping.lookups:
        con.execute(f'drop table if exists temp."{name}"')
