"""Thresholds: the vars of dbt_project.yml under those of the warehouse, checked before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clientele.running import effective_vars

# Lowest and highest value of each var; what they mean stands beside them in dbt_project.yml.
RANGES: Mapping[str, tuple[float, float]] = {
    "drift_psi_from": (0.01, 5),
    "drift_wasserstein_from": (0.01, 5),
    "drift_jensen_shannon_from": (0.01, 0.8),
    "drift_null_rate_from": (0.001, 1),
    "drift_new_category_from": (0.0001, 1),
    "drift_columns_from": (0, 1),
    "drift_sample_rows": (1_000, 200_000),
    "drift_report_columns": (1, 50),
    "drift_reports_kept": (1, 3_650),
    "performance_auc_drop_from": (0.005, 0.5),
    "performance_bias_from": (0.01, 5),
    "model_max_ece": (0.02, 0.2),
    "volume_z_from": (2, 50),
    "freshness_gaps_from": (1, 50),
}
WHOLE_NUMBERS = ("drift_sample_rows", "drift_report_columns", "drift_reports_kept")


class SettingsError(ValueError):
    """A var that cannot be; the message says which, and what it may be."""


@dataclass(frozen=True)
class Settings:
    """What the checks are told by vars. Shares and rates are in 0..1."""

    drift_psi_from: float
    drift_wasserstein_from: float
    drift_jensen_shannon_from: float
    drift_null_rate_from: float
    drift_new_category_from: float
    drift_columns_from: float
    drift_sample_rows: int
    drift_report_columns: int
    drift_reports_kept: int
    performance_auc_drop_from: float
    performance_bias_from: float
    model_max_ece: float
    volume_z_from: float
    freshness_gaps_from: float
    drift_reference_model: str = "churn"
    drift_error_on: tuple[str, ...] = ()
    load_grace_hours: float = 6
    seed: int = 42

    @classmethod
    def of(cls, variables: Mapping[str, Any]) -> Settings:
        """From vars by name; others are left alone. Raises SettingsError."""
        numbers = {name: _number(name, variables.get(name)) for name in RANGES}
        whole: dict[str, Any] = {name: int(numbers[name]) for name in WHOLE_NUMBERS}
        return cls(
            **numbers | whole,
            drift_reference_model=str(variables.get("drift_reference_model", "churn")),
            drift_error_on=_names("drift_error_on", variables.get("drift_error_on")),
            load_grace_hours=float(variables.get("load_grace_hours", 6)),
            seed=int(variables.get("seed", 42)),
        )

    @classmethod
    def of_home(cls, home: Path) -> Settings:
        """Of a warehouse. Raises SettingsError."""
        return cls.of(effective_vars(home))

    def severity(self, *names: str) -> str:
        """error where `drift_error_on` has one of the names of a check, else warn."""
        return "error" if set(names) & set(self.drift_error_on) else "warn"


def _number(name: str, value: Any) -> float:
    low, high = RANGES[name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_right = is_number and low <= value <= high and (name not in WHOLE_NUMBERS or value == int(value))
    if not is_right:
        kind = "a whole number" if name in WHOLE_NUMBERS else "a number"
        raise SettingsError(f"the var {name} is {value!r}: choose {kind} from {low:,} to {high:,} (vars.yml)")
    return float(value)


def _names(name: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise SettingsError(f"the var {name} is {value!r}: write a list of names, such as [feat_orders]")
    return tuple(value)
