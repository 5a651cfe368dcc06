"""The simulated customers behave as their truth says. Without files: 20,000 customers of one chunk."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from clientele.demo import billing, commerce, company, contracts, experiments, lending, marketing, people, purchases
from clientele.demo.names import PRICE_FACTOR
from clientele.demo.people import NEVER
from clientele.demo.world import CATEGORIES, DAY, YEAR, World

WORLD = World(customers=20_000)


@cache
def life() -> dict:
    folk = people.simulate(WORLD, 0)
    natural = purchases.simulate(WORLD, 0, folk)
    contacts = marketing.simulate(WORLD, 0, folk, natural)
    exposed = experiments.simulate(WORLD, 0, folk)
    made = company._influenced(natural, contacts, exposed)
    return {
        "folk": folk, "natural": natural, "contacts": contacts, "exposed": exposed, "made": made,
        "orders": commerce.simulate(WORLD, 0, folk, made),
    }  # fmt: skip


def test_orders_come_at_the_purchase_rate_until_dropout() -> None:
    folk, natural = life()["folk"], life()["natural"]
    first = np.full(len(folk), NEVER)
    np.minimum.at(first, natural.owner, natural.at)
    bought = first < NEVER
    years = np.where(bought, np.minimum(folk.alive_until, WORLD.end) - first, 0) / YEAR
    repeats = np.bincount(natural.owner, minlength=len(folk)) - bought
    for group in (folk.rate < 4, (folk.rate >= 4) & (folk.rate < 10), folk.rate >= 10):
        assert repeats[group].sum() == pytest.approx((folk.rate * years)[group].sum(), rel=0.06)


def test_dropout_follows_its_chance() -> None:
    folk, natural = life()["folk"], life()["natural"]
    orders = np.bincount(natural.owner, minlength=len(folk))
    dropped = (folk.alive_until < WORLD.end) & ~folk.never_buys
    # After every order the coin is thrown once.
    assert dropped.sum() == pytest.approx((orders * folk.dropout_chance).sum(), rel=0.05)


def test_nobody_buys_after_dropout_or_before_registration() -> None:
    folk, made = life()["folk"], life()["made"]
    assert (made.at <= folk.alive_until[made.owner]).all()
    assert (made.at > folk.registered[made.owner]).all()
    assert not folk.never_buys[made.owner].any()


def test_rates_and_dropout_have_the_means_of_the_world() -> None:
    folk = life()["folk"]
    assert folk.rate.mean() == pytest.approx(WORLD.rate_mean, rel=0.05)
    assert 0.05 < folk.dropout_chance.mean() < 0.2
    assert folk.is_business.mean() == pytest.approx(WORLD.business_share, abs=0.01)


def test_order_values_have_the_mean_of_their_customer() -> None:
    folk, orders = life()["folk"], life()["orders"]
    euros = orders.amount / PRICE_FACTOR[orders.currency]
    counts = np.bincount(orders.owner, minlength=len(folk))
    many = counts >= 10
    means = np.bincount(orders.owner, weights=euros, minlength=len(folk))[many] / counts[many]
    ratio = means / folk.order_value[many]
    assert np.median(ratio) == pytest.approx(1.0, abs=0.08)
    assert np.corrcoef(np.log(means), np.log(folk.order_value[many]))[0, 1] > 0.9


def test_customers_buy_what_they_prefer() -> None:
    folk, orders = life()["folk"], life()["orders"]
    bought = np.zeros((len(folk), len(CATEGORIES)))
    np.add.at(bought, (orders.owner[orders.lines.order], orders.lines.product // commerce.PER_CATEGORY), 1)
    many = bought.sum(axis=1) >= 20
    share = bought[many] / bought[many].sum(axis=1, keepdims=True)
    assert np.corrcoef(share.ravel(), folk.preference[many].ravel())[0, 1] > 0.9


@pytest.mark.parametrize(("kind", "low", "high"), [("persuadable", 0.035, 0.1), ("indifferent", -0.015, 0.015)])
def test_contacts_bring_orders_from_those_they_persuade(kind: str, low: float, high: float) -> None:
    folk, contacts, made = life()["folk"], life()["contacts"], life()["made"]
    group = (folk.uplift > 0) if kind == "persuadable" else (folk.uplift == 0) & (folk.annoyance == 0)
    _, next_at = made.next_after(contacts.owner, contacts.at)
    buys = next_at - contacts.at < 14 * DAY
    trial = (marketing.campaigns(WORLD).hold_out[contacts.campaign] > 0) & group[contacts.owner]
    uplift = buys[trial & ~contacts.is_control].mean() - buys[trial & contacts.is_control].mean()
    assert low < uplift < high


def test_contacts_annoy_those_they_annoy() -> None:
    folk, contacts, made = life()["folk"], life()["contacts"], life()["made"]
    _, next_at = made.next_after(contacts.owner, contacts.at)
    buys = next_at - contacts.at < 14 * DAY
    trial = (marketing.campaigns(WORLD).hold_out[contacts.campaign] > 0) & (folk.annoyance > 0)[contacts.owner]
    assert buys[trial & ~contacts.is_control].mean() < buys[trial & contacts.is_control].mean()


def test_hold_out_and_propensity_are_as_planned() -> None:
    contacts, plan = life()["contacts"], marketing.campaigns(WORLD)
    for campaign in np.flatnonzero(plan.channel < marketing.OWNED)[-6:]:
        here = contacts.campaign == campaign
        assert contacts.is_control[here].mean() == pytest.approx(plan.hold_out[campaign], abs=0.03)
        assert contacts.propensity[here].max() <= 1


def test_defaults_follow_their_propensity() -> None:
    folk = life()["folk"]
    lent = lending.simulate(WORLD, 0, folk)
    chance = lending.default_propensity(folk)[lent.owner]
    defaults = lent.default_month <= lent.term
    risky = chance > np.median(chance)
    assert defaults.mean() == pytest.approx(chance.mean(), abs=0.03)
    assert defaults[risky].mean() > 2 * defaults[~risky].mean()


def test_subscriptions_are_cancelled_at_their_hazard() -> None:
    folk = life()["folk"]
    subscribed = contracts.simulate(WORLD, 0, folk)
    months = np.maximum(subscribed.last(WORLD) - subscribed.start - 20 * DAY, 0) / lending.MONTH
    cancelled = (subscribed.cancelled < WORLD.end).sum()
    assert cancelled == pytest.approx((months * subscribed.hazard).sum(), rel=0.15)
    billed = billing.simulate(WORLD, 0, folk, subscribed)
    assert (billed.issued < subscribed.last(WORLD)[billed.subscription]).all()


def test_treatments_have_their_effect() -> None:
    folk, exposed = life()["folk"], life()["exposed"]
    plan, answered = experiments.experiments(WORLD), life()["exposed"].answer_at > 0
    for experiment, idea in enumerate(plan.idea):
        here = (exposed.experiment == experiment) & exposed.is_treated & ~folk.never_buys[exposed.owner]
        effect = experiments.IDEAS[idea][2]
        assert 0.7 * effect <= answered[here].mean() <= 1.3 * effect
    assert not answered[~exposed.is_treated].any()


def test_truth_has_one_row_a_customer_with_what_was_drawn() -> None:
    small = World(customers=300)
    tables, truth = company.chunk_tables(small, 0)
    assert truth.num_rows == 300
    assert set(tables) | set(company.reference_tables(small)) == {export.entity for export in company.EXPORTS}
    assert sum(truth["n_orders"].to_pylist()) == len(set(tables["orders"]["Bestellnummer"].to_pylist()))
