"""Names of segments, said of their profile: what its customers do more or less of than the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

TRAIT = 0.75  # standard deviations from the mean customer, from which it is worth a word
LEADING = 1.5  # times as much counts what a business asks first: are they here, how often, for how much
LEAD = ("presence", "frequency", "value")
KEPT_TRAIT = 0.25  # standard deviations down to which a word that was once given is kept
WORDS = 3  # traits of a name, as long as no two segments share it
EVERYBODY = "All customers"
NOBODY = "No clear segment"

ORDERS, SESSIONS = "n_orders_lifetime", "n_sessions_90d"
Kind = Literal["customers", "buyers", "one-time buyers", "browsers", "non-buyers"]
NOUNS: dict[Kind, str] = {
    "customers": "customers",
    "buyers": "buyers",
    "one-time buyers": "one-time buyers",
    "browsers": "browsers who do not buy",
    "non-buyers": "customers without an order",
}
# What the noun says already, or what is empty of such customers.
OF_SEVERAL_ORDERS = (ORDERS, "spend_lifetime", "n_categories_lifetime")
OF_ORDERS = (*OF_SEVERAL_ORDERS, "aov_lifetime", "refund_lifetime_share", "discount_lifetime_share", "recency_days")
MUTE: dict[Kind, tuple[str, ...]] = {
    "one-time buyers": OF_SEVERAL_ORDERS,
    "browsers": (*OF_ORDERS, SESSIONS),
    "non-buyers": (*OF_ORDERS, SESSIONS),
}


@dataclass(frozen=True)
class Behaviour:
    """A column that segments are told by, and the words for much and little of it.

    `aspect` is what it is a measure of: a name speaks of each once, in the words of the first column that has any.
    `place` is where the words stand: before the noun, as the noun, or after it.
    """

    column: str
    aspect: str
    high: str
    low: str
    place: Literal["before", "noun", "after"] = "after"

    @classmethod
    def of(cls, column: str) -> Behaviour:
        """The words for any column: those of BEHAVIOURS, or its own name."""
        known = {behaviour.column: behaviour for behaviour in BEHAVIOURS}
        words = _plain(column)
        return known.get(column, cls(column, column, f"with high {words}", f"with low {words}"))


BEHAVIOURS = (  # in the order in which their words stand in a name
    Behaviour("recency_days", "presence", "lapsed", "recent", "before"),
    Behaviour("engagement_score", "presence", "engaged", "disengaged", "before"),
    Behaviour(ORDERS, "frequency", "frequent", "occasional", "before"),
    Behaviour("discount_lifetime_share", "discounts", "discount", "full-price", "before"),
    Behaviour("spend_lifetime", "value", "big spenders", "small spenders", "noun"),
    Behaviour("aov_lifetime", "value", "with large baskets", "with small baskets"),
    Behaviour("n_categories_lifetime", "breadth", "in many categories", "in few categories"),
    Behaviour(SESSIONS, "presence", "who browse a lot", "who hardly browse"),
    Behaviour("refund_lifetime_share", "returns", "who return a lot", "who return little"),
)


@dataclass(frozen=True)
class Name:
    """A name and what it rests on: the kind of customers and pairs of a column and whether they do much of it."""

    text: str
    kind: Kind
    traits: tuple[tuple[str, bool], ...]

    def to_state(self) -> dict[str, Any]:
        """As plain data, for an artifact."""
        return asdict(self) | {"traits": [list(trait) for trait in self.traits]}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Name:
        """The name that `to_state` gave."""
        return cls(state["text"], state["kind"], tuple((str(column), bool(high)) for column, high in state["traits"]))


@dataclass(frozen=True)
class Profile:
    """A segment's `deviations` from the mean customer in standard deviations, and its `means`, by column."""

    kind: Kind
    deviations: dict[str, float]
    means: dict[str, float]


