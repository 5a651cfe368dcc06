"""Credit: the scorecard that may be promoted, a challenger of trees, and the same scorecard with emotion as a shadow.

Only `scorecard` ever scores a customer. The others are measured beside it on the same customers, and `comparison_json`
holds what they differ by.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clientele.ml import registry, score_from_rows
from clientele.ml.credit_candidates import Boosting, Candidate, Card, fit_candidate
from clientele.ml.credit_comparison import compared
from clientele.ml.feature_table import as_numbers
from clientele.ml.loans import EMOTION, Loans
from clientele.ml.metrics import auc_by_chance, of_probabilities
from clientele.ml.periods import OUT_OF_TIME
from clientele.ml.promotion import UNPROVEN, Key, Losses, gate, hold_against_champion, is_open, log_losses
from clientele.ml.registry import Settings, Version
from clientele.ml.scorecard import Scaling
from clientele.ml.threads import single_threaded

NAME = "credit"
SCORECARD, BOOSTING, SHADOW = ALGORITHMS = ("scorecard", "boosting", "scorecard_with_emotion")
HORIZON = 365
# What the label means: the vars that decide who defaulted and of whom it is asked.
LABEL = (
    "credit_default_horizon_days",
    "credit_default_days_past_due",
    "credit_probation_days",
    "credit_application_days",
)
MOST_OFF = 1.5  # expected over observed defaults, or the inverse, at which the level is still right
MOST_ECE = 0.25  # of the rate of default: at a rate of a tenth an error of .15 is larger than the rate itself
# Distinct customers, below which no scorecard is fitted; nor does a backtest whose model learnt from fewer, or that
# fewer than the second number were measured in, say anything of the one in use.
FEWEST_DEFAULTED, FEWEST_MEASURED = 50, 20
FIT_SCHEMA = pa.schema(
    [
        *registry.FIT_SCHEMA,
        ("scorecard_json", pa.string()),
        ("pd_json", pa.string()),
        ("comparison_json", pa.string()),
        ("backtest_json", pa.string()),
    ]
)
NEVER = {
    BOOSTING: "a challenger: it is measured beside the scorecard and never scores",
    SHADOW: "a shadow: what emotion would add is measured, never used",
}


@single_threaded
def fit(
    training_set: pa.Table,
    run: Mapping[str, Any],
    previous: pa.Table | None,
    senses: Mapping[str, str | None] | None = None,
) -> pa.Table:
    """New versions of the credit models, as rows of FIT_SCHEMA; none where the last ones serve.

    `training_set` has customer_id, snapshot_date, is_default and the characteristics, those that tell of emotions with
    the prefix emotion_. `run` is the row of ml_run, `previous` the registry's rows of these models. `senses` say of
    characteristics whether `more` or `less` of them is safer by common sense; what turns out otherwise is noted.
    """
    scaling = Scaling(*(float(run[f"credit_{name}"]) for name in ("target_score", "target_odds", "pdo")))
    scale = {
        "credit_target_score": scaling.target_score,
        "credit_target_odds": scaling.target_odds,
        "credit_pdo": scaling.pdo,
    }
    settings = Settings.of(run, **scale, **{name: run[name] for name in LABEL if name in run})
    reason = registry.why_fit(NAME, settings, previous)
    if not reason:
        return _table([])
    horizon = int(run.get("credit_default_horizon_days") or HORIZON)
    if message := too_little(training_set):
        failed = Version(NAME, SCORECARD, horizon, message=message, gates={"fitted": f"failed: {message}"})
        return _table(registry.rows([failed], ["none"], None, reason, settings, previous))
    loans = Loans.of(training_set)
    candidates = [
        _candidate(loans, algorithm, scaling, horizon=horizon, seed=settings.seed) for algorithm in ALGORITHMS
    ]
    versions = [_version(loans, horizon, candidate, senses or {}) for candidate in candidates]
    for version, candidate in zip(versions, candidates, strict=True):
        version.gates = _gates(version, settings.max_ece, candidate.n_defaulted)
    measured = partial(_measured, training_set)
    hold_against_champion(versions[:1], settings, previous, losses=log_losses, measured=measured, last_resort="")
    chosen = versions[0] if versions[0].is_fitted and is_open(versions[0].gates) else None
    names = [registry.version_of(version, settings, [loans.x, loans.y]) for version in versions]
    rows = registry.rows(versions, names, chosen, reason, settings, previous)
    differences = comparison(loans, candidates, seed=settings.seed)
    for row, candidate in zip(rows, candidates, strict=True):
        of = [one for one in differences if one["algorithm"] == candidate.algorithm]
        row.update(_as_json(candidate), comparison_json=registry.to_json(of) if of else None)
    if chosen:  # of customers by their ids: kept of what scores them, and of nothing else
        rows[0]["backtest_json"] = _told(loans, candidates[0])
    return _table(rows)


def too_little(training_set: pa.Table) -> str:
    """Why no scorecard can be learnt from these rows; empty where it can."""
    if not training_set.num_rows:
        return (
            "no loan has been watched for the whole horizon yet: a label needs a snapshot that lies so far back. "
            "Load loans and repayments, or older ones."
        )
    is_default = pc.equal(pc.cast(training_set["is_default"], pa.int8()), 1)
    customers = training_set["customer_id"]
    defaulted = len(pc.unique(customers.filter(pc.fill_null(is_default, fill_value=False))))
    kept = len(pc.unique(customers.filter(pc.invert(pc.fill_null(is_default, fill_value=True)))))
    for n, who in ((defaulted, "defaulted"), (kept, "paid back")):
        if n < FEWEST_DEFAULTED:
            return (
                f"{n or 'no'} customer{'s' * (n != 1)} {who} within the horizon, {FEWEST_DEFAULTED} are needed: "
                "a scorecard from fewer would be chance. Load more loans."
            )
    return ""


def comparison(loans: Loans, candidates: Sequence[Candidate], *, seed: int) -> list[dict[str, Any]]:
    """Metrics and differences from the scorecard on the newest backtest, with intervals over drawn customers.

    Also among those customers alone of whom some emotion is known: population `emotion_known`. All by probabilities
    before points are rounded: what emotion adds is less than half a point, and a figure is comparable with its like
    alone. What whole points make of the scorecard stands in its performance.
    """
    base = candidates[0]
    if base.fitted is None:
        return []
    told = {one.algorithm: one.exact for one in candidates if one.fitted and np.array_equal(one.tested, base.tested)}
    y, case, known = loans.y[base.tested], loans.case[base.tested], loans.knows_emotion()[base.tested]
    of = {"period": base.performance[0]["period"], "protocol": base.performance[0]["protocol"]}
    populations = {"all": np.full(len(y), fill_value=True)} | ({"emotion_known": known} if SHADOW in told else {})
    rows = list[dict[str, Any]]()
    for population, of_it in populations.items():
        if of_it.any():
            probabilities = {name: p[of_it] for name, p in told.items()}
            found = compared(probabilities, y[of_it], case[of_it], against=SCORECARD, seed=seed)
            rows += [{"population": population, **of, **row} for row in found]
    return rows


def _candidate(loans: Loans, algorithm: str, scaling: Scaling, *, horizon: int, seed: int) -> Candidate:
    own = loans.reading(emotion=algorithm == SHADOW)
    candidate = fit_candidate(own, algorithm, scaling, horizon=horizon, seed=seed)
    if algorithm == SHADOW and not any(feature.name.startswith(EMOTION) for feature in own.features):
        candidate.fitted, candidate.performance = None, []
        candidate.message = "no emotion is known with consent to be used for credit"
    return candidate


def _version(loans: Loans, horizon: int, candidate: Candidate, senses: Mapping[str, str | None]) -> Version:
    left_out, fitted = loans.reading(emotion=candidate.algorithm == SHADOW).left_out, candidate.fitted
    notes = [f"{name} left out: {why}" for name, why in left_out.items()]
    if fitted and isinstance(fitted.model, Card):
        turning = [one.name for one in fitted.model.card.characteristics if not one.is_monotone]
        notes += [f"{name} is not monotone: unseen customers bear it out" for name in turning]
        notes += [
            f"{name} gives more points for {way}, where common sense has it otherwise"
            for name, way in _ways(fitted.rows or []).items()
            if senses.get(name) not in (None, "", way)
        ]
    return Version(
        model_name=NAME,
        algorithm=candidate.algorithm,
        horizon_days=horizon,
        n_rows=candidate.n_rows,
        features=_features(candidate),
        learnt=candidate.period.learn,
        calibrated=candidate.period.calibrate,
        performance=candidate.performance,
        importance=candidate.importance,
        state=None if fitted is None else _state(candidate),
        message="; ".join(text for text in (candidate.message, _evidence(candidate), *notes) if text),
    )


def _evidence(candidate: Candidate) -> str:
    """What was measured and what is in use: two models of one recipe, often of very different experience."""
    if candidate.fitted is None:
        return ""
    newest = candidate.performance[0]
    return (
        f"measured as learnt from {newest['n_learnt']:,} rows with {newest['n_defaulted_learnt']:,} customers who "
        f"defaulted, in use from {candidate.n_rows:,} rows with {candidate.n_defaulted:,}"
    )


def _ways(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Whether `more` or `less` of a number gives more points, from its first bin to its last."""
    ends = dict[str, list[int]]()
    for row in sorted(rows, key=lambda row: int(row["bin"])):
        if row["bin"] >= 0 and not row["categories"]:
            ends.setdefault(row["characteristic"], []).append(row["points"])
    return {name: "more" if of[-1] > of[0] else "less" for name, of in ends.items() if of[-1] != of[0]}


