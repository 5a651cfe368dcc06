"""Core: who the customers are, how they are inclined to behave, what they agreed to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clientele.demo import names
from clientele.demo.exports import Dirt, Export
from clientele.demo.sampling import column, days, delay, known_at, moments, pick, text
from clientele.demo.seasons import HOURS_SHOP, at_hours, without_repeated_hour
from clientele.demo.world import CATEGORIES, DAY, World

FIRST_CUSTOMER = 1_000_001
BUSINESS, PERSON = 1, 0
TYPES = ("person", "business")
ACQUISITION = ("search", "social", "referral", "store", "affiliate", "direct")


@dataclass
class People:
    """The customers of one chunk; every array has one value a customer."""

    number: np.ndarray  # customer number
    registered: np.ndarray  # epoch seconds
    is_business: np.ndarray
    country: np.ndarray  # code into names.COUNTRIES
    acquisition: np.ndarray  # code into ACQUISITION
    birth_day: np.ndarray  # days since 1970
    rate: np.ndarray  # orders a year while alive
    dropout_chance: np.ndarray  # after each order
    never_buys: np.ndarray
    order_value: np.ndarray  # mean, EUR
    preference: np.ndarray  # (n, categories), shares
    uplift: np.ndarray  # chance of an extra order after a contact, 0 to 1
    annoyance: np.ndarray  # chance to leave out the next order after a contact, 0 to 1
    credit_risk: np.ndarray  # latent, standard normal; higher defaults more often
    marketing_from: np.ndarray  # first second covered by a consent, or a moment never reached
    marketing_to: np.ndarray
    emotion_from: np.ndarray
    emotion_to: np.ndarray
    alive_until: np.ndarray  # last second alive as a buyer; set by commerce

    def __len__(self) -> int:
        return len(self.number)


NEVER = np.int64(2**40)  # later than any moment of the company


def simulate(world: World, chunk: int) -> People:
    """Draw the customers of one chunk."""
    rng = world.rng("people", chunk)
    first = chunk * world.chunk_customers
    n = min(world.chunk_customers, world.customers - first)
    span = world.end - world.start
    at_launch = rng.random(n) < world.launch_share
    share = np.where(at_launch, 0.1 * rng.random(n), 0.1 + 0.9 * rng.random(n))
    registered = world.season.to_seconds(share * span / DAY * 0.998)
    registered = without_repeated_hour(at_hours(rng, registered, HOURS_SHOP))
    is_business = rng.random(n) < world.business_share
    acquisition = pick(rng, n, (30, 22, 14, 16, 8, 10))
    # Customers won by affiliates and social media are lost sooner, referred ones later.
    loyalty = np.array([1.0, 0.75, 1.5, 1.2, 0.6, 1.1])[acquisition]
    kind = rng.random(n)
    marketing_from, marketing_to = _consent(rng, world, registered, 0.72, 0.14)
    emotion_from, emotion_to = _consent(rng, world, registered, world.emotion_consent_share, 0.2)
    emotion_from = np.where(is_business, NEVER, emotion_from)
    appetite = rng.gamma(0.6, size=(n, len(CATEGORIES))) * np.array([1.6, 1.0, 0.8, 1.1, 0.8, 0.8, 0.6, 1.2])
    return People(
        number=FIRST_CUSTOMER + first + np.arange(n),
        registered=registered,
        is_business=is_business,
        country=pick(rng, n, names.COUNTRY_SHARES),
        acquisition=acquisition,
        birth_day=(world.start // DAY - 365.25 * (18 + 62 * rng.beta(1.6, 2.4, n))).astype(np.int64),
        rate=rng.gamma(world.rate_shape, world.rate_mean / world.rate_shape, n).clip(0.05, 120.0),
        dropout_chance=rng.beta(world.dropout_a, world.dropout_b * loyalty, n).clip(0.001, 1.0),
        never_buys=rng.random(n) < world.never_buys_share,
        order_value=world.order_value_median
        * np.exp(world.order_value_sigma * rng.standard_normal(n))
        * np.where(is_business, 2.5, 1.0),
        preference=(appetite + 1e-3) / (appetite + 1e-3).sum(axis=1, keepdims=True),
        uplift=np.where(kind < world.persuadable_share, world.persuadable_uplift * rng.uniform(0.5, 1.5, n), 0.0),
        annoyance=np.where(kind > 1 - world.annoyed_share, world.annoyed_drop, 0.0),
        credit_risk=rng.standard_normal(n),
        marketing_from=marketing_from,
        marketing_to=marketing_to,
        emotion_from=emotion_from,
        emotion_to=emotion_to,
        alive_until=registered.copy(),
    )


def _consent(
    rng: np.random.Generator, world: World, registered: np.ndarray, share: float, withdrawn: float
) -> tuple[np.ndarray, np.ndarray]:
    n = len(registered)
    given = np.where(rng.random(n) < 0.8, delay(rng, n, median=120), delay(rng, n, median=60 * DAY, sigma=1.0))
    start = without_repeated_hour(registered + given)
    start = np.where((rng.random(n) < share) & (start < world.end), start, NEVER)
    ends = start + delay(rng, n, median=200 * DAY, sigma=0.9)
    return start, np.where((rng.random(n) < withdrawn) & (ends < world.end), ends, NEVER)


CUSTOMERS = Export(
    entity="customers",
    file="crm/customers",
    clock="created",
    known="updated_at",
    rows_per_customer=1.15,
    delimiter=",",
    sql="""
      select
          'C' || customer_no as customer_id,
          created as registered_at,
          lower(type) as customer_type,
          trim(coalesce(first_name || ' ', '') || coalesce(last_name, '')) as full_name,
          email,
          phone,
          born_on as birth_date,
          gender,
          marital_status,
          country,
          region,
          city,
          zip as postcode,
          language,
          source as acquisition_channel,
          industry,
          employees as company_size,
          active as is_active,
          updated_at as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "customer_no"),
        Dirt("type", "created", "n/a", text_only=True),
        Dirt("accepted", "type", "Alien"),
        Dirt("range", "employees", -12),
        Dirt("future", "created", "2099-03-01T00:00:00Z"),
        Dirt("ragged", text_only=True),
    ),
)


