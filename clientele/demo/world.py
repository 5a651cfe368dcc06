"""The parameters of the demo company: how many customers, over which time, and how they behave.

All moments inside the demo company are whole seconds since 1970-01-01 00:00 UTC (int64), all durations
seconds unless the name says days; money is in euro unless it stands beside a currency.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

import numpy as np

from clientele.demo.seasons import Season

MINUTE, HOUR, DAY = 60, 3_600, 86_400
YEAR = 365.25 * DAY

CATEGORIES = ("fashion", "shoes", "electronics", "home", "beauty", "sports", "toys", "groceries")


@dataclass(frozen=True)
class World:
    """Everything the company is made from; equal worlds give equal exports."""

    customers: int = 5_000  # 200 to 1,000,000
    seed: int = 42
    as_of: date = date(2026, 1, 1)  # events lie before this midnight (UTC)
    years: int = 3  # length of the history that ends at as_of
    chunk_customers: int = 20_000  # customers simulated at once; bounds memory, and part of the identity of the data
    known_after_hours: int = 6  # the exports are drawn this long after as_of

    # Who the customers are.
    business_share: float = 0.08
    launch_share: float = 0.25  # registered within the first tenth of the history, the rest evenly after

    # Purchases (BG/NBD): rate ~ Gamma(shape, mean / shape), dropout chance after a purchase ~ Beta(a, b).
    never_buys_share: float = 0.08
    rate_shape: float = 1.1
    rate_mean: float = 9.0  # orders a year while alive
    dropout_a: float = 0.9
    dropout_b: float = 8.0
    order_value_median: float = 48.0  # of the customers' mean order values
    order_value_sigma: float = 0.55  # of their logarithm
    order_value_shape: float = 4.0  # gamma shape of one customer's orders around the own mean
    extra_items_mean: float = 0.9  # lines of an order beyond the first
    coupon_share: float = 0.12
    cancelled_share: float = 0.04

    # Visits a year while alive, at the mean purchase rate; after dropout this share of them remains.
    browse_rate: float = 56.0
    browse_after_dropout: float = 0.12
    anonymous_share: float = 0.12  # of the visits without an order

    # Campaigns: answers to a contact while alive.
    campaigns_a_year: int = 18
    persuadable_share: float = 0.25
    persuadable_uplift: float = 0.09  # chance of an extra order after a contact
    annoyed_share: float = 0.12
    annoyed_drop: float = 0.35  # chance that the next natural order within two weeks is not made

    # Money, feelings, loyalty.
    bank_share: float = 0.30  # of the persons, with an account at the house bank
    loan_share_bank: float = 0.75  # of these, with a loan
    loan_share_other: float = 0.06
    loyalty_share: float = 0.45  # of the persons
    emotion_consent_share: float = 0.30

    # What is wrong with the exports.
    late_share: float = 0.015  # rows that became known hours to days after they happened
    duplicate_share: float = 0.002  # lines written twice

    def __post_init__(self) -> None:
        if self.customers < 50:
            raise ValueError(f"customers is {self.customers}: a demo company needs 50 or more")
        if not 1 <= self.years <= 10:
            raise ValueError(f"years is {self.years}: choose 1 to 10")

    @cached_property
    def end(self) -> int:
        """First second that no event reaches."""
        return int(datetime(self.as_of.year, self.as_of.month, self.as_of.day, tzinfo=UTC).timestamp())

    @cached_property
    def start(self) -> int:
        """First second of the history, `years` before `end`."""
        return self.end - round(self.years * 365.25) * DAY

    @cached_property
    def known_until(self) -> int:
        """First second at which nothing is known any more: the moment the exports are drawn."""
        return self.end + self.known_after_hours * HOUR

    @cached_property
    def season(self) -> Season:
        """The rhythm of the year and the week over the history."""
        return Season(self.start, self.end)

    @property
    def chunks(self) -> int:
        """Number of pieces in which customers are simulated."""
        return -(-self.customers // self.chunk_customers)

    def rng(self, topic: str, chunk: int = -1) -> np.random.Generator:
        """Random numbers of one topic and chunk, the same whatever else was drawn before."""
        key = (zlib.crc32(topic.encode()), chunk + 1)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
