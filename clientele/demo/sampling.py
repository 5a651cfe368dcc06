"""Small vectorised draws that every domain needs, and the column makers of the exports."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from clientele.demo.world import DAY, HOUR, World

UTC_MICROS = pa.timestamp("us", tz="UTC")


def pick(rng: np.random.Generator, size: int, weights: Sequence[float] | np.ndarray) -> np.ndarray:
    """Codes 0 to len(weights) - 1, drawn with these weights."""
    share = np.cumsum(np.asarray(weights, dtype=float))
    drawn = np.searchsorted(share / share[-1], rng.random(size, dtype=np.float32), side="right")
    return drawn.clip(0, len(share) - 1).astype(np.int32)


def pick_rows(rng: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    """One code for each row of an (n, k) matrix of weights."""
    share = np.cumsum(weights, axis=1)
    return (share < (rng.random(len(weights)) * share[:, -1])[:, None]).sum(axis=1).astype(np.int32)


def within(counts: np.ndarray) -> np.ndarray:
    """0, 1, ... count - 1 for each group: counts [2, 3] give 0 1 0 1 2."""
    counts = np.asarray(counts, dtype=np.int64)
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)


def delay(rng: np.random.Generator, size: int, *, median: float, sigma: float = 0.6) -> np.ndarray:
    """Lognormal durations in whole seconds, at least 1."""
    return np.maximum(1, median * np.exp(sigma * rng.standard_normal(size, dtype=np.float32))).astype(np.int64)


def known_at(rng: np.random.Generator, world: World, clock: np.ndarray) -> np.ndarray:
    """When each row became known: within minutes, but hours to days later for the late share."""
    seconds = clock + rng.integers(0, 300, len(clock))
    late = np.flatnonzero(rng.random(len(clock), dtype=np.float32) < world.late_share)
    seconds[late] += (HOUR * (2 + rng.exponential(30, len(late)))).astype(np.int64).clip(max=12 * DAY)
    return seconds


def money(values: np.ndarray) -> np.ndarray:
    """Amounts to the cent."""
    return np.round(values, 2)


def text(codes: np.ndarray, values: Sequence[str], *, empty: np.ndarray | None = None) -> pa.Array:
    """A text column of codes into a short list; rows where `empty` holds are null."""
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32(), mask=empty), pa.array(list(values)))


def moments(seconds: np.ndarray, *, empty: np.ndarray | None = None) -> pa.Array:
    """A timestamp column (UTC) from epoch seconds."""
    return pa.array(seconds.astype(np.int64) * 1_000_000, pa.int64(), mask=empty).cast(UTC_MICROS)


def days(seconds: np.ndarray, *, empty: np.ndarray | None = None) -> pa.Array:
    """A date column from epoch seconds."""
    return pa.array((seconds // DAY).astype(np.int32), pa.int32(), mask=empty).cast(pa.date32())


def column(values: np.ndarray, *, empty: np.ndarray | None = None) -> pa.Array:
    """A column of numbers or flags; rows where `empty` holds are null."""
    return pa.array(values, mask=empty)
