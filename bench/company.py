"""How much of the machine others used meanwhile: a comparison of times means nothing on a busy machine."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
AT_MOST = 0.05  # share of the processors that others may use before a verdict is worth nothing


class Company:
    """Counts from its making on."""

    def __init__(self) -> None:
        self.began, self.busy, self.own = time.monotonic(), _busy_seconds(), _own_seconds()

    def share(self) -> float:
        """Share of all processors that other processes, or other machines on the same host, took since."""
        others = (_busy_seconds() - self.busy) - (_own_seconds() - self.own)
        return max(0.0, others / ((time.monotonic() - self.began) * (os.cpu_count() or 1)))


def _busy_seconds() -> float:
    """Processor seconds of the whole machine that were not idle, stolen ones included."""
    user, nice, system, _idle, _waiting, interrupt, soft, steal = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    )
    return (user + nice + system + interrupt + soft + steal) / TICKS


def _own_seconds() -> float:
    """Processor seconds of the bench and of the processes it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
