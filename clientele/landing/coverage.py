"""What stays empty when an entity or a column is not mapped."""

from __future__ import annotations

from collections.abc import Iterable

from clientele.contract import Contract

BY_ENTITY = {
    "customers": "nothing can be built: every table starts from the customers",
    "orders": "no purchase features, churn, customer value or segments",
    "order_items": "no product features and no next-purchase recommendations",
    "products": "no category features and no margins",
    "returns": "no return features; revenue is before returns",
    "sessions": "no engagement features",
    "fx_rates": "amounts in other than the reporting currency cannot be summed",
    "consents": "emotion and marketing features stay empty: no consent covers them",
    "emotion_events": "no emotion features",
    "campaigns": "touches have no campaign attributes",
    "campaign_performance": "no campaign returns",
    "campaign_touches": "no uplift and no campaign response features",
    "bank_transactions": "no income, spending or overdraft features for credit",
    "loans": "no credit scorecard",
    "repayments": "no default labels: the scorecard cannot be fitted",
    "subscriptions": "no subscription features, renewals or recurring revenue",
    "invoices": "no features of overdue invoices",
    "payments": "no features of overdue invoices or failed payments",
    "usage_events": "no product usage features",
    "support_tickets": "no support features",
    "actions": "no measure of what actions achieved",
}
BY_DOMAIN = {
    "loyalty": "no loyalty features",
    "experiments": "no experiment results",
    "success": "no follow-up of alerts",
}


def coverage(contract: Contract, mapped: Iterable[str], columns: dict[str, set[str]]) -> list[str]:
    """One line per entity that is not mapped, and per mapped entity the columns that stay empty."""
    mapped = set(mapped)
    lines = []
    for entity in contract:
        if entity.name in mapped:
            empty = [name for name in entity.columns if name not in columns.get(entity.name, set())]
            if empty:
                lines.append(f"{entity.name}: not mapped and therefore empty: {', '.join(empty)}")
        else:
            told = BY_ENTITY.get(entity.name) or BY_DOMAIN.get(entity.domain) or "its features stay empty"
            lines.append(f"{entity.name}: not mapped: {told}")
    return lines
