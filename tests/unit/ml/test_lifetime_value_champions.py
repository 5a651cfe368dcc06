"""Lifetime value: when it is fitted anew, and what takes the champion's place."""

from __future__ import annotations

import functools
import json
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from clientele.ml import clv, lifetime_value

from . import value_company

RUN = {
    "run_id": "a-run", "scored_at": datetime(2025, 1, 1), "snapshot_date": date(2025, 1, 1), "feature_version": "f1",
    "seed": 42, "refit_models": "", "drifted_models": "", "model_max_age_days": 30, "model_max_ece": 0.15,
    "gross_margin_share": 1.0, "annual_discount_rate": 0.1,
}  # fmt: skip
FEBRUARY = RUN | {"snapshot_date": date(2025, 2, 1)}


@functools.cache
def company(months: int) -> pa.Table:
    """Customers as known after so many months."""
    return value_company.table(200, value_company.months(months))


def blurred(table: pa.Table) -> pa.Table:
    """The same amounts, of which half are other customers'."""
    rng = np.random.default_rng(2)
    for name in lifetime_value.LABELS:
        known = np.flatnonzero(np.asarray(table[name].is_valid()))
        moved = known[rng.random(len(known)) < 0.5]
        places = np.arange(table.num_rows)
        places[moved] = rng.permutation(moved)
        table = table.set_column(table.column_names.index(name), name, table[name].take(pa.array(places)))
    return table


def rows(table: pa.Table) -> dict[str, dict[str, Any]]:
    return {row["algorithm"]: row for row in table.to_pylist()}


def champion(table: pa.Table) -> dict[str, Any]:
    (row,) = (row for row in table.to_pylist() if row["is_promoted"])
    return row


def gates(row: dict[str, Any]) -> dict[str, str]:
    return json.loads(row["gates_json"])


@pytest.fixture(scope="module")
def january() -> pa.Table:
    return lifetime_value.fit(company(13), RUN, None)


def test_the_first_version_is_promoted_with_its_gates(january: pa.Table) -> None:
    row = champion(january)
    assert row["algorithm"] != clv.LAST_RESORT
    assert gates(row)["explains_something"].startswith("passed: deviance left 0.")
    assert gates(row)["not_worse_than_champion"] == "not compared: no champion yet"


def test_a_version_that_serves_is_kept_until_it_is_old(january: pa.Table) -> None:
    assert lifetime_value.fit(company(13), RUN, january).num_rows == 0
    assert lifetime_value.fit(company(13), RUN | {"churn_horizon_days": 60}, january).num_rows == 0


@pytest.mark.parametrize("changed", [{"gross_margin_share": 0.4}, {"annual_discount_rate": 0.0}])
def test_money_in_another_unit_is_another_model(january: pa.Table, changed: dict[str, float]) -> None:
    row = champion(lifetime_value.fit(company(13), RUN | changed, january))
    (name,) = changed
    assert row["fit_reason"] == f"{name} changed"
    assert gates(row)["not_worse_than_champion"].startswith(f"not compared: {name} changed since the champion")
    assert row["model_version"] != champion(january)["model_version"]


def test_a_monthly_version_that_is_worse_stays_a_challenger(january: pa.Table) -> None:
    """Half of what customers bring is drawn by lot: a model is still better than the rule, not than the champion."""
    worse = lifetime_value.fit(blurred(company(14)), FEBRUARY, january)
    found = {name: gates(row) for name, row in rows(worse).items()}
    best = found["bg_nbd_gamma_gamma"]
    assert best["better_than_last_years_spend"].startswith("passed")
    assert best["not_worse_than_champion"].startswith("failed")
    assert not any(row["is_promoted"] for row in worse.to_pylist()), found


def test_a_monthly_version_that_is_as_good_takes_over(january: pa.Table) -> None:
    row = champion(lifetime_value.fit(company(14), FEBRUARY, january))
    assert "in earlier periods by the champion" in gates(row)["not_worse_than_champion"]


def test_an_old_champion_is_measured_on_the_customers_of_today(january: pa.Table) -> None:
    """By May it knows nothing of what the customers of January bring within 90 days."""
    run = RUN | {"snapshot_date": date(2025, 5, 1)}
    found = {name: gates(row) for name, row in rows(lifetime_value.fit(company(17), run, january)).items()}
    name = champion(january)["model_version"]
    assert all(
        f"of the same customers by the champion {name}" in of["not_worse_than_champion"] for of in found.values()
    )


def measured(algorithm: str, d2: float, gini: float) -> clv.Candidate:
    row = {"group_name": "all", "horizon": 90, "period": "2025-01-01", "d2": d2, "gini": gini}
    return clv.Candidate(algorithm, fitted=object(), performance=[row])  # type: ignore[arg-type]


def test_what_explains_nothing_is_not_put_to_use_for_being_better_than_the_rule() -> None:
    chosen = clv.choose([measured("blend", -0.1, 0.8), measured(clv.LAST_RESORT, -0.2, 0.7)])
    assert chosen is not None
    assert chosen.algorithm == clv.LAST_RESORT
