"""The promise that a file of any size loads below 2 GB: ``python -m bench.big_csv --gigabytes 5``.

Writes a CSV of orders, loads it in a process of its own with the loader's defaults and writes bench/big_csv.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

BYTES_A_ROW = 83  # a little under what a row takes, so that the file is no smaller than asked
PROMISE = 2.0  # GB
LOAD = """
import json, sys
from clientele.landing import load
report = load(sys.argv[1], home=sys.argv[2]).entities[0]
print(json.dumps({"read": report.rows_read, "landed": report.rows_landed, "refused": report.rows_refused}))
"""


def write_orders(folder: Path, rows: int) -> Path:
    """Orders in the order of their time, every ten-thousandth with an amount that is none, and their mapping."""
    path = folder / "orders.csv"
    step = 94_608_000_000_000 // rows
    with duckdb.connect() as con:
        con.execute(f"set memory_limit = '1GB'; set threads = 2; set temp_directory = '{folder}'")
        con.execute(
            f"""
            copy (
                select 'O' || lpad(i::varchar, 9, '0') as order_id, 'C' || (hash(i) % 1000000)::varchar as customer_id,
                    timestamp '2023-01-01' + to_microseconds(i * {step}) as ordered_at,
                    case when i % 10000 = 0 then 'n/a' else ((hash(i + 7) % 20000) / 100)::decimal(18, 4)::varchar end
                        as amount,
                    'EUR' as currency, 'completed' as status, 'web' as channel,
                    ((hash(i + 9) % 500) / 100)::decimal(18, 4) as discount_amount, 'card' as payment_method
                from range({rows}) as t (i)
            ) to '{path}' (header)
            """
        )
    (folder / "mapping.yml").write_text(
        "version: 1\ncurrency: EUR\nentities:\n  orders:\n    path: orders.csv\n", encoding="utf-8"
    )
    return path


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--folder", type=Path, help="where about three times as much is free for a while")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        size = write_orders(folder, int(options.gigabytes * 1e9 / BYTES_A_ROW)).stat().st_size
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        command = [sys.executable, "-c", LOAD, str(folder / "mapping.yml"), str(folder / "home")]
        done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = after.ru_maxrss / 1e6
    table = (
        "# A large CSV within bounded memory\n\n"
        f"Command: `python -m bench.big_csv --gigabytes {options.gigabytes:g}` (DuckDB {duckdb.__version__})\n\n"
        "| file, GB | rows read | landed | refused | wall, s | CPU, s | peak memory, GB | promise |\n"
        "|---:|---:|---:|---:|---:|---:|---:|---|\n"
        f"| {size / 1e9:.2f} | {done['read']:,} | {done['landed']:,} | {done['refused']:,} | {seconds:.0f} | {cpu:.0f} "
        f"| {peak:.2f} | below {PROMISE:g} GB: {'held' if peak < PROMISE else 'BROKEN'} |\n"
    )
    Path(__file__).with_name("big_csv.md").write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
