"""The SQL of credit on a local Spark and on DuckDB, over one scorecard: the second half of `make spark-smoke`.

The first leaves out what reads a fit, as dbt-spark runs no Python model. Here DuckDB fits, Spark is given that
fit with all else that credit reads, and both build the rest. Needs both environments, `.venv` and `.venv-spark`. Exits
with 1 if anything differs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)

from tests.spark import smoke  # noqa: E402
from tests.spark.compare import compare  # noqa: E402

DAY = date(2026, 5, 1)
BOOK = f"""
from datetime import date
from pathlib import Path
from tests.pipeline import credit_book
import sys
home = Path(sys.argv[1])
credit_book.open_book(home)
credit_book.score(home, date.fromisoformat("{DAY}"))
print(credit_book.SELECTED)
"""
WRITTEN_IN_THE_RUN = ("scored_at", "recommended_at")


def main() -> int:
    """Build, compare, print; the exit code."""
    scratch = Path(tempfile.mkdtemp(prefix="clientele-spark-credit-"))
    home = scratch / "lender"
    home.mkdir()
    os.environ.update(DBT_SEND_ANONYMOUS_USAGE_STATS="false", DO_NOT_TRACK="1", SPARK_LOCAL_IP="127.0.0.1")
    try:
        with smoke.phase("the lender's book on DuckDB, with a fit"):
            python = ROOT / ".venv" / "bin" / "python"
            done = subprocess.run(
                [str(python), "-c", BOOK, str(home)], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            selected = done.stdout.strip().splitlines()[-1]
        os.chdir(scratch)
        with smoke.phase("the same on Spark"):
            names, errors = build_on_spark(scratch, home, selected)
        print(errors, end="")
        return int(sum(differs(home, name) for name in names) > 0 or bool(errors))
    finally:
        os.chdir(ROOT)
        shutil.rmtree(scratch, ignore_errors=True)


def build_on_spark(scratch: Path, home: Path, selected: str) -> tuple[list[str], str]:
    """What Spark built, as schema.name, and what dbt says of models that failed."""
    from dbt.cli.main import dbtRunner

    spark = smoke.start_spark(scratch)
    with duckdb.connect(str(home / "build.duckdb"), read_only=True) as connection:
        given = "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'"
        for schema, name in connection.execute(given).fetchall():
            # All that none of the models of credit makes, and the fit.
            if schema in ("intermediate", "features") or name == "ml_credit__fit":
                spark.sql(f"create schema if not exists {schema}")
                connection.execute(f"copy {schema}.{name} to '{scratch}/{name}.parquet'")
                spark.read.parquet(f"{scratch}/{name}.parquet").write.saveAsTable(f"{schema}.{name}")
    os.environ.update(CLIENTELE_HOME=str(home), CLIENTELE_RUN_ID=f"run of {DAY}", CLIENTELE_SNAPSHOT_DATE=str(DAY))
    command = ["build", "--exclude-resource-type", "test", "unit_test", "--select", *selected.split()]
    command += ["--exclude", "ml_credit__fit", "--quiet", "--target", "spark", "--vars", json.dumps({})]
    command += ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT)]
    command += ["--target-path", str(scratch / "target"), "--log-path", str(scratch / "logs")]
    done = dbtRunner().invoke(command)
    if done.exception:
        raise done.exception
    nodes = [result for result in done.result.results if result.node.resource_type == "model"]
    errors = [f"{result.node.name}: {result.message}\n" for result in done.result.results if result.status == "error"]
    names = [f"{result.node.schema}.{result.node.name}" for result in nodes if result.status == "success"]
    for name in names:
        spark.table(name).write.parquet(f"{scratch}/on_spark/{name}")
    return names, "".join(errors)


def differs(home: Path, name: str) -> bool:
    """Print how one table compares, DuckDB's left and Spark's right."""
    on_spark = home.parent / "on_spark" / name
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home}/build.duckdb' as build (read_only)")
        connection.execute(f"create temp table on_spark as from read_parquet('{on_spark}/*.parquet')")
        found = compare(connection, f"build.{name}", "on_spark", WRITTEN_IN_THE_RUN)
    print(f"{name:40} {found.rows:>7,} {found.columns:>4}  {'; '.join(found.differences) or 'same'}")
    return bool(found.differences)


if __name__ == "__main__":
    sys.exit(main())
