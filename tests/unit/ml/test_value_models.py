"""The parts of a customer's value: refunds, levels, last year's spend, the two-part model, the blend."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from clientele.ml.bg_nbd import BgNbd
from clientele.ml.feature_table import Feature, as_numbers
from clientele.ml.pareto_nbd import ParetoNbd
from clientele.ml.purchase_value import Customers, PurchaseValue, RecentSpend, TruncatedValue
from clientele.ml.threads import single_threaded
from clientele.ml.two_part import TwoPartBoosting
from clientele.ml.value_blend import Blend
from clientele.ml.value_model import present_share
from tests.unit.ml import drawn, value_company


def customers(**columns: list) -> Customers:
    """A customer a row, who ordered 5 times for 20 over 200 days, unless said otherwise."""
    n = len(next(iter(columns.values())))
    usual = {"n_orders_lifetime": 5.0, "days_since_first_order": 200.0, "recency_days": 10.0, "aov_lifetime": 20.0,
             "spend_lifetime": 100.0, "refund_lifetime_share": None, "snapshot_date": date(2025, 1, 1)}  # fmt: skip
    types = {name: pa.date32() if name == "snapshot_date" else pa.float64() for name in usual}
    return Customers.of(pa.table({c: pa.array(columns.get(c, [usual[c]] * n), types[c]) for c in usual}))


@pytest.fixture(scope="module")
def company() -> Customers:
    return Customers.of(value_company.table(600, [date(2025, 1, 1)]))


@pytest.fixture(scope="module")
def model(company: Customers) -> PurchaseValue:
    return PurchaseValue.fit(company, BgNbd, seed=1)


def test_histories_are_read_off_the_features() -> None:
    read = customers(
        n_orders_lifetime=[5, 1, 0, None], days_since_first_order=[200.5, 200.5, None, None],
        recency_days=[10.5, 200.5, None, None],
    )  # fmt: skip
    assert read.has_orders.tolist() == [True, True, False, False]
    assert read.histories.x.tolist() == [4, 0, 0, 0]
    assert read.histories.t_x.tolist() == [190, 0, 0, 0]
    assert read.histories.age.tolist() == [200, 200, 0, 0]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(KeyError, match="recency_days"):
        Customers.of(pa.table({"n_orders_lifetime": [1.0], "days_since_first_order": [2.0]}))


def test_refunds_are_drawn_to_the_companys_share(model: PurchaseValue) -> None:
    assert model.refund_share == pytest.approx(0.1)
    many = customers(refund_lifetime_share=[0.5, 0.5, None, 3.0], n_orders_lifetime=[1, 500, 5, 5])
    refunds = model.refunds(many)
    assert 0.1 < refunds[0] < 0.2
    assert 0.48 < refunds[1] < 0.5
    assert refunds[2] == pytest.approx(0.1)
    assert refunds[3] <= 1


def test_value_is_purchases_times_net_spend(model: PurchaseValue) -> None:
    one = customers(refund_lifetime_share=[0.3])
    purchases = model.purchases.expected_purchases(one.histories, 90)
    spend = model.spend.expected_spend(np.array([5.0]), np.array([20.0])) * (1 - model.refunds(one))
    assert model.value(one, 90) == pytest.approx(purchases * spend)
    assert model.value(one, 365) > model.value(one, 90)


def test_the_level_meets_what_was_spent(model: PurchaseValue, company: Customers) -> None:
    realised = np.random.default_rng(1).gamma(1.0, 30.0, len(company))
    levelled = model.levelled(company, 90, realised)
    has = company.has_orders
    assert levelled.value(company, 90)[has].sum() == pytest.approx(realised[has].sum())
    assert model.levelled(company, 90, np.zeros(len(company))).level == model.level


@pytest.mark.parametrize("kind", [BgNbd, ParetoNbd])
def test_a_purchase_model_survives_being_stored(company: Customers, kind: type) -> None:
    fitted = PurchaseValue.fit(company, kind, seed=1)
    again = PurchaseValue.from_state(fitted.to_state())
    assert np.array_equal(again.value(company, 90), fitted.value(company, 90))


def test_of_one_order_each_it_matters_when_the_data_began(model: PurchaseValue) -> None:
    """Of an old company the customer of its first week on record is no worse than the one of last week."""
    rng = np.random.default_rng(1)
    old = drawn.older_than_its_data(2_000, r=0.5, alpha=40.0, share=1.0)
    age, t_x, x = (np.floor(old.histories.age), np.floor(old.histories.t_x), old.histories.x)
    read = customers(
        n_orders_lifetime=(x + 1).tolist(), days_since_first_order=age.tolist(), recency_days=(age - t_x).tolist(),
        aov_lifetime=rng.gamma(5.0, 4.0, len(x)).tolist(),
    )  # fmt: skip
    truncated = TruncatedValue.fit(read, model, seed=1)
    once = customers(n_orders_lifetime=[1, 1], days_since_first_order=[199, 5], recency_days=[199, 5])
    early, late = truncated.value(once, 90)
    assert early == pytest.approx(late, rel=0.2)
    assert "converged" in truncated.message
    levelled = truncated.levelled(read, 90, np.full(len(read), 7.0))
    assert levelled.value(read, 90).mean() == pytest.approx(7)
    again = TruncatedValue.from_state(levelled.to_state())
    assert np.array_equal(again.value(read, 90), levelled.value(read, 90))


def test_last_years_spend_again() -> None:
    """A year's 100, half of two years' 100, nothing after a silent year, net of refunds, none without orders."""
    read = customers(
        days_since_first_order=[365, 730, 730, 365, None], recency_days=[10, 10, 400, 10, None],
        n_orders_lifetime=[5, 5, 5, 5, 0], refund_lifetime_share=[0, 0, 0, 0.2, None],
    )  # fmt: skip
    assert RecentSpend.fit(read).value(read, 365) == pytest.approx([100, 50, 0, 80, 0])


def test_a_young_companys_spend_is_extrapolated() -> None:
    read = customers(days_since_first_order=[73.0, 36.0])
    assert RecentSpend.fit(read).value(read, 365) == pytest.approx([500, 500])


@pytest.fixture(scope="module")
@single_threaded
def training() -> tuple[Customers, np.ndarray, TwoPartBoosting]:
    table = value_company.table(400, value_company.months(13))
    table = table.filter(pa.array(table["snapshot_date"].to_numpy() < np.datetime64("2024-10-01")))
    read, realised = Customers.of(table), as_numbers(table["spend_next_90d"])
    base, recent = PurchaseValue.fit(read, BgNbd, seed=1), RecentSpend.fit(read)
    features = [Feature("recency_days"), Feature("n_orders_90d"), Feature("country", ("DE", "FR", "IT"))]
    fitted = TwoPartBoosting.fit(read, realised, features, base=base, recent=recent, horizon=90, seed=1)
    return read, realised, fitted


def test_two_parts_say_who_spends_and_how_much(training: tuple[Customers, np.ndarray, TwoPartBoosting]) -> None:
    read, realised, fitted = training
    has, value = read.has_orders, fitted.value(read, 90)
    assert value[has].sum() == pytest.approx(realised[has].sum(), rel=0.05)
    order = np.argsort(value)
    low, *_, high = np.array_split(order[has[order]], 5)
    assert realised[low].mean() < 0.1 * realised[high].mean()


def test_a_customer_bigger_than_any_before_is_worth_more(
    training: tuple[Customers, np.ndarray, TwoPartBoosting],
) -> None:
    """Trees alone would give both the value of the largest leaf."""
    read, _, fitted = training
    big = read.take(np.argsort(fitted.value(read, 90))[-1:])
    times_100 = [
        big.table.schema.names.index(name)
        for name in ("aov_lifetime", "spend_lifetime")
        if name in big.table.schema.names
    ]
    table = pa.table(big.table)
    for place in times_100:
        table = table.set_column(place, table.schema.names[place], pa.array(as_numbers(table.column(place)) * 100))
    assert fitted.value(Customers.of(table), 90)[0] > 20 * fitted.value(big, 90)[0]


def test_another_horizon_is_extended_by_the_purchase_model(
    training: tuple[Customers, np.ndarray, TwoPartBoosting],
) -> None:
    read, _, fitted = training
    ratio = fitted.base.value(read, 365) / fitted.base.value(read, 90)
    assert fitted.value(read, 365)[read.has_orders] == pytest.approx((fitted.value(read, 90) * ratio)[read.has_orders])


@single_threaded
def test_the_season_is_learnt_only_of_a_whole_year(training: tuple[Customers, np.ndarray, TwoPartBoosting]) -> None:
    assert not training[2].has_season
    table = value_company.table(150, value_company.months(16))
    table = table.filter(pa.array(table["snapshot_date"].to_numpy() < np.datetime64("2025-01-02")))
    read, realised = Customers.of(table), as_numbers(table["spend_next_90d"])
    base, recent = PurchaseValue.fit(read, BgNbd, seed=1), RecentSpend.fit(read)
    assert TwoPartBoosting.fit(read, realised, [], base=base, recent=recent, horizon=90, seed=1).has_season


def test_too_few_who_spend_are_refused(training: tuple[Customers, np.ndarray, TwoPartBoosting]) -> None:
    read, realised, fitted = training
    with pytest.raises(ValueError, match="0 of .* rows have spend"):
        TwoPartBoosting.fit(read, realised * 0, [], base=fitted.base, recent=fitted.recent, horizon=90, seed=1)


@pytest.fixture
def amounts() -> np.ndarray:
    """Skewed, and often 0."""
    rng = np.random.default_rng(1)
    return np.where(rng.random(2_000) < 0.5, 0.0, rng.lognormal(3, 1, 2_000))


def test_a_blend_finds_the_better_model(model: PurchaseValue, amounts: np.ndarray) -> None:
    good = 0.9 * amounts + 0.1 * amounts.mean()
    bad = np.random.default_rng(2).permutation(good)
    blend = Blend.fit([model, model], np.column_stack([bad, good]), amounts, 90)
    assert blend.weights[0] < 0.1
    assert blend.weights[1] > 0.6
    pooled = blend.pool(np.column_stack([bad, good]), 90)
    assert pooled.sum() == pytest.approx(amounts.sum())
    assert np.corrcoef(pooled, amounts)[0, 1] > 0.9


def test_a_blend_of_few_customers_is_a_plain_geometric_mean(model: PurchaseValue, amounts: np.ndarray) -> None:
    """Who knows nothing of three models weighs them equally."""
    values = np.random.default_rng(3).lognormal(3, 1, (3, 3))
    blend = Blend.fit([model] * 3, values, amounts[:3], 90)
    assert blend.weights == pytest.approx([1 / 3] * 3, abs=0.05)
    nobody = Blend.fit([model] * 3, np.empty((0, 3)), np.empty(0), 90)
    assert nobody.weights == pytest.approx([1 / 3] * 3)
    nothing = Blend.fit([model] * 3, values, np.zeros(3), 90)
    assert (nothing.pool(values, 90) < 0.1).all()


def test_a_blend_of_models_is_that_of_what_they_expect(model: PurchaseValue, company: Customers) -> None:
    recent, truncated = RecentSpend.fit(company), TruncatedValue.fit(company, model, seed=1)
    models = [model, truncated, recent]
    values = np.column_stack([one.value(company, 90) for one in models])
    realised = np.random.default_rng(1).gamma(1.0, 30.0, len(company))
    blend = Blend.fit(models, values, realised, 90)
    assert np.array_equal(blend.value(company, 90), blend.pool(values, 90))
    assert np.array_equal(Blend.from_state(blend.to_state()).value(company, 90), blend.value(company, 90))
    has = company.has_orders
    assert blend.value(company, 180)[has].sum() > 1.5 * blend.value(company, 90)[has].sum()


def test_present_value_of_an_even_flow() -> None:
    assert present_share(365, 0.0) == 1.0
    assert present_share(365, 0.1) == pytest.approx(0.954, abs=5e-4)
    days = np.arange(365) + 0.5
    assert present_share(365, 0.1) == pytest.approx((1.1 ** (-days / 365)).mean(), rel=1e-6)
    assert present_share(90, 0.1) > present_share(365, 0.1)
