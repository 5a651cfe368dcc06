"""``python -m bench.backfill``: days built in one run beside the same days in a run each, table by table."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb

from bench.faults.company import Company, run
from bench.generate import DATA
from bench.report import machine, table
from clientele.demo import World
from clientele.running import newest_built
from tests.point_in_time.warehouse import difference

PAGE = Path(__file__).resolve().parent / "backfill.md"
# The tables that hold days; a mart shows the newest day alone.
SCHEMAS = ("intermediate", "features", "ml")
# Made by a fit or of all training days, not by the day that is built.
TRAINING = ("__labels", "__training_set", "__population", "__fit", "__champion", "__inputs")
# Says when and in which run a row was made.
STAMPS = {"run_id", "scored_at"}
NOTHING = "nothing compared"
INTRO = """\
# A backfill in one run

Written by `python -m bench.backfill`, not by hand.

{machine}

A company of {customers} customers, of whom most bank and borrow with it, after its first day. The {days} days {first}
to {last} are built by the job `backfill` in one run ({one:.0f} s), and from the same start in {days} runs of one day
({each:.0f} s). Every table with a snapshot_date is compared on those days: floats to 1e-9 of their size, all else
exactly, but for the run and the moment of scoring.

{table}
"""


def backfill(home: Path, first: date, last: date) -> float:
    """Seconds of one run over the days from `first` to `last`."""
    done = run(home, "backfill", "--from", str(first), "--to", str(last))
    if done.code:
        sys.exit(done.said[-3000:])
    return done.seconds


def compared(left: Path, right: Path, days: list[date]) -> list[tuple[str, int, str]]:
    """Table, rows on these days, and where the two builds differ."""
    chosen = f"snapshot_date between '{days[0]}' and '{days[-1]}'"
    found = []
    with duckdb.connect() as connection:
        for name, build in (("l", left), ("r", right)):
            connection.execute(f"attach '{build}' as {name} (read_only)")
        connection.execute("use l")
        tables = connection.execute(
            "select table_schema, table_name from information_schema.columns where column_name = 'snapshot_date'"
            f" and table_catalog = 'l' and table_schema in {SCHEMAS} order by all"
        ).fetchall()
        for schema, name in tables:
            if name.endswith(TRAINING):
                continue
            columns = {row[0]: row[1] for row in connection.execute(f"describe l.{schema}.{name}").fetchall()}
            kept = ", ".join(column for column in columns if column not in STAMPS)
            for side in "lr":
                connection.execute(
                    f"create or replace temp view of_{side} as select {kept} from {side}.{schema}.{name} where {chosen}"
                )
            rows = connection.execute("select count(*) from of_l").fetchall()[0][0]
            likely = ("customer_id", "snapshot_date", "category", "churn_type", "horizon_days")
            keys = [column for column in likely if column in columns]
            equal = "equal" if rows else NOTHING
            found.append((f"{schema}.{name}", rows, difference(connection, "of_l", "of_r", keys) or equal))
    return found


def main() -> int:
    """Build both ways, compare, write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.backfill", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000, help="fewer have too few defaults for a scorecard")
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=DATA / "backfill", help="where the company lies")
    parser.add_argument("--out", type=Path, default=PAGE)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    world = World(customers=asked.customers, bank_share=0.9, loan_share_bank=0.95)
    company = Company(asked.folder.resolve(), asked.customers, world)
    company.build()
    home, kept = company.restore(), company.folder / "one_run.duckdb"
    last = (newest_built(home) or sys.exit("nothing was built")) - timedelta(days=3)
    days = [last - timedelta(days=back) for back in reversed(range(asked.days))]
    one = backfill(home, days[0], days[-1])
    (home / "build.duckdb").replace(kept)
    home, began = company.restore(), time.monotonic()
    for day in days:
        backfill(home, day, day)
    each, found = time.monotonic() - began, compared(kept, home / "build.duckdb", days)
    kept.unlink()
    rows = [[name, f"{rows:,}", what if what in ("equal", NOTHING) else f"**{what}**"] for name, rows, what in found]
    asked.out.write_text(
        INTRO.format(
            machine=machine(), customers=asked.customers, days=asked.days, first=days[0], last=days[-1], one=one,
            each=each, table="\n".join(table([["table", "rows on these days", "one run and several"], *rows])),
        )
    )  # fmt: skip
    different = [name for name, _, what in found if what not in ("equal", NOTHING)]
    empty = sum(what == NOTHING for *_, what in found)
    print(
        f"{len(found)} tables, {empty} without rows, {len(different)} differ {different or ''}; written to {asked.out}"
    )
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main())
