"""`make spark-smoke`: builds the SQL models on a local Spark and on DuckDB, and compares them row for row.

Two lakes are built on both engines: the demo company, and one made of edge cases, which takes two runs, so that
the second adds to what the first built. Nothing is left behind. Exits with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)

from tests.point_in_time import lakes, warehouse  # noqa: E402
from tests.spark.compare import Comparison, compare  # noqa: E402
from tests.spark.differences import DIFFERENCES, LEFT_OUT, LEFT_OUT_ON_SPARK, VARS, WHY_LEFT_OUT  # noqa: E402

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# On a small lake Spark's time is start-up, planning and compiling: few tasks, no generated code, one compiler stage.
SETTINGS = {
    "spark.master": "local[2]",
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC"
# Without an appender Spark falls back on its own settings.
NO_LOG = """
appender.console.type = Console
appender.console.name = console
rootLogger.level = off
rootLogger.appenderRef.stdout.ref = console
"""


@dataclass(frozen=True)
class Lake:
    """A lake and the runs that build it, each with its vars."""

    name: str
    write: Callable[[Path], None]
    runs: list[dict]


def write_demo_lake(home: Path) -> None:
    """300 customers of the demo company, every entity, landed by its own mapping."""
    from clientele.demo import write_demo
    from clientele.landing import load

    load(write_demo(home / "exports", customers=300), home=home, now=datetime(2026, 1, 1, 12))


def write_edge_lake(home: Path) -> None:
    """Rows on every edge of every window, in two batches; half of them corrected."""
    lakes.write_edge_lake(home, date(2025, 6, 17), customers=150, seed=7)


LAKES = [
    Lake("demo", write_demo_lake, [{"training_months": 6}]),
    Lake("edges", write_edge_lake, [{"training_months": 3, "lake_batch": 1}, {"training_months": 3}]),
]


def main() -> int:
    """Build, compare, print; the exit code."""
    names = [lake.name for lake in LAKES]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lakes", nargs="*", help=f"some of: {', '.join(names)}; default: all")
    chosen = parser.parse_args().lakes or names
    if unknown := set(chosen) - set(names):
        parser.error(f"no lake is called {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    started, scratch = time.monotonic(), Path(tempfile.mkdtemp(prefix="clientele-spark-"))
    os.environ.update(DBT_SEND_ANONYMOUS_USAGE_STATS="false", DO_NOT_TRACK="1", SPARK_LOCAL_IP="127.0.0.1")
    os.chdir(scratch)  # Spark leaves things where it is started
    try:
        counts = [smoke(lake, scratch) for lake in LAKES if lake.name in chosen]
    finally:
        os.chdir(ROOT)
        shutil.rmtree(scratch, ignore_errors=True)
    for column, reason in DIFFERENCES.items():
        print(f"not compared: {column}: {reason}")
    print(f"{time.monotonic() - started:.0f} s in all")
    passed, failed = map(sum, zip(*counts, strict=True))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


def smoke(lake: Lake, scratch: Path) -> tuple[int, int]:
    """Build one lake on both engines and print how they compare. Returns how many tables passed and failed."""
    home = scratch / lake.name
    home.mkdir()
    with phase(f"{lake.name}: landing"):
        lake.write(home)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as beside:
        on_duckdb = beside.submit(build_on_duckdb, home, lake.runs)
        with phase(f"{lake.name}: building on Spark, and on DuckDB beside it"):
            spark = start_spark(scratch)
            errors = build_on_spark(spark, scratch, home, [VARS | run for run in lake.runs])
            on_duckdb.result()
    with phase(f"{lake.name}: comparing"):
        built, left_out = tables(scratch)
        results = {table: compared(spark, home, table) for table in built}
    print(errors, end="")
    width = max(map(len, results))
    print(f"\n{'table':{width}} {'rows':>7} {'columns':>7}  verdict (where they differ: DuckDB's value, Spark's)")
    for table, result in results.items():
        print(f"{table:{width}} {result.rows:>7,} {result.columns:>7}  {'; '.join(result.differences) or 'same'}")
    print(f"\n{len(left_out)} tables left out ({WHY_LEFT_OUT}): {', '.join(left_out)}\n")
    failures = sum(bool(result.differences) for result in results.values())
    return len(results) - failures, failures


def build_on_duckdb(home: Path, runs: list[dict]) -> None:
    """In a process of its own: dbt runs once at a time in each, and this one's is busy with Spark."""
    for run in runs:
        warehouse.build(home, exclude=LEFT_OUT, **VARS, **run)


