import math
from datetime import date

import duckdb
import pytest

from clientele.monitoring import exact
from clientele.monitoring.exact import Comparison, Days
from clientele.monitoring.subjects import Column

DAY = date(2025, 6, 1)


def test_psi_of_two_bins_by_hand() -> None:
    by_hand = (0.6 - 0.5) * math.log(0.6 / 0.5) + (0.4 - 0.5) * math.log(0.4 / 0.5)
    assert exact.psi({0: 50, 1: 50}, {0: 60, 1: 40}) == pytest.approx(by_hand)
    assert by_hand == pytest.approx(0.0405, abs=1e-4)


def test_psi_of_equal_shares_is_zero_whatever_the_number_of_rows() -> None:
    assert exact.psi({0: 1, 1: 3}, {0: 1000, 1: 3000}) == 0


def test_an_empty_bin_counts_as_the_least_share() -> None:
    by_hand = (1e-4 - 0.5) * math.log(1e-4 / 0.5) + (1.0 - 0.5) * math.log(1.0 / 0.5)
    assert exact.psi({0: 1, 1: 1}, {1: 10}) == pytest.approx(by_hand)


def test_bin_edges_are_safe_with_ties_and_tell_what_lies_below_the_lowest() -> None:
    assert exact.bin_edges([0.0, 0.0, 0.0, 2.0, 2.0, 5.0], 0.0) == [math.nextafter(0.0, -math.inf), 0.0, 2.0, 5.0]
    assert exact.bin_edges([1.0, 2.0], 0.5) == [1.0, 2.0]


def test_rare_categories_are_pooled_and_new_ones_apart() -> None:
    reference = {"web": 990, "app": 6, "fax": 3, "telex": 1}
    current = {"web": 90, "app": 5, "fax": 1, "pigeon": 4}
    assert exact.categories_pooled(reference, current) == (
        {"web": 990, "app": 6, "rare categories": 4},
        {"web": 90, "app": 5, "rare categories": 1, "new categories": 4},
    )
    assert exact.new_category_share(reference, current) == (0.04, ["pigeon"])


def compared(reference: str, current: str, *, column_type: str = "numeric") -> Comparison:
    """Two lists of values as SQL, each of one day."""
    columns = [Column("x", column_type, is_float=column_type == "numeric")]
    with duckdb.connect() as con:
        relation = "select 'c' as customer_id, date '2025-06-01' as snapshot_date, x from (select unnest({}) as x)"
        before = relation.format(reference)
        days = exact.days_of(con, before)
        assert days
        return exact.compare(con, exact.learn(con, before, columns, days), relation.format(current))[0]


def psi(comparison: Comparison) -> float:
    return exact.psi(comparison.reference.counts, comparison.current.counts)


def test_deciles_of_the_reference_hold_a_tenth_each_and_nulls_none() -> None:
    found = compared("[i::double for i in range(1, 101)] || [null::double]", "[5.0::double, 15, 95, 95, null]")
    assert found.reference.counts == dict.fromkeys(range(10), 10)
    assert found.current.counts == {0: 1, 1: 1, 9: 2} | dict.fromkeys(range(2, 9), 0)
    assert (found.reference.n, found.reference.n_null) == (101, 1)
    assert (found.current.n, found.current.null_rate) == (5, 0.2)


@pytest.mark.parametrize("moved", ["4.0", "6.0"])
def test_a_constant_that_moves_either_way_is_seen(moved: str) -> None:
    constant = "[5.0::double for i in range(100)]"
    assert psi(compared(constant, constant)) == 0
    assert psi(compared(constant, f"[{moved}::double for i in range(100)]")) > 5


def test_many_equal_values_make_one_bin() -> None:
    found = compared("[greatest(0, i - 60)::double for i in range(100)]", "[0.0::double for i in range(10)]")
    assert sum(found.reference.counts.values()) == 100
    assert found.current.counts[1] == 10


def test_an_empty_reference_has_no_bins_and_breaks_nothing() -> None:
    found = compared("[null::double, null]", "[1.0::double, 2.0]")
    assert found.edges == []
    assert found.reference.counts == {}
    assert found.reference.null_rate == 1


def test_what_is_no_finite_number_counts_as_null() -> None:
    found = compared("[1.0::double, 2.0, 3.0]", "['nan'::double, 'inf'::double, '-inf'::double, 2.0]")
    assert found.current.n_null == 3


def test_a_text_of_too_many_values_is_not_counted() -> None:
    found = compared("['value ' || i for i in range(20000)]", "['a']", column_type="category")
    assert found.has_too_many_categories
    assert found.reference.counts == {}


def test_lifetime_columns_are_compared_with_the_newest_day_alone() -> None:
    columns = [Column("pooled", "numeric"), Column("newest", "numeric", is_pooled=False)]
    relation = (
        "select 'c' || i as customer_id, date '2025-05-01' + to_months(cast(m as integer))::interval as at,"
        " cast(date '2025-05-01' + to_months(cast(m as integer)) as date) as snapshot_date, m as pooled, m as newest"
        " from range(10) as a(i), range(2) as b(m)"
    )
    with duckdb.connect() as con:
        reference = exact.learn(con, relation, columns, Days(date(2025, 5, 1), DAY, 2, 20, 10))
        pooled, newest = exact.compare(con, reference, f"select * from ({relation}) where snapshot_date = '{DAY}'")
    assert (pooled.reference.n, pooled.n_independent) == (20, 10)
    assert (newest.reference.n, newest.n_independent) == (10, 10)
    assert psi(newest) == 0
    assert psi(pooled) > 1
