"""The measures of one column, each judged by its threshold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clientele.monitoring import exact, noise, sampled
from clientele.monitoring.exact import Comparison
from clientele.monitoring.results import SKIPPED, Measurement, failed_to_measure, over
from clientele.monitoring.sampled import Sample
from clientele.monitoring.settings import Settings


@dataclass(frozen=True)
class ColumnCheck:
    """One column on both sides: all rows, and the sample of them (None where it has too many categories)."""

    compared: Comparison
    sample: Sample | None
    settings: Settings
    severity: str

    def measurements(self) -> list[Measurement]:
        """All measures of the column; those that cannot be taken are skipped with the reason."""
        if self.sample is None:
            return [self._unmeasured("psi", f"more than {exact.MOST_CATEGORIES:,} categories")]
        measures = [self._psi(), self._null_rate(), self._of_sample(self.sample)]
        if self.compared.column.column_type == "category":
            measures.append(self._new_categories())
        return measures

    def _psi(self) -> Measurement:
        reference, current = self._counts()
        n, m = sum(reference.values()), sum(current.values())
        if min(n, m) < exact.FEWEST_ROWS:
            return self._unmeasured("psi", _too_few(n, m))
        both = {key: reference.get(key, 0) + current.get(key, 0) for key in {*reference, *current}}
        value, independent = exact.psi(reference, current), self._independent(n)
        threshold = max(self.settings.drift_psi_from * self._patience, noise.psi(len(both), independent, m))
        if value > threshold and min(independent, m) < noise.MANY_ROWS:
            drawn = noise.psi_drawn(both, independent, m, least_share=exact.LEAST_SHARE, seed=self.settings.seed)
            threshold = max(threshold, drawn)
        return self._measured("psi", value, threshold, _what_moved(reference, current, self.compared.edges))

    def _null_rate(self) -> Measurement:
        before, now = self.compared.reference, self.compared.current
        if not before.n or not now.n:
            return self._unmeasured("null_rate_difference", "no rows")
        middle = (before.null_rate + now.null_rate) / 2
        chance = noise.rate(middle, self.compared.n_independent, now.n)
        # Where nulls are usual they come and go with what they stand for; where there were none, something broke.
        least = self.settings.drift_null_rate_from if before.n_null else self.settings.drift_first_nulls_from
        if not before.n_null:
            chance = max(chance, noise.unseen(self.compared.n_independent, now.n))
        threshold = max(least, chance)
        moved = f"nulls {before.null_rate:.1%} then, {now.null_rate:.1%} now"
        return self._measured("null_rate_difference", abs(now.null_rate - before.null_rate), threshold, moved)

    def _new_categories(self) -> Measurement:
        reference, current = self.compared.reference.counts, self.compared.current.counts
        if not reference or not current:
            return self._unmeasured("new_category_share", "no categories")
        share, names = exact.new_category_share(reference, current)
        moved = f"new: {', '.join(names[:3])}"
        n, m = sum(reference.values()), sum(current.values())
        independent = self._independent(n)
        # A customer who stands there at many months counts once.
        met = [count * independent / n for count in reference.values()]
        threshold = max(self.settings.drift_new_category_from, noise.unseen(independent, m, met))
        # Many rare values explain many new ones, but none of them that is common.
        of_one = max(self.settings.drift_new_category_from, noise.unseen_value(independent, m, len(met)))
        if names and current[names[0]] / m > of_one:
            threshold = min(threshold, of_one)
        return self._measured("new_category_share", share, threshold, moved)

    def _of_sample(self, sample: Sample) -> Measurement:
        measure = sampled.MEASURES[sampled.METHODS[sample.column.column_type]]
        sizes = len(sample.reference), len(sample.current)
        if sample.why_not or min(sizes) < exact.FEWEST_ROWS:
            return self._unmeasured(measure, sample.why_not or _too_few(*sizes), basis="sample")
        try:
            value = sampled.measure(sample)
        except Exception as error:  # one odd column must not take the others with it
            why, status = f"{type(error).__name__}: {error}", failed_to_measure(self.severity)
            return self._unmeasured(measure, why, basis="sample", status=status)
        threshold = self._sample_threshold(*sizes)
        independent = min(float(sizes[0]), self._independent(sizes[0]))
        if measure == "wasserstein" and value > threshold and min(independent, sizes[1]) < noise.MANY_ROWS:
            drawn = noise.wasserstein_drawn(sample.reference, sample.current, independent, seed=self.settings.seed)
            threshold = max(threshold, drawn)
        return self._measured(measure, value, threshold, "", basis="sample", sizes=sizes)

    def _sample_threshold(self, n: int, m: int) -> float:
        independent = min(float(n), self._independent(n))
        if self.compared.column.column_type == "numeric":
            return max(self.settings.drift_wasserstein_from * self._patience, noise.wasserstein(independent, m))
        bins = len(set(self.compared.reference.counts) | set(self.compared.current.counts))
        return max(self.settings.drift_jensen_shannon_from, noise.jensen_shannon(bins, independent, m))

    @property
    def _patience(self) -> float:
        """What thresholds are multiplied by: numbers that age with the company move without anything being wrong."""
        column = self.compared.column
        ages = column.column_type == "numeric" and not column.is_pooled
        return self.settings.drift_lifetime_factor if ages else 1.0

    def _counts(self) -> tuple[Mapping[Any, int], Mapping[Any, int]]:
        reference, current = self.compared.reference.counts, self.compared.current.counts
        is_numeric = self.compared.column.column_type == "numeric"
        return (reference, current) if is_numeric else exact.categories_pooled(reference, current)

    def _independent(self, n: int) -> float:
        """Of `n` rows of the reference, those that tell of a customer whom the others do not tell of."""
        return n * self.compared.n_independent / max(self.compared.reference.n, 1)

    def _measured(
        self, measure: str, value: float, threshold: float, moved: str, *,
        basis: str = "all_rows", sizes: tuple[int, int] | None = None,
    ) -> Measurement:  # fmt: skip
        status, column = over(value, threshold, self.severity), self.compared.column
        n, m = sizes or (self.compared.reference.n, self.compared.current.n)
        return Measurement(
            measure, column.name, column.column_type, basis, n, m, value, threshold, self.severity, status,
            message=moved if status != "pass" else "",
        )  # fmt: skip

    def _unmeasured(
        self, measure: str, why: str, *, basis: str = "all_rows", status: str = SKIPPED
    ) -> Measurement:  # fmt: skip
        column = self.compared.column
        return Measurement(
            measure, column.name, column.column_type, basis, self.compared.reference.n, self.compared.current.n,
            severity=self.severity, status=status, message=why,
        )  # fmt: skip


def _too_few(n: int, m: int) -> str:
    return f"fewer than {exact.FEWEST_ROWS} values: {n:,} in the reference, {m:,} in the snapshot"


def _what_moved(reference: Mapping[Any, int], current: Mapping[Any, int], edges: list[float]) -> str:
    """The bin or category whose share moved most: `values above 3: 10.0% then, 25.0% now`."""
    n, m = sum(reference.values()), sum(current.values())
    keys = sorted(set(reference) | set(current), key=str)
    key = max(keys, key=lambda key: abs(current.get(key, 0) / m - reference.get(key, 0) / n))
    name = _bin_name(key, edges) if edges else str(key)
    return f"{name}: {reference.get(key, 0) / n:.1%} then, {current.get(key, 0) / m:.1%} now"


def _bin_name(number: int, edges: list[float]) -> str:
    has_lowest = len(edges) > 1 and edges[0] == math.nextafter(edges[1], -math.inf)
    if number == 0:
        return f"values below {edges[1]:.4g}" if has_lowest else f"values up to {edges[0]:.4g}"
    if number == 1 and has_lowest:
        return f"the value {edges[1]:.4g}"
    if number == len(edges):
        return f"values above {edges[-1]:.4g}"
    return f"values above {edges[number - 1]:.4g}, up to {edges[number]:.4g}"