def start_spark(scratch: Path) -> SparkSession:
    """The local Spark of this process. dbt-spark's `session` method finds it running."""
    from pyspark.sql import SparkSession

    log = scratch / "log4j2.properties"
    log.write_text(NO_LOG)
    builder = SparkSession.builder.config("spark.sql.warehouse.dir", str(scratch / "spark"))
    builder = builder.config("spark.local.dir", str(scratch / "local"))
    builder = builder.config("spark.driver.extraJavaOptions", f"{JAVA_OPTIONS} -Dlog4j2.configurationFile={log}")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def build_on_spark(spark: SparkSession, scratch: Path, home: Path, runs: list[dict]) -> str:
    """Build the lake with dbt in this process. Returns what dbt says of models that failed."""
    from dbt.cli.main import dbtRunner

    for (schema,) in spark.sql("show schemas").collect():
        if schema != "default":
            spark.sql(f"drop schema {schema} cascade")
    os.environ["CLIENTELE_HOME"] = str(home)
    options = ["--quiet", "--target", "spark", "--project-dir", str(ROOT), "--profiles-dir", str(ROOT)]
    options += ["--target-path", str(scratch / "target"), "--log-path", str(scratch / "logs")]
    commands = [["run-operation", "register_sources"]]
    commands += [
        [
            "build",
            "--exclude-resource-type",
            "test",
            "unit_test",
            "--exclude",
            LEFT_OUT_ON_SPARK,
            "--vars",
            json.dumps(variables),
        ]
        for variables in runs
    ]
    errors = []
    for command in commands:
        done = dbtRunner().invoke([*command, *options])
        if done.exception:
            raise done.exception
        results = getattr(done.result, "results", [])
        errors += [f"{result.node.name}: {result.message}\n" for result in results if result.status == "error"]
    return "".join(errors)


def tables(scratch: Path) -> tuple[list[str], list[str]]:
    """Every SQL model and seed that reads neither a fit nor records, as schema.name, by layer, and the others.

    What reads the classifier of texts is among the former: it classifies none on either engine.
    """
    manifest = json.loads((scratch / "target" / "manifest.json").read_text())
    layers = ["seeds", "staging", "intermediate", "features", "ml", "marts", "governance"]
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    records = [name for name in manifest["sources"] if ".records." in name]
    left_out = {node["unique_id"] for node in nodes if node.get("language") == "python"} | set(records)
    reached = [name for name in left_out if not name.endswith(".int_emotion__classified")]
    for node in reached:
        below = [child for child in manifest["child_map"][node] if child not in left_out]
        left_out.update(below)
        reached += below
    nodes.sort(key=lambda node: (layers.index(node["schema"]), node["alias"]))
    of = {node["unique_id"]: f"{node['schema']}.{node['alias']}" for node in nodes}
    return [n for id_, n in of.items() if id_ not in left_out], [n for id_, n in of.items() if id_ in left_out]


def compared(spark: SparkSession, home: Path, table: str) -> Comparison:
    """One table of both builds, DuckDB's left and Spark's right."""
    ignored = {column.split(".")[2] for column in DIFFERENCES if column.startswith(f"{table}.")}
    with duckdb.connect() as con:
        con.execute(f"attach '{home}/build.duckdb' as build (read_only)")
        if not spark.catalog.tableExists(table):
            return Comparison(0, 0, ("not built on Spark",))
        con.register("spark_rows", spark.table(table).toArrow())
        con.execute("create temp table on_spark as select * from spark_rows")
        return compare(con, f"build.{table}", "on_spark", ignored)


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Say what is being done, then how long it took."""
    print(f"{name} ... ", end="", flush=True)
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
