"""The comparison of the Spark smoke test finds what it is there to find. Runs without Spark."""

from __future__ import annotations

import duckdb
import pytest

from tests.spark.compare import compare

SAME = "select 1 as id, 0.1 + 0.2 as ratio, cast(2.50 as decimal(18, 4)) as amount, null::timestamp as seen_at"


def differences(left: str, right: str) -> tuple[str, ...]:
    return compare(duckdb.connect(), f"({left})", f"({right})").differences


def test_the_same_rows_are_the_same_in_any_order_and_to_the_last_bit_of_a_float() -> None:
    noisy = SAME.replace("0.1 + 0.2", "0.3::double").replace("0.1", "0.1::double")
    exact = SAME.replace("0.1 + 0.2", "0.1::double + 0.2::double")
    two = "select 2, 1e6, 1, timestamp '2025-01-01'"
    assert differences(f"{exact} union all {two}", f"{two.replace('2,', '2 as id,', 1)} as x union all {noisy}") != ()
    assert differences(f"{exact} union all {two}", f"{noisy} union all {two}") == ()
    assert differences(f"{exact} union all {exact}", f"{noisy} union all {noisy}") == ()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (SAME.replace("1 as id", "2 as id"), "1 rows differ"),
        (SAME.replace("2.50", "2.5001"), "1 rows differ"),
        (SAME.replace("null::timestamp", "timestamp '2025-01-01'"), "1 rows differ"),
        (SAME.replace("1 as id", "1::bigint as id"), "id: INTEGER and BIGINT"),
        (SAME.replace("as id", "as key"), "id: only on the left"),
        (f"{SAME} union all {SAME}", "1 and 2 rows"),
    ],
)
def test_a_change_is_found(changed: str, says: str) -> None:
    assert differences(SAME, changed)[0] == says


@pytest.mark.parametrize("value", ["1.000000002", "null", "'nan'"])
def test_a_float_that_moved_is_found(value: str) -> None:
    assert differences("select 1 as id, 1::double as f", f"select 1 as id, {value}::double as f") == (
        '"f": 1 rows differ',
    )


def test_ignored_columns_are_not_compared() -> None:
    left, right = "(select 1 as id, 'a' as name)", "(select 1 as id, 'b' as name)"
    assert compare(duckdb.connect(), left, right, ignored={"name"}).differences == ()
