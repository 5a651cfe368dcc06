"""``python -m bench.drift``: false alarms and detection of the drift checks, written to drift.md."""

from __future__ import annotations

import argparse
import sys
import traceback
from pathlib import Path

from bench.drift import injected, inputs, months, page, resamples, scores, sources, speed
from clientele.contract import PROJECT_ROOT

PARTS = {
    "resamples": resamples.measure,
    "months": months.measure,
    "inputs": inputs.measure,
    "scores": scores.measure,
    "injected": injected.measure,
    "sources": sources.measure,
    "speed": speed.measure,
}  # what each is about is said by its module
PAGE = Path(__file__).resolve().parent.parent / "drift.md"
DEMO = PROJECT_ROOT / "demo" / "warehouse"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.drift", description=__doc__)
    parser.add_argument(
        "--part", choices=[*PARTS, "all"], default="all", help="one part alone; others keep their figures"
    )
    parser.add_argument("--home", type=Path, default=DEMO, help="the warehouse to draw from")
    parser.add_argument("--resamples", type=int, default=200, help="snapshots without drift, of each size")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page to write, with its figures as .json beside it")
    return parser.parse_args()


def main() -> int:
    """Measure the chosen parts; write the page after each, so that a later failure loses nothing."""
    chosen, failed = arguments(), False
    if not (chosen.home / "build.duckdb").exists():
        print(f"no warehouse in {chosen.home}: `make run` builds the demo company", file=sys.stderr)
        return 2
    options = page.Options(chosen.home, chosen.resamples)
    for part in PARTS if chosen.part == "all" else [chosen.part]:
        try:
            section = page.measured(PARTS[part], options)
        except Exception:
            traceback.print_exc()
            options.say(f"{part}: failed, its figures stay as they were")
            failed = True
            continue
        page.write([section], chosen.out, list(PARTS))
    options.say(f"written to {chosen.out}")
    return int(failed)


sys.exit(main())
