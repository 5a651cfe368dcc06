"""scikit-learn's boosting, as it comes and slower: peers of the churn parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SLOW = {"learning_rate": 0.03, "max_iter": 300, "max_leaf_nodes": 15, "l2_regularization": 1.0}
WORDS = ", ".join(f"{name} {value:g}" for name, value in SLOW.items())


def boosting() -> dict[str, Callable[[], Any]]:
    """Untrained classifiers by name; texts are to come as pandas categories."""
    from sklearn.ensemble import HistGradientBoostingClassifier as Boosting

    return {
        "HistGradientBoosting, default": lambda: Boosting(random_state=42),
        "HistGradientBoosting, slower": lambda: Boosting(random_state=42, **SLOW),
    }
