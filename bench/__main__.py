"""``python -m bench``: measure, and write what was measured to results.md."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import features, generate, increment, report, throughput
from bench.company import Company
from bench.options import Options

PARTS = {"a": features.measure, "b": increment.measure, "c": throughput.measure}
PAGE = Path(__file__).resolve().parent / "results.md"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--part", choices=[*PARTS, "all"], default="all", help="a features, b one more day, c load")
    parser.add_argument("--customers", type=int, default=1_000_000, help="customers; orders and sessions go with them")
    parser.add_argument("--repeat", type=int, default=3, help="repetitions, of which the median counts")
    parser.add_argument(
        "--out", type=Path, help="the page to write; default bench/results.md, for other sizes one beside the data"
    )
    return parser.parse_args()


def main() -> None:
    """Measure the chosen parts; write the page after each, so that a later failure loses nothing."""
    chosen = arguments()
    options = Options(chosen.customers, chosen.repeat)
    is_full_size = chosen.customers >= 1_000_000
    generate.DATA.mkdir(parents=True, exist_ok=True)
    page = chosen.out or (PAGE if is_full_size else generate.DATA / f"results-{chosen.customers}.md")
    for part in PARTS if chosen.part == "all" else [chosen.part]:
        company = Company()
        section = report.stamp(PARTS[part](options), company)
        report.write([section], page)
        if not section.is_valid:
            options.say(f"{part}: others took {section.others_share:.0%} of the processors: no verdict, measure again")
        for figure in section.figures:
            options.say(
                f"{figure.what}: {figure.measured:.2f}{figure.unit}, target {figure.at_most:g}: {figure.verdict}"
            )
    options.say(f"written to {page}")


main()
