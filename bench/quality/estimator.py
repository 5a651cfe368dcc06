"""Our churn estimator as it is put to use: every algorithm measured in past periods, the best of them on all rows."""

from __future__ import annotations

from clientele.ml.classifier import LAST_RESORT, Candidate, Examples, fit_candidates


def champion(examples: Examples, horizon: int, *, seed: int) -> tuple[Candidate, dict[str, Candidate]]:
    """The candidate with the smallest log loss in the backtests, and all of them by name.

    Nothing but the examples is looked at: they end a horizon before anything that is measured here.
    """
    candidates = {candidate.algorithm: candidate for candidate in fit_candidates(examples, horizon, seed=seed)}
    able = [one for name, one in candidates.items() if name != LAST_RESORT and one.classifier]
    return min(able, key=lambda candidate: candidate.mean("log_loss")), candidates
