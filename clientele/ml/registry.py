"""The registry: one row a fitted version, the same columns for every model, and who may become champion."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from clientele.ml import artifacts

FIT_SCHEMA = pa.schema(
    [
        ("model_name", pa.string()),
        ("model_version", pa.string()),
        ("algorithm", pa.string()),
        ("recipe", pa.int32()),
        ("fit_number", pa.int64()),
        ("fitted_for", pa.date32()),
        ("fit_reason", pa.string()),
        ("status", pa.string()),
        ("message", pa.string()),
        ("is_promoted", pa.bool_()),
        ("feature_version", pa.string()),
        ("horizon_days", pa.int32()),
        ("n_rows", pa.int64()),
        ("learnt_from", pa.date32()),
        ("learnt_to", pa.date32()),
        ("calibrated_on", pa.date32()),
        ("seed", pa.int64()),
        ("features_json", pa.string()),
        ("performance_json", pa.string()),
        ("importance_json", pa.string()),
        ("gates_json", pa.string()),
        ("artifact", pa.binary()),
        ("artifact_sha256", pa.string()),
    ]
)
# Raised whenever stored models are read, or features are made into columns, in another way than before.
RECIPE = 1
PROMOTED, CHALLENGER, FAILED = "promoted", "challenger", "failed"


@dataclass
class Version:
    """A fitted candidate on its way into the registry."""

    model_name: str
    algorithm: str
    horizon_days: int
    n_rows: int = 0
    features: Sequence[str] = ()
    learnt: tuple[date, ...] = ()
    calibrated: tuple[date, ...] = ()
    performance: list[dict[str, Any]] = field(default_factory=list)
    importance: Mapping[str, float] = field(default_factory=dict)
    state: dict[str, Any] | None = None
    message: str = ""
    gates: dict[str, str] = field(default_factory=dict)

    @property
    def is_fitted(self) -> bool:
        """Whether there is a model to put to use."""
        return self.state is not None

    def mean(self, metric: str, horizon: int | None = None) -> float:
        """A metric over all customers, averaged over the periods; nan where nothing was measured."""
        values = [
            row[metric]
            for row in self.performance
            if row["group_name"] == "all" and metric in row and horizon in (None, row.get("horizon"))
        ]
        return float(np.mean(values)) if values else math.nan


@dataclass(frozen=True)
class Settings:
    """What a run says about fitting: the row of ml_run."""

    snapshot_date: date
    feature_version: str
    seed: int
    refit: str
    drifted: str
    max_age_days: int
    max_ece: float

    @classmethod
    def of(cls, run: Mapping[str, Any]) -> Settings:
        """From the row of ml_run, which holds more."""
        return cls(
            run["snapshot_date"], run["feature_version"], run["seed"], run["refit_models"], run["drifted_models"],
            run["model_max_age_days"], run["model_max_ece"],
        )  # fmt: skip


def why_fit(model_name: str, settings: Settings, previous: pa.Table | None) -> str | None:
    """The reason to fit in this run, or None where the last version serves."""
    serving = champion(model_name, previous)
    if serving is None:
        return "first"
    if serving["recipe"] != RECIPE:
        return "recipe changed"
    if _names(model_name, settings.refit):
        return "asked"
    if _names(model_name, settings.drifted):
        return "drifted"
    last = max(_of_model(model_name, previous), key=lambda row: row["fit_number"])
    if last["feature_version"] != settings.feature_version:
        return "features changed"
    if (settings.snapshot_date - last["fitted_for"]).days >= settings.max_age_days:
        return "too old"
    return None


def champion(model_name: str, previous: pa.Table | None) -> dict[str, Any] | None:
    """The row of the version promoted last."""
    promoted = [row for row in _of_model(model_name, previous) if row["is_promoted"]]
    return max(promoted, key=lambda row: row["fit_number"]) if promoted else None


def comparable_champion(model_name: str, previous: pa.Table | None) -> dict[str, Any] | None:
    """The version promoted last, if it can still be read."""
    serving = champion(model_name, previous)
    return serving if serving and serving["recipe"] == RECIPE else None


def unpack(version: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a registry row's model.

    Raises ArtifactError where its bytes were changed, or where it was stored in a way that is not read any more.
    """
    name = f"{version['model_name']} {version['model_version']}"
    if version["recipe"] != RECIPE:
        raise artifacts.ArtifactError(
            f"{name} was fitted by recipe {version['recipe']}, this is recipe {RECIPE}: fit anew with "
            "`clientele train`, and take it out of the seed model_pins if it is pinned there."
        )
    return artifacts.unpack(version["artifact"], version["artifact_sha256"], name=name)


