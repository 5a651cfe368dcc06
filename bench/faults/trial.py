"""A trial under way: what was done, what must hold, and what did not."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from bench.faults import holds
from bench.faults.company import Company, Done, drop_next_day, run
from clientele.publishing.versions import Published


class CannotTryError(Exception):
    """This machine has not what the fault needs; the message says what."""


@dataclass
class Trial:
    """One fault, and what did not hold after it or after the next run."""

    what: str
    losses: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Options:
    """What the kinds are given."""

    company: Company
    kills: int = 20
    seed: int = 42
    lasts: float | None = None  # seconds of an undisturbed run; measured unless given
    began: float = field(default_factory=time.monotonic)

    def say(self, line: str) -> None:
        """Progress, with the minutes since the start."""
        print(f"{(time.monotonic() - self.began) / 60:6.1f} min  {line}", flush=True)


@dataclass
class Mended:
    """A trial under way on a warehouse to which a next day's export was dropped."""

    company: Company
    trial: Trial
    day: date
    before: str | None
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def begun(cls, company: Company, what: str, *, is_live: bool = False) -> Mended:
        home = company.restore()
        day = drop_next_day(home, is_live=is_live)
        return cls(company, Trial(what), day, Published(home).current())

    @property
    def home(self) -> Path:
        return self.company.home

    def note(self, losses: list[str], when: str) -> None:
        self.trial.losses += [f"{when}: {loss}" for loss in losses]

    def check(self, when: str, *, is_unchanged: bool = False) -> None:
        """What must hold at any time; and if nothing may have been published, that nothing was."""
        self.note(holds.published_is_whole(self.home), when)
        self.note(holds.nothing_landed_is_lost(self.company.base, self.home), when)
        version = Published(self.home).current()
        if is_unchanged and version != self.before:
            self.note([f"{version} was published"], when)

    def expect_failure(self, done: Done, *words: str) -> None:
        """The run failed, and said what it should have said."""
        if not done.code:
            self.note(["it succeeded"], "the run")
        said = " ".join(done.said.split())
        self.note([f"it did not say {word!r}: {said[-600:]}" for word in words if word not in said], "the run")

    def next_run(self, environment: dict[str, str] | None = None) -> Trial:
        """Run again as if nothing had happened, and look whether all is there."""
        before = Published(self.home).current()
        done = run(self.home, "daily", environment=environment)
        if done.code:
            self.note([f"it failed: {done.said[-1500:]}"], "the next run")
        return self.concluded(before, "after the next run")

    def concluded(self, before: str | None, when: str) -> Trial:
        self.check(when)
        self.note(holds.the_export_landed_once(self.home), when)
        self.note(holds.the_next_day_is_published(self.home, self.day.isoformat(), before), when)
        self.note(holds.left_behind(self.home), when)
        self.trial.seconds = time.monotonic() - self.began
        return self.trial