def customers(world: World, chunk: int, people: People) -> pa.Table:
    """Customers as the CRM hands them over, one row for each version."""
    rng = world.rng("customers", chunk)
    n = len(people)
    first, last = names.people(rng, n)
    place = names.places(rng, people.country)
    fresh = known_at(rng, world, people.registered)
    table = _table(rng, people, first, last, place, fresh)

    changed = np.flatnonzero(rng.random(n) < 0.14)
    when = people.registered[changed] + delay(rng, len(changed), median=240 * DAY, sigma=0.8)
    # Every other change of a customer who has dropped out closes the account.
    closed = (people.alive_until[changed] < world.end) & (rng.random(len(changed)) < 0.5)
    when = np.where(closed, np.maximum(when, people.alive_until[changed] + 30 * DAY), when)
    when = np.maximum(when, fresh[changed] + DAY)
    later = table.take(pa.array(changed))
    moved = names.places(rng, people.country[changed])
    for name, values in moved.items():
        kept = later[name].combine_chunks().cast(pa.string())
        later = later.set_column(
            later.column_names.index(name), name, pc.if_else(pa.array(closed), kept, values.cast(pa.string()))
        )
        at = table.column_names.index(name)
        table = table.set_column(at, name, table[name].combine_chunks().cast(pa.string()))
    later = later.set_column(later.column_names.index("active"), "active", column(~closed))
    later = later.set_column(later.column_names.index("updated_at"), "updated_at", moments(when))
    return pa.concat_tables([table, later.filter(pa.array(when < world.known_until))])


