"""Who becomes champion: gates, and how a new version is held against the champion of today.

A version is measured in past periods by the same recipe, fitted on less. The champion is measured itself, on the same
customers, where it knows nothing of what they did; a monthly fit is too early for that at a long horizon. Then what is
on record of the champion counts: in the same periods where nothing newer is measured, else in its own, with what noise
may make of it. A loss is therefore one that can be compared from period to period.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientele.ml import registry
from clientele.ml.periods import OUT_OF_TIME
from clientele.ml.registry import Settings, Version

Vector = npt.NDArray[np.float64]
Row = Mapping[str, Any]
Key = tuple[int, str]  # horizon in days, 0 where a model has one only, and the day that was measured on
Losses = dict[Key, float]
LossesOf = Callable[[Sequence[Row]], Losses]
Measured = Callable[[Row, Sequence[Key]], Losses]

UNPROVEN = "unproven: "  # how the words of a gate begin that too little is known for; it stands in nobody's way
TOO_FEW = "too few periods were measured to tell it from the champion"
NOISE = 2.0  # standard errors by which a version may be worse than the champion was in other periods


def gate(is_open: bool, why: str) -> str:
    """What a version's gates say of one of them."""
    return f"{'passed' if is_open else 'failed'}: {why}"


def is_open(gates: Mapping[str, str]) -> bool:
    """Whether none of them failed; what could not be compared or proven stands in nobody's way."""
    return not any(text.startswith("failed") for text in gates.values())


def choose(versions: Sequence[Version], *, loss: Mapping[str, float], last_resort: str) -> Version | None:
    """The version to promote: the smallest out-of-time loss among those whose gates are all open.

    `loss` is by algorithm. The last resort is chosen only where nothing else is open.
    """
    open_ = [version for version in versions if version.is_fitted and is_open(version.gates)]
    better = [v for v in open_ if v.algorithm != last_resort and not math.isnan(loss[v.algorithm])]
    if better:
        return min(better, key=lambda v: loss[v.algorithm])
    return next((v for v in open_ if v.algorithm == last_resort), None)


def out_of_time(performance: Iterable[Row]) -> list[Row]:
    """The rows over all customers that were measured out of time."""
    return [row for row in performance if row["group_name"] == "all" and row["protocol"] == OUT_OF_TIME]


def log_losses(performance: Sequence[Row]) -> Losses:
    """By horizon and day, the log loss as a share of what knowing the common rate leaves."""
    losses = Losses()
    for row in out_of_time(performance):
        if 0 < row.get("base_rate", 0) < 1 and "log_loss" in row:
            rates = np.array([row["base_rate"], 1 - row["base_rate"]])
            losses[row.get("horizon", 0), row["period"]] = row["log_loss"] / float(-(rates * np.log(rates)).sum())
    return losses


def hold_against_champion(
    versions: Sequence[Version],
    settings: Settings,
    previous: pa.Table | None,
    *,
    losses: LossesOf,
    measured: Measured,
    last_resort: str,
) -> None:
    """Add to every version of a model that was fitted the gate that today's champion keeps.

    `losses` reads those of a version's performance, `measured` tells those of a stored version on given days.
    """
    rival = Rival.of(settings, previous, versions, losses=losses, measured=measured)
    for version in (version for version in versions if version.is_fitted):
        must_beat = version.algorithm == last_resort != rival.algorithm
        version.gates["not_worse_than_champion"] = rival.gate(losses(version.performance), must_beat=must_beat)


@dataclass(frozen=True)
class Rival:
    """Today's champion as new versions meet it; without an `algorithm` there is none, and `words` say why."""

    words: str
    algorithm: str = ""
    losses: Losses = field(default_factory=dict)
    in_same_periods: bool = True

    @classmethod
    def of(
        cls,
        settings: Settings,
        previous: pa.Table | None,
        versions: Sequence[Version],
        *,
        losses: LossesOf,
        measured: Measured,
    ) -> Rival:
        """The champion among the registry's rows, as far as new versions can be compared with it."""
        champion, why = registry.comparable_champion(versions[0].model_name, settings, previous)
        if champion is None:
            return cls(why)
        name, algorithm = champion["model_version"], champion["algorithm"]
        newest = _newest(key for version in versions for key in losses(version.performance))
        unknown_to_it = [key for key in newest if key[1] >= champion["fitted_for"].isoformat()]
        if unknown_to_it:
            return cls(f"of the same customers by the champion {name}", algorithm, measured(champion, unknown_to_it))
        known = losses(json.loads(champion["performance_json"]))
        is_same = set(newest) <= known.keys()
        words = f"in {'the same' if is_same else 'earlier'} periods by the champion {name}"
        return cls(words, algorithm, known, is_same)

    def gate(self, own: Losses, *, must_beat: bool = False) -> str:
        """Whether a version with these losses may take the champion's place; the last resort `must_beat` another."""
        if not self.algorithm:
            return f"not compared: {self.words}"
        loss, of_champion, noise = _compared(own, self.losses, in_same_periods=self.in_same_periods)
        if math.isnan(noise):
            return gate(False, "it serves only where nothing else may") if must_beat else f"not compared: {TOO_FEW}"
        is_open = loss < of_champion if must_beat else loss <= of_champion + noise
        allowed = f", {noise:.3f} allowed for noise" if noise and not must_beat else ""
        return gate(is_open, f"loss {loss:.4f}, {of_champion:.4f} {self.words}{allowed}")


def _newest(keys: Iterable[Key]) -> list[Key]:
    """Of each horizon, that of the last day."""
    return list({horizon: (horizon, day) for horizon, day in sorted(keys)}.values())


def _compared(own: Losses, champions: Losses, *, in_same_periods: bool) -> tuple[float, float, float]:
    """Either loss, averaged over the horizons that both know, and what noise may add; nan where that is not known."""
    if in_same_periods:
        shared = own.keys() & champions.keys()
        own, champions = {key: own[key] for key in shared}, {key: champions[key] for key in shared}
    horizons = sorted({horizon for horizon, _ in own} & {horizon for horizon, _ in champions})
    if not horizons:
        return math.nan, math.nan, math.nan
    pairs = [(_at(own, horizon), _at(champions, horizon)) for horizon in horizons]
    means = np.mean([(one.mean(), other.mean()) for one, other in pairs], axis=0)
    return *means, 0.0 if in_same_periods else _noise(pairs)


def _at(losses: Losses, horizon: int) -> Vector:
    return np.array([loss for (of, _), loss in losses.items() if of == horizon])


def _noise(pairs: Sequence[tuple[Vector, Vector]]) -> float:
    """What periods that differ by chance make of two means: NOISE standard errors, by the champion's own spread.

    A new version's spread is no measure: the worse it is the wider that may be.
    """
    deviations = np.concatenate([champions - champions.mean() for _, champions in pairs])
    freedom = len(deviations) - len(pairs)
    if freedom < 1:
        return math.nan
    errors = [math.sqrt(1 / len(one) + 1 / len(other)) for one, other in pairs]
    return NOISE * math.sqrt(float((deviations**2).sum()) / freedom) * float(np.mean(errors))