def _features(candidate: Candidate) -> list[str]:
    fitted = candidate.fitted
    if fitted is None:
        return []
    if isinstance(fitted.model, Boosting):
        return [feature.name for feature in fitted.model.boosting.features]
    return list(dict.fromkeys(row["characteristic"] for row in fitted.rows or []))


def _state(candidate: Candidate) -> dict[str, Any]:
    assert candidate.fitted is not None
    model = candidate.fitted.model
    if isinstance(model, Boosting):
        return model.boosting.to_state() | {"calibration": candidate.fitted.recalibration.calibration.to_state()}
    return {"kind": "scorecard", **{name: text for name, text in _as_json(candidate).items() if text}}


def _as_json(candidate: Candidate) -> dict[str, str | None]:
    fitted = candidate.fitted
    if fitted is None or fitted.rows is None:
        return {"scorecard_json": None, "pd_json": None}
    return {"scorecard_json": registry.to_json(fitted.rows), "pd_json": registry.to_json(fitted.pd_rows())}


def _told(loans: Loans, candidate: Candidate) -> str:
    """What a model of that time said in the newest backtest, beside what came after, which it did not know.

    One row a customer: a backtest on other customers of the same time holds several snapshots of them; the last counts.
    """
    newest = loans.days[candidate.tested] == loans.days[candidate.tested].max()
    at = candidate.tested[newest]
    of = zip(
        loans.table["customer_id"].take(at).to_pylist(),
        loans.days[at].astype(str).tolist(),
        candidate.told[newest].tolist(),
        loans.y[at].tolist(),
        strict=True,
    )
    return registry.to_json(
        [dict(zip(("customer_id", "snapshot_date", "pd", "is_default"), row, strict=True)) for row in of]
    )


