"""Features of emotion counted a second time, by hand: consents and events of one customer and snapshot at a time."""

from __future__ import annotations

import csv
import statistics
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from clientele.contract import PROJECT_ROOT
from clientele.ml import emotion_text
from tests.point_in_time.lakes import midnight
from tests.point_in_time.oracle import known_versions

# group -> (purpose, class -> whether it needs a notice): what the seed consent_policy says of the EU.
GROUPS = {
    "feat_emotion": ("emotion_analytics", {"selfreport": False, "biometric": True}),
    "feat_emotion_credit": ("emotion_credit", {"selfreport": False}),
}
WINDOWS = (7, 30, 90)
NEGATIVE_BELOW = -0.2


def label_values() -> dict[str, tuple[float | None, float | None]]:
    """Label -> valence and arousal, of the seed."""
    with (PROJECT_ROOT / "dbt_project" / "seeds" / "emotion_labels.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    return {row["label"]: tuple(float(row[n]) if row[n] else None for n in ("valence", "arousal")) for row in rows}


def feeling_of(row: dict, values: dict) -> tuple[float | None, float | None]:
    """What the source measured, else what the label means, else what the text does."""
    of_label = values.get((row["label"] or "").strip().lower(), (None, None))
    valence = row["valence"] if row["valence"] is not None else of_label[0]
    arousal = row["arousal"] if row["arousal"] is not None else of_label[1]
    if valence is None and (row["free_text"] or "").strip():
        (label,) = emotion_text.stored().classify(pa.array([row["free_text"]])).to_pylist()
        valence, arousal = values[label][0], arousal if arousal is not None else values[label][1]
    return valence, arousal


def _class_of(row: dict) -> str:
    return "selfreport" if row["capture_modality"] in ("self_report", "text") else "biometric"


def is_consent(row: dict) -> bool:
    """Whether a record of consents is one by its legal basis, which need not be said."""
    return (row["legal_basis"] or "").strip().lower() in ("", "consent")


def covers(consent: dict, moment: datetime) -> bool:
    return consent["granted_at"] <= moment and (consent["withdrawn_at"] is None or moment < consent["withdrawn_at"])


def _share_covered(consents: list[dict], at: datetime) -> float:
    """Of the 90 days before a moment, cut at every bound: each piece is covered as a whole or not at all."""
    since = at - timedelta(days=90)
    ends = {end for row in consents for end in (row["granted_at"], row["withdrawn_at"]) if end and since < end < at}
    cuts = [since, *sorted(ends), at]
    covered = [
        later - start
        for start, later in zip(cuts, cuts[1:], strict=False)
        if any(covers(row, start + (later - start) / 2) for row in consents)
    ]
    return sum(covered, timedelta()) / timedelta(days=90)


def features_of(group: str, consents: list[dict], events: list[dict], at: datetime) -> dict[str, float | None]:
    """What a group says of a customer, by the consents and events (with their `feeling`) known at a snapshot."""
    purpose, classes = GROUPS[group]
    consents = [
        row | {"classes": {c for c, needs in classes.items() if not needs or (row["notice_version"] or "").strip()}}
        for row in consents
        if row["purpose"] == purpose and is_consent(row)
    ]
    consents = [row for row in consents if row["classes"]]
    running = [row for row in consents if row["withdrawn_at"] is None or row["withdrawn_at"] >= at]
    readable = set().union(*(row["classes"] for row in running))
    counted = sorted(
        (row["felt_at"], row["emotion_event_id"], *row["feeling"])
        for row in events
        if _class_of(row) in readable
        and row["feeling"][0] is not None
        and row["felt_at"] >= at - timedelta(days=90)
        and any(_class_of(row) in consent["classes"] and covers(consent, row["felt_at"]) for consent in consents)
    )
    features: dict[str, float | None] = {}
    for days in WINDOWS:
        inside = [row for row in counted if row[0] >= at - timedelta(days=days)]
        features |= _of_window(inside, days) if running else dict.fromkeys(_of_window([], days))
    streak = 0
    while streak < len(counted) and counted[-1 - streak][2] < NEGATIVE_BELOW:
        streak += 1
    features["emotion_negative_streak_90d"] = streak if running else None
    features["emotion_recency_90d_days"] = (at - counted[-1][0]) / timedelta(days=1) if counted else None
    features["emotion_consent_90d_share"] = _share_covered(consents, at) if running else None
    return features


def _of_window(rows: list[tuple], days: int) -> dict[str, float | None]:
    valence, arousal = [row[2] for row in rows], [row[3] for row in rows if row[3] is not None]
    swings = [abs(later - earlier) for earlier, later in zip(valence, valence[1:], strict=False)]
    nights = [row for row in rows if row[0].hour >= 22 or row[0].hour < 6]

    def share(part: int) -> float | None:
        return part / len(rows) if rows else None

    named = {
        "n_events_{}d": len(rows),
        "valence_mean_{}d": statistics.fmean(valence) if valence else None,
        "valence_sd_{}d": statistics.stdev(valence) if len(valence) > 1 else None,
        "arousal_mean_{}d": statistics.fmean(arousal) if arousal else None,
        "arousal_sd_{}d": statistics.stdev(arousal) if len(arousal) > 1 else None,
        "volatility_{}d": statistics.fmean(swings) if swings else None,
        "negative_{}d_share": share(sum(v < NEGATIVE_BELOW for v in valence)),
        "night_{}d_share": share(len(nights)),
    }
    return {f"emotion_{name.format(days)}": value for name, value in named.items()}


def features_at(home: Path, group: str, snapshot: date) -> list[dict]:
    """A row for every customer of the snapshot, as the feature group has it."""
    values = label_values()
    consents, events = defaultdict[str, list](list), defaultdict[str, list](list)
    for row in known_versions(home, "consents", "granted_at", "consent_id", snapshot):
        consents[row["customer_id"]].append(row)
    for row in known_versions(home, "emotion_events", "felt_at", "emotion_event_id", snapshot):
        events[row["customer_id"]].append(row | {"feeling": feeling_of(row, values)})
    return [
        {"customer_id": customer, "snapshot_date": snapshot}
        | features_of(group, consents[customer], events[customer], midnight(snapshot))
        for customer in (
            row["customer_id"] for row in known_versions(home, "customers", "registered_at", "customer_id", snapshot)
        )
    ]


def write(connection: duckdb.DuckDBPyConnection, home: Path, snapshots: list[date]) -> None:
    """Write the groups into a connection, as features.<group> like those of the warehouse."""
    for group in GROUPS:
        rows = [row for day in snapshots for row in features_at(home, group, day)]
        integers = [name for name in rows[0] if "_n_" in name or "streak" in name]
        keys = {"customer_id": pa.string(), "snapshot_date": pa.date32()} | dict.fromkeys(integers, pa.int64())
        schema = pa.schema([(name, keys.get(name, pa.float64())) for name in rows[0]])
        connection.register("rows", pa.Table.from_pylist(rows, schema=schema))
        connection.execute(f"create table features.{group} as select * from rows")
        connection.unregister("rows")