def version_of(version: Version, settings: Settings, data: Sequence[Any]) -> str:
    """Twelve hex digits that name what a version was made from: recipe, features, seed and the rows themselves.

    `data` are the arrays it was fitted on; equal ones give an equal version.
    """
    digest = hashlib.sha256()
    recipe = [
        RECIPE, version.model_name, version.algorithm, version.horizon_days, list(version.features),
        settings.feature_version, settings.seed, [str(day) for day in (*version.learnt, *version.calibrated)],
    ]  # fmt: skip
    digest.update(json.dumps(recipe).encode())
    for array in data:
        # As it lies in memory: a matrix by columns would be copied, which for a training set is gigabytes.
        digest.update(array.ravel(order="K").view(np.uint8))
    return digest.hexdigest()[:12]


def gate(is_open: bool, why: str) -> str:
    """What a version's gates say of one of them."""
    return f"{'passed' if is_open else 'failed'}: {why}"


def loss_to_beat(
    model_name: str,
    settings: Settings,
    previous: pa.Table | None,
    *,
    tested: date | None,
    losses: Mapping[str, float],
    of_champion: Callable[[Mapping[str, Any]], float],
) -> tuple[float, str]:
    """The loss that a new version may not exceed on the day it was `tested`, and a word on it.

    It is the champion's own, as `of_champion` measures it, unless the champion knows what came after that day: then it
    is that of its algorithm in this fit, from `losses`. inf where there is nothing to compare with.
    """
    serving = comparable_champion(model_name, previous)
    if serving is None or tested is None:
        return math.inf, "no champion yet"
    name, algorithm = serving["model_version"], serving["algorithm"]
    if serving["feature_version"] != settings.feature_version:
        return math.inf, f"features changed since the champion {name}"
    if serving["fitted_for"] <= tested:
        loss = of_champion(serving)
        return loss, f"the champion's {loss:.4f} ({name})"
    if math.isnan(losses.get(algorithm, math.nan)):
        return math.inf, f"the champion's algorithm {algorithm} could not be measured"
    return losses[algorithm], f"the champion's algorithm {losses[algorithm]:.4f} (it knows the outcomes of {tested})"


def choose(versions: list[Version], *, loss: Mapping[str, float], last_resort: str) -> Version | None:
    """The version to promote: the smallest out-of-time loss among those whose gates are all open.

    `loss` is by algorithm. The last resort is chosen only where nothing else is open.
    """
    open_ = [v for v in versions if v.is_fitted and all(gate.startswith("passed") for gate in v.gates.values())]
    better = [v for v in open_ if v.algorithm != last_resort and not math.isnan(loss[v.algorithm])]
    if better:
        return min(better, key=lambda v: loss[v.algorithm])
    return next((v for v in open_ if v.algorithm == last_resort), None)


def rows(
    versions: list[Version],
    names: Sequence[str],
    chosen: Version | None,
    reason: str,
    settings: Settings,
    previous: pa.Table | None,
) -> list[dict[str, Any]]:
    """The rows of FIT_SCHEMA, one a version; `names` are their content hashes, `previous` the rows so far."""
    made, number = [], 1 + max((row["fit_number"] for row in _rows(previous)), default=0)
    for version, name in zip(versions, names, strict=True):
        artifact = artifacts.pack(version.state) if version.state is not None else None
        made.append(
            {
                "model_name": version.model_name,
                "model_version": name,
                "algorithm": version.algorithm,
                "recipe": RECIPE,
                "fit_number": number,
                "fitted_for": settings.snapshot_date,
                "fit_reason": reason,
                "status": PROMOTED if version is chosen else CHALLENGER if version.is_fitted else FAILED,
                "message": version.message,
                "is_promoted": version is chosen,
                "feature_version": settings.feature_version,
                "horizon_days": version.horizon_days,
                "n_rows": version.n_rows,
                "learnt_from": min(version.learnt, default=None),
                "learnt_to": max(version.learnt, default=None),
                "calibrated_on": max(version.calibrated, default=None),
                "seed": settings.seed,
                "features_json": json.dumps(list(version.features)),
                "performance_json": to_json(version.performance),
                "importance_json": to_json(
                    [{"feature": feature, "importance": size} for feature, size in version.importance.items()]
                ),
                "gates_json": to_json(version.gates),
                "artifact": artifact,
                "artifact_sha256": artifacts.sha256(artifact) if artifact else None,
            }
        )
    return made


def table(made: list[dict[str, Any]]) -> pa.Table:
    """Rows as an Arrow table with FIT_SCHEMA, also where there are none."""
    return pa.Table.from_pylist(made, schema=FIT_SCHEMA)


def to_json(value: Any) -> str:
    """JSON with null for what is not a number."""
    return json.dumps(_finite(value), default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _of_model(model_name: str, previous: pa.Table | None) -> list[dict[str, Any]]:
    return [row for row in _rows(previous) if row["model_name"] == model_name]


def _rows(previous: pa.Table | None) -> list[dict[str, Any]]:
    return previous.to_pylist() if previous is not None else []


def _names(model_name: str, asked: str) -> bool:
    """Whether a comma-separated list names a model: itself, the family before its first dot, or all."""
    names = {name.strip() for name in (asked or "").split(",")}
    return bool(names & {"all", model_name, model_name.split(".", maxsplit=1)[0]})
