"""Which models a drift check may have fitted anew: those that no training has tried to cure lately."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb

from clientele.locks import BUILD, holding_warehouse
from clientele.monitoring.monitor import models_drifted

FITS = "select schema_name, table_name from duckdb_tables() where schema_name = 'ml' and table_name like 'ml_%__fit'"


def models_to_refit(home: Path, *, day: date, days: int, max_age_days: int) -> list[str]:
    """Models that drifted on `days` checked days running, `day` the newest, and are not of a recent fit.

    A fit that its gates turned down, or that cannot follow the drift, would otherwise be made again day after day.
    Raises HeldError while another process works on the build, which alone says when models were fitted.
    """
    drifted = models_drifted(home, days)
    recent = fitted_after(home, day - timedelta(days=max_age_days)) if drifted else set()
    return [name for name in drifted if name not in recent]


def fitted_after(home: Path, day: date) -> set[str]:
    """Models of which a version, promoted or not, was fitted for a later day. Raises HeldError."""
    if not (home / BUILD).exists():
        return set()
    # Held meanwhile: dbt could not open the build for writing beside this reader, be it ever so short.
    with (
        holding_warehouse(home, "a look at when models were fitted"),
        duckdb.connect(str(home / BUILD), read_only=True) as connection,
    ):
        found = set[str]()
        for schema, table in connection.execute(FITS).fetchall():
            sql = f'select distinct model_name from "{schema}"."{table}" where fitted_for > ?'
            found |= {name for (name,) in connection.execute(sql, [day]).fetchall()}
    return found
