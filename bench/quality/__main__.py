"""``python -m bench.quality``: how good the models are, written to quality.md."""

from __future__ import annotations

import argparse
import sys
import traceback
from pathlib import Path

from bench.quality import (
    cdnow,
    clv_online_retail,
    credit,
    credit_demo,
    credit_speed,
    emotion_text,
    online_retail,
    page,
    reasons,
    speed_churn,
    speed_clv,
    telco,
    truth,
)

PARTS = {
    "telco": telco.measure,
    "online_retail": online_retail.measure,
    "clv_online_retail": clv_online_retail.measure,
    "cdnow": cdnow.measure,
    "reasons": reasons.measure,
    "credit": credit.measure,
    "speed_churn": speed_churn.measure,
    "speed_clv": speed_clv.measure,
    "emotion_text": emotion_text.measure,
    "credit_speed": credit_speed.measure,
    "truth": truth.measure,
    "credit_demo": credit_demo.measure,
}  # what each is about is said by its module
PAGE = Path(__file__).resolve().parent.parent / "quality.md"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    parser.add_argument(
        "--part", choices=[*PARTS, "all"], default="all", help="one part alone; others keep their figures"
    )
    parser.add_argument("--out", type=Path, default=PAGE, help="the page to write, with its figures as .json beside it")
    return parser.parse_args()


def main() -> int:
    """Measure the chosen parts; write the page after each, so that a later failure loses nothing."""
    chosen, options, failed = arguments(), page.Options(), False
    for part in PARTS if chosen.part == "all" else [chosen.part]:
        try:
            section = page.measured(PARTS[part], options)
        except Exception:
            traceback.print_exc()
            options.say(f"{part}: failed, its figures stay as they were")
            failed = True
            continue
        page.write([section], chosen.out, list(PARTS))
        for target in section.targets:
            options.say(
                f"{target.what}: {target.measured:.{target.digits}f}, {target.bound}: {section.verdict(target)}"
            )
    options.say(f"written to {chosen.out}")
    return int(failed)


sys.exit(main())
