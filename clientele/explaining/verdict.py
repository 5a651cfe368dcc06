"""What the rules of the policy looked at, which of them stand in the way, and what would lift them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from clientele.explaining.change import REACH, SHOWN, Change, Characteristic, Means, search
from clientele.explaining.units import money, share

Row = Mapping[str, Any]

DECLINE, REFER, APPROVE = "decline", "refer", "approve"
BETTER = {DECLINE: REFER, REFER: APPROVE}
IN_WORDS = {DECLINE: "declined", REFER: "referred to people", APPROVE: "approved"}
# Rules about the score: what cost points is the reason, as "the score is too low" is none.
OF_RISK = ("risk_too_high", "risk_unclear")
ARREARS, INCOME, COSTS, SPENDING = "arrears", "income", "regular costs", "spending"
INCOME_DAYS, COSTS_DAYS = 180, 90  # that a mean income and regular costs look back on


@dataclass(frozen=True)
class Facts:
    """What the rules look at. `is_performing` is unknown where no rule asks."""

    pd: float
    is_performing: bool
    days_past_due: float | None = None
    overdue_amount: float | None = None
    days_since_default: float | None = None
    income: float | None = None
    obligations: float | None = None
    left: float | None = None  # of income, after obligations and what living takes
    debt_service_ratio: float | None = None
    outflow: float | None = None  # spending a month; not known of accounts that are younger than its 90 days

    @property
    def instalments(self) -> float:
        """What loans take a month."""
        return (self.debt_service_ratio or 0) * (self.income or 0)

    @property
    def living_share(self) -> float | None:
        """Share of income that was set aside for living: the rest of the sum that is stored."""
        if not self.income or self.left is None or self.obligations is None:
            return None
        return 1 - (self.left + self.obligations) / self.income


def facts_of(decision: Row, features: Row) -> Facts:
    """Of a recommendation as it is stored, and the features of the day, empty where they are not kept any more."""
    outflow, age = _number(features.get("outflow_90d")), _number(features.get("account_age_days"))
    return Facts(
        pd=decision["pd"],
        is_performing="in_default" not in _names(decision),
        days_past_due=_number(features.get("days_past_due")),
        overdue_amount=_number(features.get("overdue_amount")),
        days_since_default=_number(features.get("days_since_default")),
        income=_number(decision.get("income_monthly")),
        obligations=_number(decision.get("obligations_monthly")),
        left=_number(decision.get("free_income_monthly")),
        debt_service_ratio=_number(decision.get("debt_service_ratio")),
        outflow=None if outflow is None or (age is not None and age < COSTS_DAYS) else outflow / 3,
    )


# As ml_credit__decisions asks them.
ASKED: dict[str, Callable[[Facts, float], bool]] = {
    "in_default": lambda facts, _: not facts.is_performing,
    "days_past_due": lambda facts, at: facts.days_past_due is not None and facts.days_past_due >= at,
    "over_indebted": lambda facts, at: facts.debt_service_ratio is not None and facts.debt_service_ratio >= at,
    "not_affordable": lambda facts, at: facts.left is not None and facts.left < at,
    "risk_too_high": lambda facts, at: facts.pd >= at,
    "income_unknown": lambda facts, _: not facts.income,
    "risk_unclear": lambda facts, at: facts.pd >= at,
    "spends_beyond_income": lambda facts, at: (
        facts.outflow is not None and bool(facts.income) and facts.outflow >= (facts.income or 0) * at
    ),
    "stretched": lambda facts, at: facts.debt_service_ratio is not None and facts.debt_service_ratio >= at,
}


def applying(policy: Sequence[Row], facts: Facts, named: Sequence[str] = ()) -> list[Row]:
    """The rules that speak of a customer, in the order of the policy; those that are `named` did by what is stored."""
    asked = [rule for rule in policy if rule["rule"] in ASKED]
    return [rule for rule in asked if rule["rule"] in named or ASKED[rule["rule"]](facts, _at(rule))]


@dataclass(frozen=True)
class Answer:
    """What would bring the next better recommendation.

    `in_the_way` are the rules against it; `acts` what would lift those that are not about the score, with the days it
    takes, and `blocked` why one cannot be lifted within reach. `change` is what would lift those about the score.
    """

    verdict: str
    aim: str
    in_the_way: list[Row]
    acts: list[tuple[str, int]]
    blocked: list[str]
    change: Change | None
    pd: float | None  # after the change
    still: list[Row]  # rules that would apply all the same

    @property
    def is_there(self) -> bool:
        """Whether something within reach would do it."""
        return not self.blocked and (self.change is not None or bool(self.acts))


def answer(
    decision: Row,
    policy: Sequence[Row],
    facts: Facts,
    characteristics: Sequence[Characteristic],
    pd_of: Mapping[int, float],
    *,
    probation_days: int,
    currency: str,
) -> Answer | None:
    """None where the rules approve, or nothing is known of them."""
    verdict = decision.get("policy_verdict")
    aim = BETTER.get(str(verdict))
    rules = [rule for rule in applying(policy, facts, _names(decision)) if aim != REFER or rule["verdict"] == DECLINE]
    if aim is None or not rules:
        return None
    lifted = [_lifted(rule, facts, decision["snapshot_date"], probation_days, currency) for rule in rules]
    acts = list(dict.fromkeys(act for one in lifted for act in one.acts))
    blocked = list(dict.fromkeys(one.blocked for one in lifted if one.blocked))
    must = sorted({part for one in lifted for part in one.must})
    without = sorted({part for one in lifted for part in one.without})
    means = Means(max(0.0, facts.left or 0.0), without, must, waited=max(one.waited for one in lifted))
    # Those that a change could break, too, not only those in the way now.
    of_risk = [rule for rule in policy if rule["rule"] in OF_RISK and (aim != REFER or rule["verdict"] == DECLINE)]
    below = min(map(_at, of_risk), default=None)
    change, pd = None, None
    if must or any(rule["rule"] in OF_RISK for rule in rules):
        change, best = search(
            decision["score"], characteristics, lambda at: at in pd_of and (below is None or pd_of[at] < below), means
        )
        if change is None and below is not None:
            pd = pd_of.get(best)
            blocked.append(_too_far(facts, below, pd))
        else:
            pd = pd_of.get(change.score) if change else facts.pd
    elif not blocked:
        pd = facts.pd
    after = replace(facts, pd=facts.pd if pd is None else pd)
    gone = {rule["rule"] for rule in rules}
    still = [rule for rule in applying(policy, after) if rule["rule"] not in gone]
    return Answer(str(verdict), aim, rules, acts, blocked, change, pd, still)


@dataclass(frozen=True)
class _Lifted:
    """How a rule is lifted: by acts of its own, by parts of the score that must or must not change; or not."""

    acts: tuple[tuple[str, int], ...] = ()
    blocked: str = ""
    must: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    waited: int = 0


def _lifted(rule: Row, facts: Facts, day: date, probation_days: int, currency: str) -> _Lifted:
    name, at = rule["rule"], _at(rule)
    if name == "days_past_due":
        return _Lifted((_pay(facts, currency),), must=(ARREARS,))
    if name == "in_default":
        acts = tuple(_recovered(facts, day, probation_days, currency))
        return _Lifted(acts, must=(ARREARS,), waited=max(days for _, days in acts))
    if name == "income_unknown":
        said = "Show by documents what income comes a month: only then can be told what is affordable"
        return _Lifted(((said, 0),), must=(SHOWN,))
    if name == "not_affordable":
        return _affordable(rule, facts, at, currency)
    if name == "spends_beyond_income":
        return _spending_less(rule, facts, at, currency)
    if name in ("over_indebted", "stretched"):
        return _less_burdened(rule, facts, at, currency)
    return _Lifted()


def _pay(facts: Facts, currency: str) -> tuple[str, int]:
    amount = f", {money(facts.overdue_amount, currency)}" if facts.overdue_amount else ""
    return f"Pay what is overdue{amount}", 0


def _recovered(facts: Facts, day: date, probation_days: int, currency: str) -> Iterator[tuple[str, int]]:
    """Paid today, a probation without another default begins; one that has begun goes on."""
    if facts.days_past_due or facts.overdue_amount:
        yield _pay(facts, currency)
    days = max(1, probation_days - int(facts.days_since_default or 0))
    yield f"Stay free of default until {day + timedelta(days=days)}", days


def _affordable(rule: Row, facts: Facts, at: float, currency: str) -> _Lifted:
    """Lower costs, or a higher income, where a fifth of either does it."""
    short, costs = at - (facts.left or 0), (facts.obligations or 0) - facts.instalments
    income, kept = facts.income or 0, 1 - (facts.living_share or 0)
    if 0 < short <= REACH * costs:
        said = f"Regular costs of {money(costs, currency)} a month lower by {_up(short, currency)}"
        return _Lifted(((said, COSTS_DAYS),), without=(COSTS, INCOME))
    if 0 < short <= REACH * income * kept:
        said = f"Income of {money(income, currency)} a month higher by {_up(short / kept, currency)}"
        return _Lifted(((said, INCOME_DAYS),), without=(COSTS, INCOME))
    return _Lifted(
        blocked=f"{_up(short, currency)} a month are missing, more than a fifth of regular costs"
        f" ({money(costs, currency)}) or of income ({money(income, currency)}): {_named(rule)}"
    )


def _spending_less(rule: Row, facts: Facts, at: float, currency: str) -> _Lifted:
    """By a fifth at most, as costs."""
    spent = facts.outflow or 0
    over = spent - at * (facts.income or 0)
    if over <= REACH * spent:
        said = f"Spending of {money(spent, currency)} a month lower by {_up(over, currency)}"
        return _Lifted(((said, COSTS_DAYS),), without=(SPENDING,))
    return _Lifted(
        blocked=f"Spending of {money(spent, currency)} a month would have to be {_up(over, currency)} lower, more than"
        f" a fifth: {_named(rule)}"
    )


def _less_burdened(rule: Row, facts: Facts, at: float, currency: str) -> _Lifted:
    """A higher income, where a fifth of it does; instalments are agreed, and fall when a loan ends."""
    needed, income = facts.instalments / at if at else float("inf"), facts.income or 0
    if needed <= (1 + REACH) * income:
        said = f"Income of {money(income, currency)} a month higher by {_up(needed - income, currency)}"
        return _Lifted(((said, INCOME_DAYS),), without=(INCOME, COSTS))
    return _Lifted(
        blocked=f"Instalments take {share(facts.debt_service_ratio or 0)} of income, and {share(at)} is too much: they"
        f" would have to be {_up(facts.instalments - at * income, currency)} a month lower, which comes when a loan"
        f" ends: {_named(rule)}"
    )


def _too_far(facts: Facts, below: float, best: float | None) -> str:
    if facts.pd < below:
        return f"With it the probability of default may come to {share(below)} or more, from which it is not enough"
    said = f"The probability of default is {share(facts.pd)}, and less than {share(below)} is asked"
    if best is None or best >= facts.pd:
        return f"{said}; nothing that can be changed within a year lowers it"
    return f"{said}; all that can be changed within a year lowers it to {share(best)}"


def _up(amount: float, currency: str) -> str:
    """Rounded up, as less would not do."""
    return money(float(int(amount) + 1), currency)


def _named(rule: Row) -> str:
    return f"rule {rule['rule']}"


def _names(decision: Row) -> list[str]:
    return str(decision.get("rules") or decision.get("rule") or "").split(", ")


def _at(rule: Row) -> float:
    return float(rule["threshold"] or 0)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