def _gates(version: Version, max_ece: float, n_defaulted: int) -> dict[str, str]:
    """Each gate with `passed`, `failed` or `unproven` and the numbers.

    What was measured is an older model: where it learnt from too few to be fitted at all, whether it was calibrated
    says nothing of the one in use, be it good or bad. `n_defaulted` are the customers that the one in use learnt from.
    """
    if not version.is_fitted:
        return {"fitted": f"failed: {version.message}"}
    auc, chance = version.mean("auc"), auc_by_chance(version.performance)
    is_calibrated, has_slope = _is_calibrated(version, max_ece), _has_slope(version.performance[0])
    if too_few := _too_few(version, n_defaulted):
        is_calibrated, has_slope = (
            f"{UNPROVEN}{text.partition(': ')[2]}; {too_few}" for text in (is_calibrated, has_slope)
        )
    gates = {
        "calibrated": is_calibrated,
        "right_slope": has_slope,
        "right_level": _right_level(version.performance),
        "tells_customers_apart": gate(auc > chance, f"AUC {auc:.3f}, chance reaches {chance:.3f}"),
    }
    if why := NEVER.get(version.algorithm):
        gates["may_score"] = gate(is_open=False, why=why)
    return gates


def _is_calibrated(version: Version, max_ece: float) -> str:
    """Whether predicted and observed rates of tenths of the customers are near to each other, for so rare an event."""
    # Backtests of few defaults say little of a gate that the newest decides on many.
    told = [row for row in version.performance if _is_enough(row)] or version.performance
    ece, by_chance, rate = (
        sum(row[name] for row in told) / len(told) for name in ("ece", "ece_by_chance", "base_rate")
    )
    most = min(max_ece, MOST_ECE * rate)
    words = (
        f"ECE {ece:.3f}, at most {most:.3f} where {100 * rate:.1f} % default, or {by_chance:.3f} that chance reaches"
    )
    return gate(ece <= max(most, by_chance), words)


