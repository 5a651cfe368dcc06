"""``python -m bench.faults``: put a small company through every fault, and write what was lost to faults.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.faults import page
from bench.faults.company import Company
from bench.faults.trial import CannotTryError, Options
from bench.faults.trials import KINDS
from bench.generate import DATA

PAGE = Path(__file__).resolve().parent.parent / "faults.md"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--kind", choices=[*KINDS, "all"], default="all", help="one kind alone; others keep their rows")
    parser.add_argument("--customers", type=int, default=300, help="customers of the company")
    parser.add_argument("--kills", type=int, default=20, help="random moments")
    parser.add_argument("--seed", type=int, default=42, help="another seed is other moments")
    parser.add_argument("--lasts", type=float, help="seconds of an undisturbed run; measured unless given")
    parser.add_argument("--more", action="store_true", help="add to the trials on the page instead of replacing them")
    parser.add_argument("--folder", type=Path, default=DATA / "faults", help="where the company lies")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page to write, with its trials as .json beside it")
    return parser.parse_args()


def main() -> int:
    """Try the chosen kinds; write the page after each trial, so that a later failure loses nothing."""
    asked, lost = arguments(), False
    asked.folder.mkdir(parents=True, exist_ok=True)
    options = Options(Company(asked.folder.resolve(), asked.customers), asked.kills, asked.seed, asked.lasts)
    options.say("building the company")
    options.company.build()
    for kind in KINDS if asked.kind == "all" else [asked.kind]:
        try:
            for number, trial in enumerate(KINDS[kind](options)):
                lost |= bool(trial.losses)
                options.say(f"{kind}: {trial.what}: {'; '.join(trial.losses) or 'nothing lost'}")
                is_first = number == 0 and not asked.more
                page.write(kind, trial, asked.out, customers=asked.customers, is_first=is_first)
        except CannotTryError as error:
            options.say(f"{kind}: not tried: {error}")
    options.say(f"written to {asked.out}")
    return int(lost)


sys.exit(main())
