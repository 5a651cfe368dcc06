"""The category of the next order: between the customer's own mix and the company's."""

import numpy as np
import pyarrow as pa
import pytest

from clientele.ml import artifacts
from clientele.ml.categories import CategoryMix, Counts

MIX = CategoryMix(["home", "toys", "garden"], np.array([0.5, 0.3, 0.15]), 0.05, 4.0)


def table(names: list[list[str] | None], lines: list[list[float] | None]) -> pa.Table:
    texts, numbers = pa.array(names, pa.list_(pa.string())), pa.array(lines, pa.list_(pa.float64()))
    return pa.table({"categories": texts, "category_lines": numbers})


def table_of(*bought: dict[str, float] | None) -> pa.Table:
    names = [None if one is None else list(one) for one in bought]
    return table(names, [None if one is None else list(one.values()) for one in bought])


def customers(*bought: dict[str, float] | None) -> Counts:
    return Counts.of(table_of(*bought))


def of(names, lines) -> dict[str, float]:
    return {str(name): float(n) for name, n in zip(names, lines, strict=True) if n}


def test_who_bought_nothing_gets_the_mix_of_the_company() -> None:
    counts = customers(None, {})
    named, probability = MIX.most_likely(counts)
    assert named.to_pylist() == ["home", "home"]
    np.testing.assert_allclose(probability, 0.5)
    np.testing.assert_allclose(MIX.probability(counts, pa.array(["toys", "garden"])), [0.3, 0.15])


def test_who_bought_much_gets_their_own_mix() -> None:
    named, probability = MIX.most_likely(customers({"garden": 9_000, "home": 1_000}))
    assert named.to_pylist() == ["garden"]
    assert probability[0] == pytest.approx(0.9, abs=0.001)


def test_in_between_lines_are_weighed_against_the_concentration() -> None:
    named, probability = MIX.most_likely(customers({"toys": 1}, {"toys": 1, "garden": 2}, {"boats": 2}))
    assert named.to_pylist() == ["toys", "garden", "boats"]
    np.testing.assert_allclose(probability, [(1 + 1.2) / 5, (2 + 0.6) / 7, (2 + 0.2) / 6])


def test_the_most_likely_is_the_largest_of_all() -> None:
    rng = np.random.default_rng(1)
    names = [*MIX.categories, "boats"]
    counts = customers(
        *[{n: float(k) for n, k in zip(names, rng.poisson(0.7, 4), strict=True) if k} for _ in range(300)]
    )
    _, probability = MIX.most_likely(counts)
    every = np.column_stack([MIX.probability(counts, pa.array([name] * 300)) for name in names])
    np.testing.assert_allclose(probability, every.max(axis=1))


def test_probabilities_sum_to_one() -> None:
    counts = customers(None, {"toys": 2, "home": 1})
    every = [MIX.probability(counts, pa.array([name] * 2)) for name in [*MIX.categories, "never seen"]]
    np.testing.assert_allclose(np.sum(every, axis=0), 1)


def simulated(concentration: float, n: int = 4_000) -> tuple[Counts, pa.Array]:
    rng = np.random.default_rng(2)
    names = np.array(["home", "toys", "garden", "sports"])
    own = rng.dirichlet(np.array([0.4, 0.3, 0.2, 0.1]) * concentration, n)
    lines = np.array([rng.multinomial(k, p) for k, p in zip(rng.poisson(4, n), own, strict=True)])
    bought = pa.array([str(rng.choice(names, p=p)) for p in own])
    return customers(*[of(names, row) for row in lines]), bought


@pytest.mark.parametrize("concentration", [1.0, 5.0, 25.0])
def test_finds_how_far_customers_differ(concentration: float) -> None:
    mix = CategoryMix.fit(*simulated(concentration))
    assert mix.categories == ["home", "toys", "garden", "sports"]
    assert mix.concentration == pytest.approx(concentration, rel=0.35)


def test_beats_simpler_rules_where_customers_differ_a_little() -> None:
    counts, bought = simulated(5.0)
    measured = CategoryMix.fit(counts, bought).measure(counts, bought)
    assert measured["category_accuracy"] > measured["category_accuracy_company_most_frequent"] + 0.03
    assert measured["category_accuracy"] >= measured["category_accuracy_own_most_frequent"]
    assert measured["category_log_loss"] < measured["category_log_loss_company_mix"] - 0.02
    assert measured["category_ece"] < 0.03


def test_customers_whose_next_category_is_unknown_tell_nothing() -> None:
    counts, bought = simulated(5.0, n=400)
    hidden = pa.array([name if i % 2 else None for i, name in enumerate(bought.to_pylist())])
    half = np.arange(400) % 2 == 1
    of_half = CategoryMix.fit(counts.of_customers(half), bought.filter(pa.array(half)))
    assert CategoryMix.fit(counts, hidden).concentration == of_half.concentration


def test_no_category_was_ever_known() -> None:
    assert CategoryMix.fit(customers(None, None), pa.array([None, None], pa.string())) is None


def test_only_first_orders() -> None:
    mix = CategoryMix.fit(customers(None, None), pa.array(["toys", "toys"]))
    assert mix.most_likely(customers(None))[0].to_pylist() == ["toys"]


def test_slices_and_chunks_are_read_alike() -> None:
    whole = table_of({"toys": 1.0}, None, {"home": 2.0, "toys": 3.0}, {"garden": 4.0})
    chunked = pa.concat_tables([whole.slice(0, 2), whole.slice(2)])
    np.testing.assert_array_equal(Counts.of(chunked).total(), [1, 0, 5, 4])
    np.testing.assert_array_equal(Counts.of(chunked.slice(2)).total(), [5, 4])
    np.testing.assert_array_equal(Counts.of(whole.to_batches()[0].slice(1, 2)).total(), [0, 5])


def test_lists_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="not of one length"):
        Counts.of(table([["toys", "home"]], [[1.0]]))


def test_stored_as_data_it_is_the_same() -> None:
    packed = artifacts.pack(MIX.to_state())
    again = CategoryMix.from_state(artifacts.unpack(packed, artifacts.sha256(packed)))
    assert again.categories == MIX.categories
    np.testing.assert_array_equal(again.shares, MIX.shares)
