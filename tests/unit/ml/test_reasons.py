"""Reasons: the largest effects either way, and one for features that move together."""

from __future__ import annotations

import numpy as np

from clientele.ml.feature_table import Feature
from clientele.ml.reasons import columns, moving_together, top_reasons


def test_top_reasons_are_the_largest_either_way() -> None:
    effects = np.array([[0.1, -2.0, 0.5, 0.0], [0.0, 0.2, -0.1, 0.3]])
    assert top_reasons(effects).tolist() == [[1, 2, 0], [3, 1, 2]]
    assert top_reasons(effects[:, :1]).tolist() == [[0, -1, -1], [0, -1, -1]]


def test_features_that_move_together_are_one_group_whichever_way_they_push() -> None:
    rng = np.random.default_rng(3)
    days, other = rng.normal(size=(2, 500))
    effects = np.column_stack([3 * days, other, -2.9 * days + 0.1 * rng.normal(size=500), np.zeros(500)])
    assert moving_together(effects) == [0, 1, 0, 2]
    assert moving_together(effects[:0]) == [0, 1, 2, 3]
    assert moving_together(effects[:, :1]) == [0]


def test_opposite_effects_of_one_group_are_told_as_what_is_left_of_them() -> None:
    """Days of usage raise by 3.0 and users lower by 3.2: together they lower by 0.2, which the tickets outweigh."""
    features = [Feature(name) for name in ("usage_days", "tickets", "active_users")]
    x = np.array([[6.0, 1.0, 3.0], [2.0, 0.0, 8.0]])
    told = columns(features, x, np.array([[3.0, 0.5, -3.2], [0.4, 0.1, 0.3]]), [0, 1, 0])
    assert told["reason_1"].to_pylist() == ["tickets", "usage_days"]
    assert told["reason_1_effect"].to_pylist() == [0.5, 0.7]
    assert told["reason_2"].to_pylist() == ["active_users", "tickets"]
    np.testing.assert_allclose(told["reason_2_effect"].to_pylist(), [-0.2, 0.1])
    assert told["reason_2_value"].to_pylist() == [3.0, 0.0]
    assert told["reason_3"].to_pylist() == told["reason_3_value"].to_pylist() == [None, None]


def test_without_groups_each_feature_is_a_reason_and_a_model_of_none_has_no_reasons() -> None:
    features = [Feature("a"), Feature("b")]
    told = columns(features, np.array([[1.0, np.nan]]), np.array([[0.2, -0.4]]))
    assert [told[f"reason_{rank}"].to_pylist() for rank in (1, 2, 3)] == [["b"], ["a"], [None]]
    assert told["reason_1_value"].to_pylist() == [None]
    empty = columns([], np.empty((2, 0)), np.empty((2, 0)))
    assert empty["reason_1"].to_pylist() == empty["reason_1_effect"].to_pylist() == [None, None]