def kind_of(values: Mapping[str, npt.NDArray[np.float64]]) -> Kind:
    """What most of a segment's customers are, from their numbers of orders and of sessions."""
    orders = _known(values, ORDERS)
    if not orders.size:
        return "customers"
    if (orders == 0).mean() > 0.5:
        return "browsers" if (_known(values, SESSIONS) > 0).sum() > len(orders) / 2 else "non-buyers"
    return "one-time buyers" if (orders == 1).mean() > 0.5 else "buyers"


def _known(values: Mapping[str, npt.NDArray[np.float64]], column: str) -> npt.NDArray[np.float64]:
    found = values.get(column, np.empty(0))
    return found[~np.isnan(found)]


def name_all(profiles: Sequence[Profile], last: Sequence[Name | None]) -> list[Name]:
    """One name per profile, all different. The one it had in the last version stays while it is still true."""
    kept = [old if old and holds(old, profile) else None for profile, old in zip(profiles, last, strict=True)]
    taken = {name.text for name in kept if name}
    names = []
    for profile, old in zip(profiles, kept, strict=True):
        name = old or next(name for name in candidates(profile) if name.text not in taken)
        taken.add(name.text)
        names.append(name)
    return names


def holds(name: Name, profile: Profile) -> bool:
    """Whether what a name says is still so; one that says nothing but the noun is found anew."""
    signs = [profile.deviations.get(column, 0.0) * (1 if high else -1) for column, high in name.traits]
    return name.kind == profile.kind and bool(signs) and min(signs) >= KEPT_TRAIT


def candidates(profile: Profile) -> Iterator[Name]:
    """Ever more exact names: with the strongest traits, with more of them, then with means."""
    traits = _traits(profile)
    for n in range(min(WORDS, len(traits)), len(traits) + 1):
        yield _name(profile.kind, traits[:n])
    longest = _name(profile.kind, traits)
    for digits in (2, 4, 16):
        for column, mean in profile.means.items():
            yield replace(longest, text=f"{longest.text}, {_plain(column)} about {float(f'{mean:.{digits}g}'):.16g}")
    for column, deviation in profile.deviations.items():  # no two centres agree in all of them
        yield replace(longest, text=f"{longest.text}, {_plain(column)} {deviation:+.16g} standard deviations off")


def _plain(column: str) -> str:
    return column.replace("_", " ")


def _traits(profile: Profile) -> list[tuple[str, bool]]:
    """What stands out in this kind of customers, the strongest first, one of each aspect."""
    spoken: dict[str, tuple[str, float]] = {}
    rank = {behaviour.column: place for place, behaviour in enumerate(BEHAVIOURS)}
    for column in sorted(profile.deviations, key=lambda column: (rank.get(column, len(rank)), column)):
        aspect = Behaviour.of(column).aspect
        strength = profile.deviations[column] * (LEADING if aspect in LEAD else 1)
        if abs(strength) >= TRAIT and column not in MUTE.get(profile.kind, ()):
            spoken.setdefault(aspect, (column, strength))
    strongest = sorted(spoken.values(), key=lambda trait: -abs(trait[1]))
    return [(column, strength > 0) for column, strength in strongest]


def _name(kind: Kind, traits: Sequence[tuple[str, bool]]) -> Name:
    words = dict(traits)
    known = [behaviour for behaviour in BEHAVIOURS if behaviour.column in words]
    other = [Behaviour.of(column) for column in sorted(words.keys() - {behaviour.column for behaviour in known})]
    said: dict[str, list[str]] = {"before": [], "noun": [], "after": []}
    for behaviour in known + other:
        said[behaviour.place].append(behaviour.high if words[behaviour.column] else behaviour.low)
    before = said["before"] or (["typical"] if not traits and kind in ("buyers", "customers") else [])
    noun = said["noun"] or [NOUNS[kind]]
    text = " ".join([*before, *noun, " and ".join(said["after"])]).strip()
    return Name(text[0].upper() + text[1:], kind, tuple(traits))
