"""An explanation as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from clientele.explaining.change import MISSING, SAVED, SHOWN, Act, Change, Characteristic
from clientele.explaining.stored import Explanation
from clientele.explaining.units import Unit, money, share
from clientele.explaining.verdict import DECLINE, IN_WORDS, OF_RISK, Answer, Facts, applying

# What must not come, so that what was leaves its window.
IF_NOTHING_NEW = {
    "arrears": "if nothing new is late",
    "overdraft": "if no booking leaves an account overdrawn",
    "gambling": "if nothing more is spent on gambling",
    "failed payments": "if no payment fails",
}
DAYS = Unit(word="days")


def lines(explanation: Explanation) -> Iterator[str]:
    """What was used, points, reasons, what would change the recommendation, versions and consents, line by line."""
    score = explanation.score
    yield f"Customer {score['customer_id']}, as known on {score['snapshot_date']} 00:00 UTC"
    yield (
        f"Score {score['score']}, band {score['band']}: probability of default {share(score['pd'])}"
        f" ({share(score['pd_lower'])} to {share(score['pd_upper'])})"
    )
    yield from _decision(explanation)
    yield ""
    yield from _points(explanation)
    yield ""
    yield "What cost points:" if explanation.reasons else "What cost points: nothing, none is below its reference."
    for rank, (one, text) in enumerate(explanation.reasons, 1):
        yield f"  {rank}. {text} ({one.name}: {_points_told(one.points_lost)} below the reference)"
    yield ""
    if explanation.answer:
        yield from _answer(explanation.answer, explanation)
    elif explanation.has_its_band:
        yield from _band_change(explanation.change, explanation)
    else:
        yield f"The bands were drawn anew since: what would move the customer from band {score['band']} is not told."
    yield ""
    yield from _offers(explanation.offers, explanation.currency)
    yield from _consents(explanation)
    yield ""
    yield (
        f"Model {score['model_name']} {score['model_version']} ({score['algorithm']}), features"
        f" {score['feature_version']}, scored {_moment(score['scored_at'])} UTC in run {score['run_id']}"
    )
    yield "A recommendation for people to decide upon, not a decision."


def _decision(explanation: Explanation) -> Iterator[str]:
    """The recommendation, with what the rules behind it looked at."""
    decision, human = explanation.decision, explanation.human
    if decision is None:
        yield "Recommendation: none is kept of this day."
        return
    yield f"Recommendation: {decision['recommendation']} (policy {decision['policy_version']})"
    if decision["rule"]:
        yield f"  because: {_because(explanation)}"
    if decision.get("policy_verdict") == DECLINE:
        basis = decision.get("lawful_basis")
        yield (
            f"  the rules decline; a basis in law for doing so without people is on record: {basis}"
            if basis
            else "  the rules decline; no basis in law for doing so without people is on record, so that people decide"
        )
    if human:
        said = f"  decided by people: {human['human_decision']} at {_moment(human['human_decided_at'])} UTC"
        is_of_this = all(human[name] == decision[name] for name in ("run_id", "recommendation"))
        yield said if is_of_this else f"{said}, on an earlier recommendation: {human['recommendation']}"
    if explanation.facts:
        yield ""
        yield from _looked_at(explanation, explanation.facts)


def _because(explanation: Explanation) -> str:
    """The reasons as they are stored. Where the score decides, what cost points is the reason, never the score."""
    decision = explanation.decision or {}
    # Of before all of them were kept, the first is.
    rules = str(decision.get("rules") or decision["rule"]).split(", ")
    reasons = str(decision.get("reasons") or decision["reason"]).split("; ")
    if len(reasons) != len(rules):
        reasons = ["; ".join(reasons)] + [""] * (len(rules) - 1)
    told = []
    for rule, reason in zip(rules, reasons, strict=True):
        is_of_risk = rule in OF_RISK and explanation.reasons
        told += [text for _, text in explanation.reasons] if is_of_risk else [reason] if reason else []
    return f"{'; '.join(told)} ({', '.join(rules)})"


def _looked_at(explanation: Explanation, facts: Facts) -> Iterator[str]:
    """What the rules looked at, with their thresholds."""
    currency, decision = explanation.currency, explanation.decision or {}
    living, income = facts.living_share, facts.income
    affordable = decision.get("affordable_instalment")
    rows: list[tuple[str, str, tuple[str, ...]]] = [
        ("income a month", _amount(income, currency), ("income_unknown",)),
        ("regular costs and instalments a month", _amount(facts.obligations, currency), ()),
        (
            f"set aside for living, {share(living)} of income" if living is not None else "set aside for living",
            _amount(None if living is None or income is None else living * income, currency), (),
        ),
        ("left of income a month", _amount(facts.left, currency), ("not_affordable",)),
        (
            "share of income that instalments take",
            "unknown" if facts.debt_service_ratio is None else share(facts.debt_service_ratio),
            ("over_indebted", "stretched"),
        ),
        ("spending a month", _amount(facts.outflow, currency), ("spends_beyond_income",)),
        ("instalment that would be affordable", _amount(affordable, currency), ()),
        ("days past due", DAYS.value(facts.days_past_due), ("days_past_due",)),
        ("in default, or until a short time ago", "no" if facts.is_performing else "yes", ("in_default",)),
        ("probability of default", share(facts.pd), OF_RISK),
    ]  # fmt: skip
    applied = {rule["rule"] for rule in applying(explanation.policy, facts)}
    wide = max(len(words) for words, *_ in rows)
    yield "What the rules looked at:"
    for words, value, names in rows:
        rules = [rule for name in names for rule in explanation.policy if rule["rule"] == name]
        asked = "; ".join(
            f"{rule['verdict']} {_threshold(rule, currency)} ({rule['rule']}{', applies' * (rule['rule'] in applied)})"
            for rule in rules
        )
        yield f"  {words.ljust(wide)}  {value.rjust(10)}  {asked}".rstrip()


def _threshold(rule: Mapping[str, Any], currency: str) -> str:
    at = float(rule["threshold"] or 0)
    match rule["rule"]:
        case "not_affordable":
            return f"below {money(at, currency)}"
        case "days_past_due":
            return f"from {at:.0f} days"
        case "in_default":
            return "if so"
        case "spends_beyond_income":
            return f"from {share(at)} of income"
        case "income_unknown":
            return "if none is known"
    return f"from {share(at)}"


def _points(explanation: Explanation) -> Iterator[str]:
    rows = [("what was used", "value", "falls into", "points", "reference")]
    rows += [
        (
            one.words,
            one.unit.value(one.value),
            one.unit.range(one.row),
            f"{one.points:+d}",
            f"{one.reference_points:+d}",
        )
        for one in explanation.characteristics
    ]
    rows.append(("base", "", "", f"{explanation.score['base_points']:+d}", ""))
    rows.append(("score", "", "", str(explanation.score["score"]), ""))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        text, numbers = row[:3], row[3:]
        left = [cell.ljust(width) for cell, width in zip(text, widths[:3], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(numbers, widths[3:], strict=True)]
        yield "  " + "  ".join(left + right).rstrip()


def _answer(answer: Answer, explanation: Explanation) -> Iterator[str]:
    """What would bring the next better recommendation, step by step, or why nothing within reach would."""
    way = f"from {IN_WORDS[answer.verdict]} to {IN_WORDS[answer.aim]}"
    rules = ", ".join(rule["rule"] for rule in answer.in_the_way)
    if not answer.is_there:
        yield f"No change within reach would move the recommendation {way}. In the way: {rules}."
        for why in answer.blocked or ["Nothing that the customer can change has a part in it"]:
            yield f"  - {why}."
        return
    yield f"The smallest change that would move the recommendation {way}. In the way: {rules}."
    day = explanation.score["snapshot_date"]
    steps = [[f"{said}{_in_days(days)}."] for said, days in answer.acts]
    if answer.change:
        said_already = {"arrears"} if any(said.startswith("Pay ") for said, _ in answer.acts) else set[str]()
        steps += [list(_act(act, day, act.part in said_already)) for act in answer.change.acts]
    for rank, (first, *more) in enumerate(steps, 1):
        yield f"  {rank}. {first}"
        yield from (f"     {line}" for line in more)
    if answer.change and answer.pd is not None:
        yield f"  Then: {_then(answer.change, explanation)}, all else as it is."
    if any(rule["rule"] == "income_unknown" for rule in answer.in_the_way):
        yield "  Once income is known, the rules about what is affordable are asked, too, and may say otherwise."
    for rule in answer.still:
        yield f"  Still {rule['verdict']} by {rule['rule']}, {_threshold(rule, explanation.currency)}."


def _band_change(change: Change | None, explanation: Explanation) -> Iterator[str]:
    band = explanation.score["band"]
    if change is None:
        yield f"No change of up to three things within reach would move the customer from band {band} to a better one."
        return
    yield f"The smallest change that would move the band from {band} to {explanation.band_of[change.score]}:"
    for rank, act in enumerate(change.acts, 1):
        first, *more = _act(act, explanation.score["snapshot_date"], is_said=False)
        yield f"  {rank}. {first}"
        yield from (f"     {line}" for line in more)
    yield f"  Then: {_then(change, explanation)}, all else as it is."


def _then(change: Change, explanation: Explanation) -> str:
    pd, band = explanation.pd_of[change.score], explanation.band_of.get(change.score)
    return f"score {change.score}, probability of default {share(pd)}" + (f", band {band}" if band else "")


def _act(act: Act, day: date, is_said: bool) -> Iterator[str]:
    """What is done and by when it shows, and what changes by it. Points that do not change are not told."""
    on = f"from {day + timedelta(days=act.days)} on at the latest"
    if act.part == SHOWN:
        yield "Show by statements of another bank what is not known here. As most customers have it, that would be:"
    elif act.part in IF_NOTHING_NEW or all(one.can_change == "by_waiting" for one, _ in act.moved):
        pays = act.part == "arrears" and not is_said and any(one.can_change == "at_once" for one, _ in act.moved)
        waits = f"{on}, {IF_NOTHING_NEW.get(act.part, 'if nothing new is added')}" if act.days else ""
        said = ", and ".join(filter(None, ["pay what is overdue" if pays else "", waits])) or "with that"
        yield f"{said[0].upper()}{said[1:]}:"
    elif act.part == SAVED:
        yield f"Save, which shows {on}:"
    else:
        yield f"Change, which shows {on}:"
    for one, row in act.moved:
        gained = row["points"] - one.points
        told = f" ({gained:+d} {'point' if abs(gained) == 1 else 'points'})" if gained else ""
        goal = one.unit.range(row) if act.part == SHOWN else one.unit.goal(row, rises=row["bin"] > one.bin)
        yield f"{one.words}: {_now(one)} → {goal}{told}"


def _now(one: Characteristic) -> str:
    if one.bin == MISSING:
        return "not known"
    return one.unit.range(one.row) if one.value is None or isinstance(one.value, str) else one.unit.value(one.value)


def _in_days(days: int) -> str:
    return f", which takes up to {days} days" if days else ""


def _points_told(points: int) -> str:
    return f"{points} point" if points == 1 else f"{points} points"


def _offers(offers: list[dict[str, Any]], currency: str) -> Iterator[str]:
    for offer in offers:
        apr = f"{share(offer['apr'])} a year" if offer.get("apr") is not None else "a yearly rate"
        yield (
            f"Offer: {offer['product']}, up to {money(offer['credit_limit'], currency)} at {apr}"
            f" ({share(offer['apr_from'])} to {share(offer['apr_to'])}),"
            f" stands up to and with {offer['expires_on'] - timedelta(days=1)}"
            # Of before it was kept, it is not known.
            + (", expected to lose money" if offer.get("is_profitable") is False else "")
        )
    if offers:
        yield "Offers are alternatives: each is affordable by itself."
        yield ""


def _consents(explanation: Explanation) -> Iterator[str]:
    yield f"Legal classes of what was used: {', '.join(explanation.legal_classes)}"
    if permission := explanation.permission:
        law, note = permission["jurisdiction"], permission["note"]
        yield (
            f"Financial data may be read for credit by the policy of {law}: {note}."
            " It rests on no consent below; which basis in law it rests on (contract, duty) is the lender's to name."
        )
    yield "Consents that ran on that day:" if explanation.consents else "Consents that ran on that day: none."
    for consent in explanation.consents:
        until = f"until {_moment(consent['valid_to'])}" if consent["valid_to"] else "still running"
        notice = "with notice" if consent["has_notice"] else "no notice on record"
        yield f"  {consent['purpose']} since {_moment(consent['valid_from'])}, {until}, {notice}"


def _amount(amount: float | Decimal | None, currency: str) -> str:
    return "unknown" if amount is None else money(float(amount), currency)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
