"""Performance once outcomes are known: scores on record against what customers then did, and what was promised."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from clientele.ml import metrics
from clientele.ml.feature_table import as_numbers
from clientele.ml.value_model import worth
from clientele.monitoring import noise
from clientele.monitoring.bands import by_band
from clientele.monitoring.drift import snapshot_day
from clientele.monitoring.outcomes import Outcome, Window, outcome_of
from clientele.monitoring.results import PASS, SKIPPED, Measurement, SubjectResult, failed_to_measure, over
from clientele.monitoring.settings import Settings
from clientele.monitoring.subjects import Catalog
from clientele.querying import open_build

MOST_ROWS = 200_000  # of one day's scores, drawn by hash: the AUC is then known to .002
FEWEST_ROWS = 200
FEWEST_OF_A_CLASS = 10


@dataclass(frozen=True)
class Forecast:
    """A column of scores that tells of a window that will pass, and how to look up what came."""

    model: str
    model_name: str
    column: str
    horizon: int  # days
    outcome: Outcome
    is_probability: bool = True
    has_bands: bool = False


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
        columns = catalog.tables.get(f"ml.ml_{champion.model}__scores", {})
        for column in columns:
            outcome = outcome_of(champion.model_name, column)
            if outcome:
                days = re.search(r"_(\d+)d$", column)
                horizon = int(days[1]) if days else champion.horizon_days
                is_probability = not column.startswith("clv_")
                has_bands = {"band", f"{column}_lower", f"{column}_upper"} <= set(columns)
                found.append(
                    Forecast(champion.model, champion.model_name, column, horizon, outcome, is_probability, has_bands)
                )
    return found


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
        try:
            self._judge(result)
        except Exception as error:  # one forecast that cannot be looked up must not take the other checks with it
            why, status = f"{type(error).__name__}: {error}", failed_to_measure(self._severity())
            result.measurements = [
                Measurement("ece", self.forecast.column, severity=self._severity(), status=status, message=why)
            ]
        return result

    def _judge(self, result: SubjectResult) -> None:
        scored = self._scored()
        matured = [row for row in scored if row[0] + timedelta(days=self.forecast.horizon) <= self.day]
        if not matured:
            result.measurements = [self._skipped(self._when(scored))]
            return
        result.reference_date, result.model_version = max(matured)
        result.note = f"of the scores of {result.reference_date}"
        result.measurements = list(self._measured(result.reference_date, result.model_version))

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
        told = self._outcomes(scored_on)
        predicted, realised = as_numbers(told["predicted"]), as_numbers(told["realised"])
        if len(predicted) < FEWEST_ROWS:
            yield self._skipped(f"{len(predicted):,} customers to judge by, {FEWEST_ROWS} are needed")
            return
        promised = self._promised(version)
        if self.forecast.is_probability:
            yield from self._of_probabilities(predicted, realised > 0.5, promised)
            if self.forecast.has_bands:
                yield from by_band(told, self._severity())
        else:
            yield from self._of_values(predicted, realised * self._worth(version), promised)

    def _outcomes(self, scored_on: date) -> pa.Table:
        """`predicted` and `realised` of whoever the outcome is asked of; where there are bands, `band` and bounds."""
        forecast = self.forecast
        window = Window(
            scored_on, scored_on + timedelta(days=forecast.horizon), self.day, self.settings.load_grace_hours
        )
        outcome = forecast.outcome
        bands = f", band, {forecast.column}_lower as lower, {forecast.column}_upper as upper"
        return self.connection.sql(
            f"select scores.{forecast.column} as predicted, coalesce(outcome.realised, {outcome.otherwise}) as realised"
            f"{bands if forecast.has_bands else ''} from ml.ml_{forecast.model}__scores as scores"
            f" {'left' if outcome.is_of_all else 'inner'} join ({outcome.sql(window)}) as outcome using (customer_id)"
            f" where scores.model_name = '{forecast.model_name}' and scores.snapshot_date = date '{scored_on}'"
            f" and scores.{forecast.column} is not null"
            f" order by md5('{self.settings.seed}|' || scores.customer_id), scores.customer_id limit {MOST_ROWS}"
        ).to_arrow_table()

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
        """What one unit of spend counts in the values of a version, by the margin and discount on record."""
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
