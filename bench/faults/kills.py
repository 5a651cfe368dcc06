"""Runs that are killed with -9."""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections.abc import Iterator

from bench.faults.company import run, start
from bench.faults.trial import Mended, Options, Trial


def kills(options: Options) -> Iterator[Trial]:
    """Kill -9 of all processes of the run, at moments drawn evenly from its duration."""
    yield from _killed(options, options.kills, alone=False)


def kills_alone(options: Options) -> Iterator[Trial]:
    """Kill -9 of Dagster's process alone, as when memory runs out: dbt lives on for a while and holds the build."""
    yield from _killed(options, max(1, options.kills // 10), alone=True)


def kills_behind_dbt(options: Options) -> Iterator[Trial]:
    """Kill -9 of all processes, at moments drawn from what comes after dbt: drift, checks, audit, publication."""
    dice = random.Random(options.seed + 2)
    longest = 30.0  # seconds; what is left of an undisturbed run, lowered where one was quicker
    killed = 0
    while killed < max(1, options.kills // 2):
        after = dice.uniform(0, longest)
        mended = Mended.begun(options.company, "")
        running = start(mended.home, "daily")
        while running.process.poll() is None and not re.search(r"dbt_build: done$", running.said, re.MULTILINE):
            time.sleep(0.1)
        began = time.monotonic()
        _wait(running.process, after)
        if running.process.poll() is not None:
            longest = max(1.0, time.monotonic() - began)
            running.log.unlink()
            continue
        running.kill()
        killed, where = killed + 1, _where(running.said)
        running.log.unlink()
        mended.trial.what = f"{after:.1f} s after dbt: {where}"
        mended.check("after the kill")
        yield mended.next_run()


def _killed(options: Options, trials: int, *, alone: bool) -> Iterator[Trial]:
    lasted = options.lasts or run(Mended.begun(options.company, "").home, "daily").seconds
    options.say(f"an undisturbed run takes {lasted:.0f} s")
    dice = random.Random(options.seed + alone)
    killed = 0
    while killed < trials:
        # Strata would be too even for a claim about random moments.
        after = dice.uniform(0, lasted)
        mended = Mended.begun(options.company, "")
        running = start(mended.home, "daily")
        _wait(running.process, after)
        if running.process.poll() is not None:
            # It was quicker than the one that was measured.
            running.log.unlink()
            continue
        running.kill(alone=alone)
        killed, where = killed + 1, _where(running.said)
        running.log.unlink()
        mended.trial.what = f"after {after:.0f} s of {lasted:.0f} s: {where}"
        mended.check("after the kill")
        yield mended.next_run()


def _wait(process: subprocess.Popen[str], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _where(said: str) -> str:
    """The step that a run was in, by what it said last."""
    steps = re.findall(r"^(\w+): (starts|done)$", said, re.MULTILINE)
    if not steps:
        return "starting"
    step, state = steps[-1]
    step = step.split("__")[-1]
    first = "" if re.search(r"^land: ", said, re.MULTILINE) else ", of `land`"
    return f"in {step}{first}" if state == "starts" else f"after {step}{first}"
