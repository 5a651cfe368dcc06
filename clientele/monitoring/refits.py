"""Which models are to be fitted anew by themselves: drifted or old ones that no training has tried to mend lately."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb

from clientele.locks import BUILD, holding_warehouse
from clientele.monitoring.monitor import models_drifted

FITS = "select schema_name, table_name from duckdb_tables() where schema_name = 'ml' and table_name like 'ml_%__fit'"
LAST = """
    select
        model_name,
        max(fitted_for) as tried,
        max_by(fitted_for, fit_number) filter (where is_promoted and fitted_for <= $day) as promoted
    from "{schema}"."{table}"
    group by model_name
"""


class Refits(NamedTuple):
    """Names of models, each once."""

    drifted: list[str]
    aged: list[str]


class LastFit(NamedTuple):
    """The days for which a model was fitted last, promoted or not, and for which the version in use was."""

    tried: date
    promoted: date | None


def models_to_refit(home: Path, *, day: date, days: int, max_age_days: int, pause_days: int) -> Refits:
    """Models that drifted on `days` checked days running, and those whose champion is `max_age_days` old on `day`.

    `day` is the newest checked one: ages are counted in snapshots, by no clock. Left out are models of a family of
    which any was fitted within `pause_days` before it: a fit that its gates turned down, or that cannot follow the
    drift, would otherwise be made again day after day. Raises HeldError while another process works on the build, which
    alone says when models were fitted.
    """
    last = last_fits(home, day)
    oldest, since = day - timedelta(days=max_age_days), day - timedelta(days=pause_days)
    paused = {_family(name) for name, fit in last.items() if fit.tried > since}
    drifted = [name for name in models_drifted(home, days) if _family(name) not in paused]
    aged = [
        name for name, fit in last.items() if fit.promoted and fit.promoted <= oldest and _family(name) not in paused
    ]
    return Refits(drifted, sorted(set(aged) - set(drifted)))


def _family(model_name: str) -> str:
    """All kinds of a model are fitted by one table: churn of churn.contractual."""
    return model_name.partition(".")[0]


def last_fits(home: Path, day: date) -> dict[str, LastFit]:
    """When models were fitted, by name; none where nothing was built. Raises HeldError."""
    if not (home / BUILD).exists():
        return {}
    # Held meanwhile: dbt could not open the build for writing beside this reader, be it ever so short.
    with (
        holding_warehouse(home, "a look at when models were fitted"),
        duckdb.connect(str(home / BUILD), read_only=True) as connection,
    ):
        found = dict[str, LastFit]()
        for schema, table in connection.execute(FITS).fetchall():
            rows = connection.execute(LAST.format(schema=schema, table=table), {"day": day}).fetchall()
            found |= {name: LastFit(tried, promoted) for name, tried, promoted in rows}
    return found
