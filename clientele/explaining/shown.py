"""An explanation as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from clientele.explaining.change import Change
from clientele.explaining.stored import Explanation


def lines(explanation: Explanation) -> Iterator[str]:
    """What was used, points, reasons, what would change the band, versions and consents, line by line."""
    score = explanation.score
    yield f"Customer {score['customer_id']}, as known on {score['snapshot_date']} 00:00 UTC"
    yield (
        f"Score {score['score']}, band {score['band']}: probability of default {_share(score['pd'])}"
        f" ({_share(score['pd_lower'])} to {_share(score['pd_upper'])})"
    )
    yield from _decision(explanation.decision, explanation.human)
    yield ""
    yield from _points(explanation)
    yield ""
    yield "What cost points:" if explanation.reasons else "What cost points: nothing, none is below its reference."
    for rank, (one, text) in enumerate(explanation.reasons, 1):
        yield f"  {rank}. {text} ({one.name} {one.label}: {one.points_lost} points below the reference)"
    yield ""
    if explanation.has_its_band:
        yield from _change(explanation.change, score["band"])
    else:
        yield f"The bands were drawn anew since: what would move the customer from band {score['band']} is not told."
    yield ""
    yield from _offers(explanation.offers)
    yield "Consents that ran on that day:" if explanation.consents else "Consents that ran on that day: none."
    for consent in explanation.consents:
        until = f"until {_shown(consent['valid_to'])}" if consent["valid_to"] else "still running"
        notice = "with notice" if consent["has_notice"] else "no notice on record"
        yield f"  {consent['purpose']} since {_shown(consent['valid_from'])}, {until}, {notice}"
    yield f"Legal classes of what was used: {', '.join(explanation.legal_classes)}"
    yield ""
    yield (
        f"Model {score['model_name']} {score['model_version']} ({score['algorithm']}), features"
        f" {score['feature_version']}, scored {_shown(score['scored_at'])} UTC in run {score['run_id']}"
    )
    yield "A recommendation for people to decide upon, not a decision."


def _decision(decision: dict[str, Any] | None, human: dict[str, Any] | None) -> Iterator[str]:
    """The recommendation with the rules behind it, which often are not the score: affordability, arrears, income."""
    if decision is None:
        yield "Recommendation: none is kept of this day."
        return
    yield f"Recommendation: {decision['recommendation']} (policy {decision['policy_version']})"
    if decision["rule"]:
        # Of before all of them were kept, the first is.
        rules, reasons = decision.get("rules") or decision["rule"], decision.get("reasons") or decision["reason"]
        yield f"  because: {reasons} ({rules})"
    if human:
        said = f"  decided by people: {human['human_decision']} at {_shown(human['human_decided_at'])} UTC"
        is_of_this = all(human[name] == decision[name] for name in ("run_id", "recommendation"))
        yield said if is_of_this else f"{said}, on an earlier recommendation: {human['recommendation']}"


def _points(explanation: Explanation) -> Iterator[str]:
    rows = [("what was used", "value", "falls into", "points", "reference")]
    rows += [
        (one.name, _shown(one.value), one.label, f"{one.points:+d}", f"{one.reference_points:+d}")
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


def _change(change: Change | None, band: str) -> Iterator[str]:
    if change is None:
        yield f"No change of up to three things would move the customer from band {band} to a better one."
        return
    yield f"The smallest change that would move the band from {band} to {change.band} (score {change.score}):"
    for name, before, after, gained in change.steps:
        yield f"  {name} from {before} to {after} ({gained:+d} points)"


def _offers(offers: list[dict[str, Any]]) -> Iterator[str]:
    for offer in offers:
        yield (
            f"Offer: {offer['product']}, up to {_shown(offer['credit_limit'])} at"
            f" {_share(offer['apr_from'])} to {_share(offer['apr_to'])} a year, until {offer['expires_on']}"
            # Of before it was kept, it is not known.
            + (", expected to lose money" if offer.get("is_profitable") is False else "")
        )
    if offers:
        yield "Offers are alternatives: each is affordable by itself."
        yield ""


def _share(share: float) -> str:
    return f"{share:.1%}"


def _shown(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float | Decimal):
        return f"{value:,.0f}" if abs(float(value)) >= 1000 else f"{value:.4g}"
    return str(value)
