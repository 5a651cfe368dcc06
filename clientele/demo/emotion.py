"""Emotion: what customers feel, labelled or in their own words, while a consent covers it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from clientele.demo.exports import Dirt, Export
from clientele.demo.people import NEVER, People, consent_id
from clientele.demo.sampling import column, known_at, moments, pick, text
from clientele.demo.seasons import HOURS_SHOP, at_hours
from clientele.demo.world import DAY, YEAR, World

# The labels of GoEmotions (Demszky et al. 2020) with a usual valence and arousal.
LABELS = (
    ("admiration", 0.7, 0.5), ("amusement", 0.8, 0.6), ("approval", 0.6, 0.4), ("caring", 0.6, 0.3),
    ("desire", 0.4, 0.6), ("excitement", 0.8, 0.9), ("gratitude", 0.8, 0.4), ("joy", 0.9, 0.7),
    ("love", 0.9, 0.6), ("optimism", 0.6, 0.5), ("pride", 0.7, 0.6), ("relief", 0.5, 0.3),
    ("curiosity", 0.3, 0.5), ("surprise", 0.2, 0.8), ("realization", 0.1, 0.4), ("neutral", 0.0, 0.2),
    ("confusion", -0.3, 0.5), ("annoyance", -0.5, 0.6), ("anger", -0.8, 0.9), ("disappointment", -0.6, 0.3),
    ("disapproval", -0.5, 0.5), ("disgust", -0.8, 0.6), ("embarrassment", -0.4, 0.5), ("fear", -0.7, 0.8),
    ("grief", -0.9, 0.3), ("nervousness", -0.4, 0.7), ("remorse", -0.5, 0.3), ("sadness", -0.7, 0.2),
)  # fmt: skip
GOOD, NEUTRAL = 14, 17  # labels before the first are pleasant, those up to the second neither
MODALITIES = ("self_report", "text", "voice", "face", "wearable")
CONTEXTS = ("checkout", "support", "survey", "review")
PLEASANT = ("Love it, came early", "Works well; thank you!", "So happy with the quality", "Great service, again")
DULL = ("It is okay", "Arrived on Tuesday", 'The box said "fragile"', "Not sure yet, will see")
UNPLEASANT = ("Third time late, I am done", "Broken; nobody answers", "Really disappointed", "I want my money back!")

EMOTION_EVENTS = Export(
    entity="emotion_events",
    file="feedback/emotions",
    format="jsonl",
    rows_per_customer=2,
    clock="at",
    known="stored_at",
    sql="""
      select
          'E' || id as emotion_event_id,
          'C' || customer_no as customer_id,
          "at" as felt_at,
          emotion as label,
          valence,
          arousal,
          intensity,
          score as confidence,
          captured_by as capture_modality,
          situation as context,
          words as free_text,
          consent as consent_id,
          stored_at as loaded_at
      from source""",
    dirt=(
        Dirt("missing", "captured_by"),
        Dirt("accepted", "captured_by", "telepathy"),
        Dirt("range", "valence", 3.0),
        Dirt("type", "intensity", "very", text_only=True),
        Dirt("missing", "customer_no"),
    ),
)


def emotion_events(world: World, chunk: int, people: People) -> pa.Table:
    """Observations under consent, and one in fifty without."""
    rng = world.rng("emotions", chunk)
    owner, at = _observed(rng, world, people)
    covered = (at >= people.emotion_from[owner]) & (at < people.emotion_to[owner])
    keep = covered | (rng.random(len(at)) < 0.02)
    owner, at, covered = owner[keep], at[keep], covered[keep]
    n = len(at)
    leaving = (people.alive_until[owner] < world.end) & (np.abs(at - people.alive_until[owner]) < 60 * DAY)
    mood = rng.random(n) + np.where(leaving, 0.38, 0.0)
    label = np.where(mood < 0.6, rng.integers(0, GOOD, n), rng.integers(NEUTRAL - 1, len(LABELS), n))
    label = np.where((mood >= 0.6) & (mood < 0.8), rng.integers(GOOD, NEUTRAL, n), label)
    biometric = rng.random(n) < 0.03
    modality = np.where(biometric, 2 + pick(rng, n, (1, 1, 1)), pick(rng, n, (55, 45)))
    unlabelled = (modality == 1) & (rng.random(n) < 0.6)
    wordless = (modality > 1) | (~unlabelled & (rng.random(n) < 0.7))
    tone = np.where(label < GOOD, 0, np.where(label < NEUTRAL, 1, 2)) * 4 + rng.integers(0, 4, n)
    valence, arousal = (np.array([row[i] for row in LABELS])[label] for i in (1, 2))
    consent = consent_id(1, people.number[owner])
    return pa.table(
        {
            "id": 10_000_000 * (chunk + 1) + np.arange(n),
            "customer_no": people.number[owner],
            "at": moments(at),
            "emotion": text(label, [row[0] for row in LABELS], empty=unlabelled),
            "valence": column(_noisy(rng, valence, -1.0), empty=unlabelled),
            "arousal": column(_noisy(rng, arousal, 0.0), empty=unlabelled),
            "intensity": column(np.round(rng.beta(2, 2, n), 3), empty=unlabelled),
            "score": np.round(rng.beta(6, 2, n), 3),
            "captured_by": text(modality, MODALITIES),
            "situation": text(pick(rng, n, (3, 2, 3, 2)), CONTEXTS),
            "words": text(tone, PLEASANT + DULL + UNPLEASANT, empty=wordless),
            "consent": pa.array(consent.to_numpy(zero_copy_only=False), mask=~covered),
            "stored_at": moments(known_at(rng, world, at)),
        }
    )


def _observed(rng: np.random.Generator, world: World, people: People) -> tuple[np.ndarray, np.ndarray]:
    """Moments at which persons who ever consent could be observed: eight a year, more around dropout."""
    ever = (people.emotion_from < NEVER).astype(float)
    counts = rng.poisson(8 * ever * (world.end - people.registered) / YEAR)
    owner = np.repeat(np.arange(len(people)), counts)
    at = people.registered[owner] + (rng.random(len(owner)) * (world.end - people.registered[owner])).astype(np.int64)
    gone = np.repeat(np.arange(len(people)), rng.poisson(1.2 * ever * (people.alive_until < world.end)))
    around = people.alive_until[gone] + rng.integers(-45 * DAY, 30 * DAY, len(gone))
    owner, at = np.concatenate([owner, gone]), at_hours(rng, np.concatenate([at, around]), HOURS_SHOP)
    inside = (at > people.registered[owner]) & (at < world.end)
    return owner[inside], at[inside]


def _noisy(rng: np.random.Generator, values: np.ndarray, lowest: float) -> np.ndarray:
    return np.round((values + rng.normal(0, 0.1, len(values))).clip(lowest, 1.0), 3)
