"""Consents to emotion and what was felt, on the edges: the part of the lake of edge cases that draws by itself."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

from clientele.contract import Entity, load_contract
from tests.point_in_time.lakes import TICK, edge_snapshots, midnight, versions_of

PURPOSES = ("emotion_analytics", "emotion_credit")
BASES = ("consent", "consent", "Consent ", None, "", "contract", "legitimate_interest")
LABELS = (None, "joy", " Anger", "disgust", "surprise", "other", "so-so")
TEXTS = (None, "", "I am so happy with it", "This makes me angry", "It came on Tuesday")


def edge_rows(customers: list[str], moments: list[datetime], snapshot: date, seed: int) -> dict[str, list[dict]]:
    """Rows of both entities: of the first tenth of the customers what is sure to lie on each bound, then by lot."""
    contract, sure = load_contract(), len(customers) // 10
    consents, events = contract["consents"], contract["emotion_events"]
    return {
        "consents": [
            *(row for n in range(sure) for row in _renewed(consents, customers[n], n, snapshot)),
            *_consents_by_lot(consents, customers[sure:], moments, snapshot, seed),
        ],
        "emotion_events": [
            *(row for n in range(sure) for row in _felt_on_bounds(events, customers[n], n, snapshot)),
            *_felt_by_lot(events, customers[sure:], moments, snapshot, seed),
        ],
    }


def _renewed(entity: Entity, customer: str, number: int, snapshot: date) -> list[dict]:
    """A consent withdrawn, which was known late, and given again: their only ones, so that each bound shows."""
    at = midnight(edge_snapshots(snapshot)[number % 3])
    purpose = {"customer_id": customer, "purpose": PURPOSES[number % 2], "notice_version": "v1"}

    def row(name: str, days: int, ends: datetime | None, loaded_at: datetime, replaces: datetime | None) -> dict:
        known = purpose | {"consent_id": f"emotion-{customer}-{name}", "granted_at": at - timedelta(days=days)}
        known |= {"withdrawn_at": ends, "loaded_at": loaded_at, "supersedes_loaded_at": replaces}
        return dict.fromkeys(entity.columns) | known

    first, ends = at - timedelta(days=120), at - timedelta(days=20)
    return [
        row("first", 120, None, first, None),
        row("first", 120, ends, at + timedelta(hours=5), first),
        row("second", 10, None, at - timedelta(days=10), None),
    ]


def _felt_on_bounds(entity: Entity, customer: str, number: int, snapshot: date) -> list[dict]:
    """An event on each bound of consents, windows and the night; one of them corrected just in time."""
    at = midnight(edge_snapshots(snapshot)[number % 3])
    days = [timedelta(days=days) for days in (100, 90, 30, 20, 15, 10, 7, 3)]
    night = [timedelta(days=2, hours=-22), timedelta(days=2, hours=-6)]
    rows = []
    for back in [*days, *night]:
        felt = {"emotion_event_id": f"felt-{customer}-{back}", "customer_id": customer, "felt_at": at - back}
        felt |= {"label": ("joy", "anger")[number // 2 % 2], "capture_modality": "self_report", "loaded_at": at - back}
        rows.append(dict.fromkeys(entity.columns) | felt | {"supersedes_loaded_at": None})
    corrected = rows[-1] | {"label": "disgust", "loaded_at": at + timedelta(hours=5)}
    return [*rows, corrected | {"supersedes_loaded_at": rows[-1]["loaded_at"]}]


def _consents_by_lot(
    entity: Entity, customers: list[str], moments: list[datetime], snapshot: date, seed: int
) -> list[dict]:
    """Consents of either purpose that begin and end on all edges, some without a notice."""
    draw, rows = random.Random(f"to emotion {seed}"), []
    for customer in customers:
        for n in range(draw.randrange(0, 6)):
            key = {"consent_id": f"emotion-{customer}-{n}", "customer_id": customer}
            for row in versions_of(entity, key, draw.choice(moments), snapshot, draw):
                row["purpose"] = draw.choice(PURPOSES)
                row["notice_version"] = draw.choice([None, " ", "v1", "v2", "v3"])
                row["legal_basis"] = draw.choice(BASES)
                if draw.random() < 0.3:
                    row["withdrawn_at"] = draw.choice(moments)
                rows.append(row)
    return rows


def _felt_by_lot(
    entity: Entity, customers: list[str], moments: list[datetime], snapshot: date, seed: int
) -> list[dict]:
    """Emotions measured, labelled, in words or in none of these, also at the hours that bound the night."""
    draw, rows = random.Random(f"{entity.name} {seed}"), []
    hours = [midnight(snapshot) - timedelta(days=days, hours=hours) for days in (0, 1, 40) for hours in (2, 18)]
    around = [hour + shift for hour in hours for shift in (-TICK, timedelta(0), TICK)]
    for customer in customers:
        for n in range(draw.randrange(0, 12)):
            key = {"emotion_event_id": f"felt-{customer}-{n}", "customer_id": customer}
            for row in versions_of(entity, key, draw.choice([*moments, *around]), snapshot, draw):
                measured = draw.random() < 0.4
                row |= {
                    "label": draw.choice(LABELS),
                    "valence": draw.choice([-0.2, round(draw.uniform(-1, 1), 2)]) if measured else None,
                    "arousal": round(draw.random(), 2) if draw.random() < 0.5 else None,
                    "free_text": draw.choice(TEXTS),
                }
                if draw.random() < 0.6:
                    row["capture_modality"] = "self_report"
                rows.append(row)
    return rows
