"""The best step function of few steps through the outcomes of ordered bins, monotone or with one turn.

Isotonic regression joins fine bins to the monotone steps of greatest likelihood, and dynamic programming joins those
further, to as many as are allowed and with as many rows and events as they need: the best monotone step function of few
steps has its bounds among those of the isotonic one (Haiminen, Gionis & Laasonen 2008), so that but for the least sizes
nothing better is passed over. Whether risk rises or falls is what is likelier.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

# A number of so few values may be a code, and a value that so many rows share (no balance, no payment) may mean another
# thing than its neighbours: in such columns an order of risk is not to be expected.
MOST_CODES, COMMON_SHARE = 16, 0.05
REMEMBERED = 2**15  # best steps, of 2 kB each


@dataclass(frozen=True)
class Options:
    """What is settled before binning.

    `rows_per_case` is how many rows tell of one case: snapshots of a customer repeat each other, and twelve of them
    are not twelve times the evidence.
    """

    fine: int = 64
    most: int = 12
    fewest_share: float = 0.01  # of the known rows, in a bin
    fewest_events: float = 3.0  # of either outcome, in a bin
    penalty: float = 0.0  # log-likelihood that a bin more has to gain: being monotone is restraint enough
    smoothing: float = 30.0  # rows
    rows_per_case: float = 1.0
    turn: float = np.inf  # log-likelihood that a turn from rising to falling risk, or back, has to gain
    own: float = np.inf  # log-likelihood that each bin has to gain where values may mean something of their own


def shaped_steps(n: Vector, bad: Vector, options: Options) -> list[int]:
    """Ends of the bins for `n` rows with `bad` events in each fine bin, of the likeliest shape that is allowed."""
    if np.isfinite(options.own) and (len(n) <= MOST_CODES or n.max() >= COMMON_SHARE * n.sum()):
        return best_steps(n, bad, np.arange(1, len(n) + 1), replace(options, penalty=options.own))[0]
    counts, plain = (_whole(n), _whole(bad)), replace(options, turn=np.inf, own=np.inf)
    found = [_best_monotone(*counts, plain)]
    if np.isfinite(options.turn):
        ends, gain = _best_turning(*counts, plain)
        found.append((ends, gain - options.turn))
    return list(max(found, key=lambda one: one[1])[0])


def _whole(counts: Vector) -> bytes:
    """Counts of rows, as a key of little size; `_counts` has them again."""
    return counts.astype(np.int64).tobytes()


def _counts(key: bytes) -> Vector:
    return np.frombuffer(key, np.int64).astype(np.float64)


# A card asks for the same bins once a shape that its columns may have, and the card beside it does so again.
@lru_cache(maxsize=REMEMBERED)
def _best_monotone(n: bytes, bad: bytes, options: Options) -> tuple[tuple[int, ...], float]:
    rows, events = _counts(n), _counts(bad)
    return _best(rows, events, (_rising(rows, events), _rising(rows, rows - events)), options)


@lru_cache(maxsize=REMEMBERED)
def _best_turning(n: bytes, bad: bytes, options: Options) -> tuple[tuple[int, ...], float]:
    rows, events = _counts(n), _counts(bad)
    return _best(rows, events, (_turning(rows, events), _turning(rows, rows - events)), options)


def _best(n: Vector, bad: Vector, blocks: Iterable[Places], options: Options) -> tuple[tuple[int, ...], float]:
    """The best steps of the first blocks that have them."""
    ends, gain = max((best_steps(n, bad, of, options) for of in blocks), key=lambda one: one[1])
    return tuple(ends), gain


def best_steps(n: Vector, bad: Vector, ends: Places, options: Options) -> tuple[list[int], float]:
    """Ends of the best bins among those of blocks, and their gain in log-likelihood over one bin, less penalties."""
    size, events = np.append(0.0, np.cumsum(n)[ends - 1]), np.append(0.0, np.cumsum(bad)[ends - 1])
    rows, of = size[None, :] - size[:, None], events[None, :] - events[:, None]
    gain = _log_likelihood(rows, of) / options.rows_per_case - options.penalty
    fewest = options.fewest_share * size[-1]
    least = min(options.fewest_events * options.rows_per_case, events[-1], size[-1] - events[-1])
    is_enough = (rows >= fewest) & (of >= least) & (rows - of >= least)
    gain[~is_enough | (rows <= 0)] = -np.inf
    # best[k, j]: the first j blocks in k + 1 bins; last[k, j]: where the last of them begins.
    best, last = [gain[0]], [np.zeros(len(size), dtype=np.intp)]
    for _ in range(options.most - 1):
        through = best[-1][:, None] + gain
        last.append(through.argmax(axis=0))
        best.append(through.max(axis=0))
    k = int(np.argmax([row[-1] for row in best]))
    total, found, at = best[k][-1] - gain[0, -1], list[int](), len(size) - 1
    while at:
        found.append(int(ends[at - 1]))
        at, k = int(last[k][at]), k - 1
    return found[::-1], float(total)


def _log_likelihood(rows: Any, events: Any) -> Any:
    """Of outcomes under their own rate; 0 where there are none."""
    from scipy.special import xlogy

    rows, events = np.maximum(rows, 0.0), np.clip(events, 0.0, np.maximum(rows, 0.0))
    return xlogy(events, events) + xlogy(rows - events, rows - events) - xlogy(rows, rows)


def _turning(n: Vector, bad: Vector) -> Places:
    """Ends of the blocks of the likeliest rates that rise to a bin and fall from there."""
    up, down = _likelihoods(n, bad), _likelihoods(n[::-1], bad[::-1])[::-1]
    turn = int(np.argmax(up + down))
    left = _rising(n[:turn], bad[:turn]) if turn else np.empty(0, dtype=np.intp)
    starts = len(n) - _rising(n[turn:][::-1], bad[turn:][::-1])[::-1] if turn < len(n) else left
    return np.concatenate([left, starts[1:], [len(n)]]).astype(np.intp) if turn < len(n) else left


def _likelihoods(n: Vector, bad: Vector) -> Vector:
    """Log-likelihood of the rising rates of the first 0, 1, ... bins."""
    # Each bin closes one block; `below` is the place of the block that then stands before it, and -1 where none does.
    all_rows, all_events, below = list[float](), list[float](), list[int]()
    blocks: list[int] = []
    for rows, events in zip(n.tolist(), bad.tolist(), strict=True):
        while blocks and (rows == 0 or all_events[blocks[-1]] * rows >= events * all_rows[blocks[-1]]):
            before = blocks.pop()
            rows, events = rows + all_rows[before], events + all_events[before]  # noqa: PLW2901
        below.append(blocks[-1] if blocks else -1)
        blocks.append(len(all_rows))
        all_rows.append(rows)
        all_events.append(events)
    told = [0.0]
    for own, before in zip(_log_likelihood(np.array(all_rows), np.array(all_events)).tolist(), below, strict=True):
        told.append(told[before + 1] + own)
    return np.array(told)


def _rising(n: Vector, bad: Vector) -> Places:
    """Ends of the blocks of an isotonic regression of the rates; a bin of nobody joins the one before it."""
    starts: list[int] = []
    rows, events = list[float](), list[float]()
    for start, (size, of) in enumerate(zip(n.tolist(), bad.tolist(), strict=True)):
        while starts and (size == 0 or events[-1] * size >= of * rows[-1]):
            start, size, of = starts.pop(), size + rows.pop(), of + events.pop()  # noqa: PLW2901
        starts.append(start)
        rows.append(size)
        events.append(of)
    return np.array([*starts[1:], len(n)], dtype=np.intp)
