"""Build a warehouse over a lake, and find where two warehouses differ."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from tests import dbt_in_process

MEMORY = "1GB"
COMPARED_SCHEMAS = ("intermediate", "features")
# All feature groups, those too that only a shadow reads.
FEATURES = "+customer_features +feat_emotion_credit"
# Says when readers saw a day: no feature reads it, and no replay builds it.
NOT_REPLAYED = "intermediate.int_core__publications"
# Say what a build could see, not what the customer did.
PROVENANCE = {"lake_batch", "is_current", "is_full", "is_asked"}


def build(
    home: Path,
    *,
    full_refresh: bool = False,
    select: str | None = None,
    exclude: str | None = None,
    snapshot_date: date | None = None,
    writes_manifest: bool = True,
    **variables: object,
) -> Path:
    """Run dbt over the lake in `home`. Returns the target folder with the compiled SQL, and the manifest if asked.

    `variables` are vars of the project, of which each other set is parsed anew; the day is no such var (run_setting).
    """
    arguments = [
        *(() if writes_manifest else ("--no-write-json",)),
        *("--exclude-resource-types", "test", "unit_test"),
        *(("--full-refresh",) if full_refresh else ()),
        *(("--select", select) if select else ()),
        *(("--exclude", exclude) if exclude else ()),
    ]
    dbt_in_process.build(home, arguments, variables, MEMORY, CLIENTELE_SNAPSHOT_DATE=str(snapshot_date or ""))
    return home / "target"


def tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables with a snapshot_date in the compared layers, as schema.name."""
    found = connection.execute(
        "select table_schema || '.' || table_name from information_schema.columns"
        " where column_name = 'snapshot_date' and table_schema in ('intermediate', 'features') order by all"
    ).fetchall()
    return [name for (name,) in found if name != NOT_REPLAYED]


def key_of(columns: list[str]) -> list[str]:
    """The columns that identify a row of a snapshot table."""
    return [name for name in ("customer_id", "snapshot_date", "category") if name in columns]


def difference(
    connection: duckdb.DuckDBPyConnection, left: str, right: str, key: list[str], where: str = "true"
) -> str | None:
    """The first column in which two relations differ, or None if they hold the same rows.

    Floats are equal to 1e-9 of their size, everything else exactly.
    """
    described = {name: kind for name, kind, *_ in connection.execute(f"describe {left}").fetchall()}
    counted = [
        connection.execute(f"select count(*) from {relation} where {where}").fetchone() for relation in (left, right)
    ]
    if counted[0] != counted[1]:
        return f"number of rows: {counted[0][0]} and {counted[1][0]}"
    tests = {}
    for name, kind in described.items():
        if name in PROVENANCE or name in key:
            continue
        if kind in ("DOUBLE", "FLOAT"):
            size = f"greatest(1, abs(l.{name}), abs(r.{name}))"
            tests[name] = f"(l.{name} is null) <> (r.{name} is null) or abs(l.{name} - r.{name}) > 1e-9 * {size}"
        else:
            tests[name] = f"l.{name} is distinct from r.{name}"
    counts = ", ".join(f"count(*) filter (where {test}) as {name}" for name, test in tests.items())
    on = " and ".join(f"l.{name} is not distinct from r.{name}" for name in key)
    row = connection.execute(
        f"select count(*) filter (where l.{key[0]} is null or r.{key[0]} is null), {counts or '0'}"
        f" from (select * from {left} where {where}) l full join (select * from {right} where {where}) r on {on}"
    ).fetchone()
    if row[0]:
        return f"{row[0]} rows without a counterpart"
    moved = {name: n for name, n in zip(tests, row[1:], strict=False) if n}
    return f"columns {moved}" if moved else None


def differences(
    left: Path, right: Path, *, snapshots: list[date] | None = None, until: date = date.max, layer: str = ""
) -> dict[str, str]:
    """Where two warehouses differ, at the given snapshots or at all up to a day: table -> what differs."""
    chosen = ", ".join(f"date '{day}'" for day in snapshots or [])
    where = f"snapshot_date in ({chosen})" if snapshots else f"snapshot_date <= date '{until}'"
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{left}/build.duckdb' as l (read_only)")
        connection.execute(f"attach '{right}/build.duckdb' as r (read_only)")
        connection.execute("use l")
        names = tables(connection)
        assert "features.customer_features" in names
        for name in names:
            if not name.startswith(layer):
                continue
            columns = [row[0] for row in connection.execute(f"describe l.{name}").fetchall()]
            moved = difference(connection, f"l.{name}", f"r.{name}", key_of(columns), where)
            if moved:
                found[name] = moved
    return found
