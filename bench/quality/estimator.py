"""Our churn estimator as it is put to use: every algorithm measured in past periods, the best of them on all rows."""

from __future__ import annotations

from collections.abc import Mapping

from clientele.ml.classifier import LAST_RESORT, Candidate, Examples, Fit, fit_candidates
from clientele.ml.metrics import mean_of


def champion(
    examples: Examples, horizon: int, learners: Mapping[str, Fit], *, seed: int
) -> tuple[Candidate, dict[str, Candidate]]:
    """The candidate with the smallest log loss in the backtests, and by name all that could be fitted.

    Nothing but the examples is looked at: they end a horizon before anything that is measured here.
    """
    candidates = {
        one.algorithm: one for one in fit_candidates(examples, horizon, learners, seed=seed) if one.classifier
    }
    able = [one for name, one in candidates.items() if name != LAST_RESORT]
    return min(able, key=lambda candidate: mean_of(candidate.performance, "log_loss")), candidates
