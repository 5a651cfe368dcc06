"""The whole company: which exports there are, and one chunk of customers through all domains."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clientele.demo import (
    banking,
    billing,
    care,
    clubs,
    commerce,
    contracts,
    emotion,
    engagement,
    experiments,
    lending,
    loyalty,
    marketing,
    people,
    purchases,
    shop,
    tickets,
)
from clientele.demo.people import NEVER, People
from clientele.demo.sampling import column, moments, text
from clientele.demo.world import CATEGORIES, World

EXPORTS = [
    people.CUSTOMERS,
    people.CONSENTS,
    banking.FX_RATES,
    shop.PRODUCTS,
    shop.ORDERS,
    shop.ORDER_ITEMS,
    shop.RETURNS,
    engagement.SESSIONS,
    marketing.CAMPAIGNS,
    marketing.PERFORMANCE,
    marketing.TOUCHES,
    experiments.EXPERIMENTS,
    experiments.EXPOSURES,
    banking.BANK_TRANSACTIONS,
    lending.LOANS,
    lending.REPAYMENTS,
    lending.OUTCOMES,
    emotion.EMOTION_EVENTS,
    contracts.SUBSCRIPTIONS,
    contracts.USAGE_EVENTS,
    billing.INVOICES,
    billing.PAYMENTS,
    tickets.SUPPORT_TICKETS,
    care.ALERT_STATUS_EVENTS,
    care.ALERT_FEEDBACK,
    care.ACTIONS,
    care.ACTION_OUTCOMES,
    *clubs.EXPORTS,
    loyalty.ACCOUNTS,
    loyalty.POINTS,
    loyalty.REDEMPTIONS,
]


def reference_tables(world: World) -> dict[str, pa.Table]:
    """Exports that do not depend on single customers, by entity."""
    return {
        "fx_rates": banking.fx_rates(world),
        "products": shop.products(world),
        "campaigns": marketing.campaign_table(world),
        "campaign_performance": marketing.performance(world),
        "experiments": experiments.experiment_table(world),
        **clubs.tables(world),
    }


def reference_truth(world: World) -> dict[str, pa.Table]:
    """Truth that does not depend on single customers, by file."""
    return {"experiments": experiments.truth(world)}


def chunk_tables(world: World, chunk: int) -> tuple[dict[str, pa.Table], pa.Table]:
    """The exports of one chunk of customers by entity, and the truth about them."""
    folk = people.simulate(world, chunk)
    natural = purchases.simulate(world, chunk, folk)
    contacts = marketing.simulate(world, chunk, folk, natural)
    exposed = experiments.simulate(world, chunk, folk)
    made = _influenced(natural, contacts, exposed)
    orders = commerce.simulate(world, chunk, folk, made)
    returned = commerce.returns(world, chunk, orders)
    subscribed = contracts.simulate(world, chunk, folk)
    billed = billing.simulate(world, chunk, folk, subscribed)
    lent = lending.simulate(world, chunk, folk)
    alerts = care.simulate(world, chunk, subscribed)
    club = loyalty.simulate(world, chunk, folk, orders)
    tables = {
        "customers": people.customers(world, chunk, folk),
        "consents": people.consents(world, chunk, folk),
        "orders": shop.orders(world, folk, orders),
        "order_items": shop.order_items(folk, orders),
        "returns": shop.returns(world, chunk, folk, orders, returned),
        "sessions": engagement.sessions(world, chunk, folk, orders, marketing.campaigns(world).ids),
        "campaign_touches": marketing.touches(world, chunk, folk, contacts, made),
        "experiment_exposures": experiments.exposures(world, chunk, folk, exposed),
        "bank_transactions": banking.bank_transactions(world, chunk, folk),
        "loans": lending.loans(world, chunk, folk, lent),
        "repayments": lending.repayments(world, chunk, folk, lent),
        "credit_decision_outcomes": lending.credit_decision_outcomes(world, chunk, folk, lent),
        "emotion_events": emotion.emotion_events(world, chunk, folk),
        "subscriptions": contracts.subscriptions(world, chunk, folk, subscribed),
        "usage_events": contracts.usage_events(world, chunk, folk, subscribed),
        "invoices": billing.invoices(world, chunk, folk, subscribed, billed),
        "payments": billing.payments(world, chunk, folk, subscribed, billed, orders),
        "support_tickets": tickets.support_tickets(world, chunk, folk, subscribed),
        "alert_status_events": care.alert_status_events(world, chunk, folk, alerts),
        "alert_feedback": care.alert_feedback(world, chunk, folk, alerts),
        "actions": care.actions(world, chunk, folk, alerts),
        "action_outcomes": care.action_outcomes(world, chunk, folk, alerts),
        "loyalty_accounts": loyalty.accounts(world, chunk, folk, club),
        "point_transactions": loyalty.point_transactions(world, chunk, folk, orders, club),
        "redemptions": loyalty.redemptions(world, chunk, folk, club),
    }
    return tables, truth(world, folk, made, subscribed, lent)


def _influenced(
    natural: purchases.Purchases, contacts: marketing.Contacts, exposed: experiments.Exposures
) -> purchases.Purchases:
    """The purchases that happen: natural ones, less those that contacts prevent, and those that treatments make."""
    answered, tested = np.flatnonzero(contacts.answer_at), np.flatnonzero(exposed.answer_at)
    return purchases.changed(
        natural,
        contacts.left_out[contacts.left_out >= 0],
        np.concatenate([contacts.owner[answered], exposed.owner[tested]]),
        np.concatenate([contacts.answer_at[answered], exposed.answer_at[tested]]),
        np.concatenate([contacts.campaign[answered], np.full(len(tested), purchases.NATURAL)]),
    )


def truth(
    world: World,
    folk: People,
    made: purchases.Purchases,
    subscribed: contracts.Subscriptions,
    lent: lending.Loans,
) -> pa.Table:
    """What is really so, one row a customer. Rates are per year, chances and shares 0 to 1, money in euro."""
    n = len(folk)
    owners = np.bincount(made.owner, minlength=n)
    extra = np.bincount(made.owner[made.campaign >= 0], minlength=n)
    cancelled = np.zeros(n, dtype=np.int64)
    np.maximum.at(cancelled, subscribed.owner, subscribed.cancelled)
    churned = (cancelled > 0) & (cancelled < NEVER)
    default_at = np.where(
        lent.default_month <= lent.term, lent.opened + lent.default_month * lending.MONTH, NEVER
    )  # first missed due date
    defaulted = np.full(n, NEVER)
    np.minimum.at(defaulted, lent.owner, default_at)
    kind = np.where(folk.uplift > 0, 1, np.where(folk.annoyance > 0, 2, 0))
    return pa.table(
        {
            "customer_id": pc.binary_join_element_wise("C", pa.array(folk.number).cast(pa.string()), ""),
            "customer_type": text(folk.is_business.astype(np.int32), people.TYPES).cast(pa.string()),
            "registered_at": moments(folk.registered),
            "purchase_rate_per_year": column(folk.rate, empty=folk.never_buys),
            "dropout_chance": column(folk.dropout_chance, empty=folk.never_buys),
            "dropped_out_at": moments(folk.alive_until, empty=folk.alive_until >= world.end),
            "is_alive": column(folk.alive_until >= world.end),
            "n_orders": owners,
            "n_orders_by_campaigns": extra,
            "mean_order_value_eur": folk.order_value,
            **{f"preference_{name}": folk.preference[:, i] for i, name in enumerate(CATEGORIES)},
            "campaign_response": text(kind, ("indifferent", "persuadable", "annoyed")).cast(pa.string()),
            "campaign_uplift": folk.uplift,
            "campaign_left_out_chance": folk.annoyance,
            "default_propensity": lending.default_propensity(folk),
            "has_loan": column(np.bincount(lent.owner, minlength=n) > 0),
            "defaulted_at": moments(defaulted, empty=defaulted >= world.end),
            "has_subscription": column(np.bincount(subscribed.owner, minlength=n) > 0),
            "subscription_churned_at": moments(np.where(churned, cancelled, 0), empty=~churned),
        }
    )
