"""The promise that the demo company scales: ``python -m bench.demo --customers 1000000``.

Simulates a company by the command that users type, counts the rows it exported and writes bench/demo.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.company import Company
from bench.dbt_run import measured
from bench.report import machine, table

MINUTES, GIGABYTES, OTHERS = 10.0, 6.0, 0.05
HEADER = [
    "customers", "years", "exports, GB", "minutes", "target", "CPU, minutes", "peak memory, GB", "target",
    "others took, of the processors",
]  # fmt: skip


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--folder", type=Path, help="where some 20 GB are free for a while")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        out, company = Path(name) / "exports", Company()
        clientele = str(Path(sys.executable).parent / "clientele")
        command = [clientele, "demo", "--customers", str(options.customers), "--seed", str(options.seed)]
        done = measured([*command, "--as-of", "2026-01-01", "--out", str(out)])
        size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file()) / 1e9
    minutes, peak, others = done.wall / 60, done.peak / 1e9, company.share()

    def verdict(measured: float, target: float) -> str:
        return f"<= {target:g}: {'met' if measured <= target else '**MISSED**'}"

    rows = [
        HEADER,
        [
            f"{options.customers:,}", "3", f"{size:.1f}", f"{minutes:.1f}",
            # Others make it slower, not faster: what is met beside them is met.
            "none: the machine was busy" if others > OTHERS and minutes > MINUTES else verdict(minutes, MINUTES),
            f"{done.cpu / 60:.1f}", f"{peak:.2f}", verdict(peak, GIGABYTES), f"{others:.0%}",
        ],
    ]  # fmt: skip
    lines = [
        "# The demo company at scale", "",
        f"Written by `python -m bench.demo --customers {options.customers}`, not by hand. Machine: {machine()}.", "",
        *table(rows),
    ]  # fmt: skip
    page = Path(__file__).with_name("demo.md")
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