def _has_slope(newest: Mapping[str, Any]) -> str:
    """Whether probabilities spread as outcomes do: flat ones hide who is safe and who is not, at a small ECE, too."""
    slope, error = newest["slope"], newest["slope_error"]
    off = 1.96 * error
    is_right = 1 / MOST_OFF <= slope <= MOST_OFF or (slope > 0 and abs(slope - 1) <= off)
    words = (
        f"slope {slope:.2f} ({max(0.0, slope - off):.2f} to {slope + off:.2f}), 1 is right, off by {MOST_OFF} at most"
    )
    return gate(is_right, words)


def _is_enough(measured: Mapping[str, Any]) -> bool:
    return bool(measured["n_defaulted_learnt"] >= FEWEST_DEFAULTED and measured["n_defaulted"] >= FEWEST_MEASURED)


def _too_few(version: Version, n_defaulted: int) -> str:
    """Why the newest backtest cannot say whether the model in use is calibrated; empty where it can."""
    newest = version.performance[0]
    if _is_enough(newest):
        return ""
    return (
        f"not enough to say: what was measured learnt from {newest['n_learnt']:,} rows with "
        f"{newest['n_defaulted_learnt']:,} customers who defaulted ({FEWEST_DEFAULTED} are needed), on "
        f"{newest['n_defaulted']:,} who did ({FEWEST_MEASURED} are needed); "
        f"what is in use learnt from {version.n_rows:,} rows with {n_defaulted:,}"
    )


def _right_level(performance: Sequence[Mapping[str, Any]]) -> str:
    """Whether as many defaulted as were expected, over all periods: of a small rate half is a small ECE, too.

    Chance moves the logarithm of a count of n customers by 1 / sqrt(n): of those who defaulted, and of those the level
    was learnt from. Periods learn from the same customers, so that their errors of learning do not cancel.
    """
    expected = sum(row["n"] * row["mean_pd"] for row in performance)
    defaulted = sum(row["n"] * row["base_rate"] for row in performance)
    of_test = 1 / math.sqrt(sum(row["n_defaulted"] for row in performance))
    of_level = sum(row["n"] * row["mean_pd"] / math.sqrt(row["n_defaulted_level"]) for row in performance) / expected
    most = max(MOST_OFF, math.exp(1.96 * math.hypot(of_test, of_level)))
    words = f"{expected:.1f} defaults expected, {defaulted:.0f} observed, off by a factor of {most:.2f} at most"
    return gate(1 / most <= expected / defaulted <= most, words)


def _measured(training_set: pa.Table, version: Mapping[str, Any], keys: Sequence[Key]) -> Losses:
    """Losses of a stored scorecard on the rows of some days."""
    rows, performance = read(version), list[dict[str, Any]]()
    for _, day in keys:
        at = training_set.filter(
            pc.equal(training_set["snapshot_date"], pa.scalar(date.fromisoformat(day), pa.date32()))
        )
        probability = score_from_rows.probability(rows, score_from_rows.score(rows, at))
        of = {"group_name": "all", "period": day, "protocol": OUT_OF_TIME}
        performance.append(of | of_probabilities(probability, as_numbers(at["is_default"]) > 0))
    return log_losses(performance)


def read(version: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The scorecard's rows of a registry row. Raises ArtifactError, as registry.unpack."""
    rows: list[dict[str, Any]] = json.loads(registry.unpack(version)["scorecard_json"])
    return rows


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=FIT_SCHEMA)
