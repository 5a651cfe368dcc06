"""The registry: one row a fitted version, the same columns for every model, and when one is fitted anew."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from clientele.ml import artifacts, metrics

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
        ("settings_json", pa.string()),
        ("features_json", pa.string()),
        ("performance_json", pa.string()),
        ("importance_json", pa.string()),
        ("gates_json", pa.string()),
        ("artifact", pa.binary()),
        ("artifact_sha256", pa.string()),
    ]
)
# Raised whenever stored models are read, or features are made into columns, in another way than before.
RECIPE = 4
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
        return metrics.mean_of(self.performance, metric, horizon)


@dataclass(frozen=True)
class Settings:
    """What a run says about fitting: the row of ml_run.

    `heeded` is JSON of the vars that change what a model is; a model that was fitted with others is fitted anew.
    """

    snapshot_date: date
    feature_version: str
    seed: int
    refit: str
    drifted: str
    max_age_days: int
    max_ece: float
    heeded: str

    @classmethod
    def of(cls, run: Mapping[str, Any], **heeded: Any) -> Settings:
        """From the row of ml_run, which holds more; `heeded` are vars that the model heeds, which all do the seed."""
        return cls(
            run["snapshot_date"], run["feature_version"], run["seed"], run["refit_models"], run["drifted_models"],
            run["model_max_age_days"], run["model_max_ece"], json.dumps({**heeded, "seed": run["seed"]}),
        )  # fmt: skip


def why_fit(model_name: str, settings: Settings, previous: pa.Table | None) -> str | None:
    """The reason to fit in this run, or None where the last version serves."""
    rows = _of_model(model_name, previous)
    last = max(rows, key=lambda row: row["fit_number"], default=None)
    if last and last["fitted_for"] > settings.snapshot_date:
        return "fitted for a later day"
    serving = champion(model_name, settings, previous)
    if last is None or serving is None:
        return "first"
    if serving["recipe"] != RECIPE:
        return "recipe changed"
    if _names(model_name, settings.refit):
        return "asked"
    if _names(model_name, settings.drifted):
        return "drifted"
    if changed := _changed(last, settings):
        return changed
    if (settings.snapshot_date - last["fitted_for"]).days >= settings.max_age_days:
        return "too old"
    return None


def champion(model_name: str, settings: Settings, previous: pa.Table | None) -> dict[str, Any] | None:
    """The row of the version promoted last, as the macro champions has it: none that knows more than the run does."""
    promoted = [
        row
        for row in _of_model(model_name, previous)
        if row["is_promoted"] and row["fitted_for"] <= settings.snapshot_date
    ]
    return max(promoted, key=lambda row: row["fit_number"], default=None)


def comparable_champion(
    model_name: str, settings: Settings, previous: pa.Table | None
) -> tuple[dict[str, Any] | None, str]:
    """The champion where it forecasts the same from the same as a version of this run would; else None and why not."""
    serving = champion(model_name, settings, previous)
    if serving is None:
        return None, "no champion yet"
    changed = _changed(serving, settings)
    return (None, f"{changed} since the champion {serving['model_version']}") if changed else (serving, "")


def _changed(version: Mapping[str, Any], settings: Settings) -> str | None:
    """What a version was fitted with that is other than now, in words."""
    if version["recipe"] != RECIPE:
        return "recipe changed"
    if version["feature_version"] != settings.feature_version:
        return "features changed"
    before, now = json.loads(version["settings_json"]), json.loads(settings.heeded)
    names = [name for name in now if before.get(name) != now[name]]
    return f"{', '.join(names)} changed" if names else None


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
    """Twelve hex digits that name what a version was made from: recipe, features, settings and the rows themselves.

    `data` are the arrays it was fitted on; equal ones give an equal version.
    """
    digest = hashlib.sha256()
    recipe = [
        RECIPE, version.model_name, version.algorithm, version.horizon_days, list(version.features),
        settings.feature_version, settings.heeded, [str(day) for day in (*version.learnt, *version.calibrated)],
    ]  # fmt: skip
    digest.update(json.dumps(recipe).encode())
    for array in data:
        # As it lies in memory: a matrix by columns would be copied, which for a training set is gigabytes.
        digest.update(array.ravel(order="K").view(np.uint8))
    return digest.hexdigest()[:12]


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
                "settings_json": settings.heeded,
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
