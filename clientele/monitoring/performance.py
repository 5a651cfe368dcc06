"""Performance once outcomes are known: scores on record against what customers then did, and what was promised."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from clientele.ml import metrics
from clientele.ml.value_model import worth
from clientele.monitoring import noise
from clientele.monitoring.drift import snapshot_day
from clientele.monitoring.results import PASS, SKIPPED, Measurement, SubjectResult, over
from clientele.monitoring.settings import Settings
from clientele.monitoring.subjects import Catalog
from clientele.querying import open_build

MOST_ROWS = 200_000  # of one day's scores, drawn by hash: the AUC is then known to .002
FEWEST_ROWS = 200
FEWEST_OF_A_CLASS = 10


@dataclass(frozen=True)
class Forecast:
    """A column of scores that tells of a window that will pass. `outcome` makes its realised value as SQL."""

    model: str
    model_name: str
    column: str
    horizon: int  # days
    outcome: Callable[[_Window], str]
    is_probability: bool = True


@dataclass(frozen=True)
class _Window:
    """The days that were foretold, and the moment as of which they are looked at."""

    opened: date
    closed: date
    known: date
    grace_hours: float

    def known_rows(self, table: str, clock: str) -> str:
        """Rows of a table that the newest snapshot knows, as the labels of training see them."""
        at = f"timestamp '{self.known}'"
        grace = f"{at} + interval '{round(self.grace_hours * 3600)}' second"
        return (
            f"select * from intermediate.{table} where {clock} < {at} and known_from < {grace}"
            f" and (known_to is null or known_to >= {grace})"
        )

    def within(self, clock: str) -> str:
        """Whether a moment lies in the window."""
        return f"{clock} >= timestamp '{self.opened}' and {clock} < timestamp '{self.closed}'"


def check_performance(
    home: Path, *, snapshot_date: date | None = None, settings: Settings | None = None
) -> list[SubjectResult]:
    """Of every forecast on record, the newest day whose window has passed by the day that is checked.

    AUC, Brier score and expected calibration error of probabilities, bias and mean absolute error of values, beside
    what the version promised out of time. Forecasts whose window has not passed are skipped and say when it will have.
    Raises NoBuildError, NoSnapshotError, SettingsError.
    """
    settings = settings or Settings.of_home(home)
    with open_build(home) as connection:
        day = snapshot_day(connection, snapshot_date)
        catalog = Catalog(connection, day)
        return [_Check(connection, forecast, day, settings).made() for forecast in forecasts(catalog)]


def forecasts(catalog: Catalog) -> list[Forecast]:
    """The columns of the scores tables that foretell something which can be looked up, by model and column."""
    found = []
    for champion in catalog.champions:
        for column in catalog.tables.get(f"ml.ml_{champion.model}__scores", {}):
            outcome = _outcome(champion.model_name, column)
            if outcome:
                days = re.search(r"_(\d+)d$", column)
                horizon = int(days[1]) if days else champion.horizon_days
                is_probability = not column.startswith("clv_")
                found.append(Forecast(champion.model, champion.model_name, column, horizon, outcome, is_probability))
    return found


def _outcome(model_name: str, column: str) -> Callable[[_Window], str] | None:
    """How to look up what a column foretold; None for a column that foretells nothing of the kind."""
    if column == "churn_probability":
        return _left if model_name.endswith(".contractual") else _stayed_away
    if re.fullmatch(r"p_purchase_\d+d", column):
        return _bought
    if re.fullmatch(r"survival_\d+d", column) and model_name.endswith(".non_contractual"):
        return _stayed_away
    return _spent if re.fullmatch(r"clv_\d+d", column) else None


def _bought(window: _Window) -> str:
    orders = window.known_rows("int_commerce__orders", "ordered_at")
    return f"select distinct customer_id, 1.0 as realised from ({orders}) where {window.within('ordered_at')}"


def _stayed_away(window: _Window) -> str:
    return f"select customer_id, 0.0 as realised, 1.0 as otherwise from ({_bought(window)})"


def _left(window: _Window) -> str:
    rows = window.known_rows("int_success__subscriptions", "started_at")
    until = f"timestamp '{window.closed}'"
    return (
        f"select distinct customer_id, 0.0 as realised, 1.0 as otherwise from ({rows})"
        f" where started_at < {until} and (ended_at is null or ended_at >= {until})"
    )


def _spent(window: _Window) -> str:
    orders = window.known_rows("int_commerce__orders", "ordered_at")
    returned = window.known_rows("int_commerce__returns", "returned_at")
    return (
        "select customer_id, cast(sum(amount) as double) as realised from ("
        f"select customer_id, coalesce(amount, 0) as amount from ({orders}) where {window.within('ordered_at')}"
        " union all "
        f"select customer_id, -coalesce(refund_amount, 0) from ({returned}) where {window.within('returned_at')}"
        ") group by customer_id"
    )


@dataclass(frozen=True)
class _Check:
    """One forecast on its way to a result."""

    connection: duckdb.DuckDBPyConnection
    forecast: Forecast
    day: date
    settings: Settings

    def made(self) -> SubjectResult:
        forecast, table = self.forecast, f"ml_{self.forecast.model}__scores"
        part = forecast.model_name.partition(".")[2]
        subject = ".".join(filter(None, [table, part, forecast.column]))
        result = SubjectResult(subject, table, "performance", "performance", self.day, model_name=forecast.model_name)
        scored = self._scored()
        matured = [row for row in scored if row[0] + timedelta(days=forecast.horizon) <= self.day]
        if not matured:
            result.measurements = [self._skipped(self._when(scored))]
            return result
        result.reference_date, result.model_version = max(matured)
        result.note = f"of the scores of {result.reference_date}"
        result.measurements = list(self._measured(result.reference_date, result.model_version))
        return result

    def _scored(self) -> list[tuple[date, str]]:
        return self.connection.execute(
            f"select snapshot_date, max(model_version) from ml.ml_{self.forecast.model}__scores"
            " where model_name = ? and snapshot_date <= ? group by snapshot_date",
            [self.forecast.model_name, self.day],
        ).fetchall()

    def _when(self, scored: list[tuple[date, str]]) -> str:
        if not scored:
            return "nothing was scored yet"
        first = min(scored)[0] + timedelta(days=self.forecast.horizon)
        return f"no window of {self.forecast.horizon} days has passed since the first scores; on {first} one has"

    def _measured(self, scored_on: date, version: str) -> Iterator[Measurement]:
        predicted, realised = self._outcomes(scored_on)
        if len(predicted) < FEWEST_ROWS:
            yield self._skipped(f"{len(predicted):,} customers were scored, {FEWEST_ROWS} are needed")
            return
        promised = self._promised(version)
        if self.forecast.is_probability:
            yield from self._of_probabilities(predicted, realised > 0.5, promised)
        else:
            yield from self._of_values(predicted, realised * self._worth(version), promised)

    def _outcomes(self, scored_on: date) -> tuple[metrics.Vector, metrics.Vector]:
        closed = scored_on + timedelta(days=self.forecast.horizon)
        window = _Window(scored_on, closed, self.day, self.settings.load_grace_hours)
        outcome = self.forecast.outcome(window)
        otherwise = "1.0" if "as otherwise" in outcome else "0.0"
        table = self.connection.sql(
            f"select scores.{self.forecast.column} as predicted, coalesce(outcome.realised, {otherwise}) as realised"
            f" from ml.ml_{self.forecast.model}__scores as scores left join ({outcome}) as outcome using (customer_id)"
            f" where scores.model_name = '{self.forecast.model_name}' and scores.snapshot_date = date '{scored_on}'"
            f" and scores.{self.forecast.column} is not null"
            f" order by md5('{self.settings.seed}|' || scores.customer_id), scores.customer_id limit {MOST_ROWS}"
        ).to_arrow_table()
        return table["predicted"].to_numpy().astype(float), table["realised"].to_numpy().astype(float)

    def _promised(self, version: str) -> Mapping[str, float]:
        """Means over the periods that the version was measured on, by metric; only what it was measured by."""
        rows = [
            row
            for row in json.loads(self._registered(version, "performance_json") or "[]")
            if row.get("group_name") == "all" and row.get("horizon") in (None, self.forecast.horizon)
        ]
        names = {name for row in rows for name, value in row.items() if isinstance(value, float)}
        return {name: float(np.mean([row[name] for row in rows if row.get(name) is not None])) for name in names}

    def _worth(self, version: str) -> float:
        """What one unit of spend counts in a version's values: margin and discount, as its registry row has them."""
        terms = json.loads(self._registered(version, "settings_json"))
        return worth(self.forecast.horizon, terms["gross_margin_share"], terms["annual_discount_rate"])

    def _registered(self, version: str, column: str) -> Any:
        rows = self.connection.execute(
            f"select {column} from ml.ml_{self.forecast.model}__fit where model_name = ? and model_version = ?",
            [self.forecast.model_name, version],
        ).fetchall()
        return rows[0][0] if rows else None

    def _of_probabilities(
        self, predicted: metrics.Vector, y: np.ndarray, promised: Mapping[str, float]
    ) -> Iterator[Measurement]:
        positive, negative = int(y.sum()), int((~y).sum())
        if min(positive, negative) < FEWEST_OF_A_CLASS:
            yield self._skipped(f"{positive:,} customers with the outcome, {negative:,} without: too few to judge by")
            return
        found = metrics.of_probabilities(predicted, y)
        drop = max(self.settings.performance_auc_drop_from, noise.auc(positive, negative))
        yield self._change("auc", found, promised, -drop, len(y))
        yield self._change("brier", found, promised, None, len(y))
        message = f"{predicted.mean():.1%} foretold, {found['base_rate']:.1%} came"
        yield self._row("ece", found["ece"], self.settings.model_max_ece, len(y), message)

    def _of_values(
        self, predicted: metrics.Vector, realised: metrics.Vector, promised: Mapping[str, float]
    ) -> Iterator[Measurement]:
        found = metrics.of_values(predicted, realised)
        message = f"{predicted.mean():.2f} a customer foretold, {realised.mean():.2f} came"
        yield self._row("bias", found["bias"], self.settings.performance_bias_from, len(realised), message)
        yield self._change("mae", found, promised, None, len(realised))

    def _change(
        self, metric: str, found: Mapping[str, float], promised: Mapping[str, float], threshold: float | None, n: int
    ) -> Measurement:
        if metric not in promised:
            return self._row(f"{metric}_change", None, threshold, n, f"{found[metric]:.3f} now, nothing was promised")
        message = f"{found[metric]:.3f} now, {promised[metric]:.3f} promised"
        return self._row(f"{metric}_change", found[metric] - promised[metric], threshold, n, message)

    def _row(self, measure: str, value: float | None, threshold: float | None, n: int, message: str) -> Measurement:
        if value is None or not np.isfinite(value):
            status, value = SKIPPED, None
        elif threshold is None:
            status = PASS
        else:
            status = over(value if threshold < 0 else abs(value), threshold, self._severity())
        return Measurement(
            measure, self.forecast.column, "numeric", n_current=n, value=value, threshold=threshold,
            severity=self._severity(), status=status, message=message,
        )  # fmt: skip

    def _skipped(self, why: str) -> Measurement:
        return Measurement("ece", self.forecast.column, severity=self._severity(), status=SKIPPED, message=why)

    def _severity(self) -> str:
        table = f"ml_{self.forecast.model}__scores"
        name = ".".join(filter(None, [table, self.forecast.model_name.partition(".")[2]]))
        return self.settings.severity(table, name, f"{table}.{self.forecast.column}", f"{name}.{self.forecast.column}")