def _table(
    rng: np.random.Generator, people: People, first: pa.Array, last: pa.Array, place: dict, fresh: np.ndarray
) -> pa.Table:
    n, business = len(people), people.is_business
    number = pa.array(people.number).cast(pa.string())
    company = pc.binary_join_element_wise(
        last, text(pick(rng, n, (4, 3, 2, 1)), names.COMPANY_ENDS).cast("string"), " "
    )
    last_or_company = pc.if_else(pa.array(business), company, last)
    email = pc.binary_join_element_wise(pc.utf8_lower(last), number, ".")
    phone = pc.binary_join_element_wise("+49 30 ", pa.array(rng.integers(1_000_000, 9_999_999, n)).cast("string"), "")
    phone = pc.if_else(pa.array(rng.random(n) < 0.7), phone, pa.scalar(None, pa.string()))
    size = np.exp(rng.normal(3.2, 1.3, n)).astype(np.int64) + 1
    return pa.table(
        {
            "customer_no": people.number,
            "created": moments(people.registered),
            "type": text(business.astype(np.int32), ("Person", "Business")),
            "first_name": pc.if_else(pa.array(business), pa.scalar(None, pa.string()), first),
            "last_name": last_or_company,
            "email": pc.binary_join_element_wise(email, "example.org", "@"),
            "phone": phone,
            "born_on": days(people.birth_day * DAY, empty=business | (rng.random(n) < 0.06)),
            "gender": text(pick(rng, n, (49, 47, 2)), names.GENDERS, empty=business | (rng.random(n) < 0.1)),
            "marital_status": text(
                pick(rng, n, (40, 44, 11, 5)), names.MARITAL, empty=business | (rng.random(n) < 0.3)
            ),
            **place,
            "language": text(people.country, names.LANGUAGES),
            "source": text(people.acquisition, ACQUISITION),
            "industry": text(pick(rng, n, (3, 3, 2, 2, 1)), names.INDUSTRIES, empty=~business),
            "employees": column(size, empty=~business),
            "active": column(np.ones(n, dtype=bool)),
            "updated_at": moments(fresh),
        }
    )


CONSENTS = Export(
    entity="consents",
    file="crm/consents",
    clock="granted_at",
    known="changed_at",
    format="jsonl",
    rows_per_customer=1.6,
    sql="""
      select
          consent_id,
          'C' || customer_no as customer_id,
          purpose,
          basis as legal_basis,
          granted_at,
          withdrawn_at,
          notice as notice_version,
          origin as source,
          changed_at as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "purpose"),
        Dirt("type", "granted_at", "n/a", text_only=True),
        Dirt("missing", "customer_no"),
    ),
)
PURPOSES = ("marketing_email", "emotion_analytics", "emotion_credit")


def consents(world: World, chunk: int, people: People) -> pa.Table:
    """Consents; a withdrawal is a later version of the row."""
    rng = world.rng("consents", chunk)
    rows = []
    credit_from = np.where(rng.random(len(people)) < 0.25, people.emotion_from, NEVER)
    spans = (
        (people.marketing_from, people.marketing_to),
        (people.emotion_from, people.emotion_to),
        (credit_from, people.emotion_to),
    )
    for purpose, (start, stop) in enumerate(spans):
        who = np.flatnonzero(start < NEVER)
        known = known_at(rng, world, start[who])
        left = stop[who] < NEVER
        gone = np.maximum(known_at(rng, world, stop[who]), known + 1)
        number, granted = people.number[who], start[who]
        rows.append(_consents(purpose, number, granted, None, known))
        rows.append(_consents(purpose, number[left], granted[left], stop[who][left], gone[left]))
    return pa.concat_tables(rows)


def consent_id(purpose: int, number: np.ndarray) -> pa.Array:
    """Keys such as `E-1000042` for a customer's consent to one purpose."""
    return pc.binary_join_element_wise("MEK"[purpose], pa.array(number).cast(pa.string()), "-")


def _consents(
    purpose: int, number: np.ndarray, granted: np.ndarray, withdrawn: np.ndarray | None, known: np.ndarray
) -> pa.Table:
    n = len(number)
    return pa.table(
        {
            "consent_id": consent_id(purpose, number),
            "customer_no": number,
            "purpose": text(np.full(n, purpose), PURPOSES).cast(pa.string()),
            "basis": text(np.zeros(n), ("consent",)).cast(pa.string()),
            "granted_at": moments(granted),
            "withdrawn_at": moments(np.zeros(n), empty=np.ones(n, bool)) if withdrawn is None else moments(withdrawn),
            "notice": text((number + purpose) % 3, ("v1", "v2", "v3")).cast(pa.string()),
            "origin": text((number // 3) % 3, ("checkout", "account", "app")).cast(pa.string()),
            "changed_at": moments(known),
        }
    )
