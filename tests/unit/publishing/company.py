"""A small warehouse as a run leaves it: a build, the records of the run, and dbt's manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from clientele.records import Records

RUN_AT = datetime(2026, 1, 1, 3)


def model(name: str, layer: str, *reads: str, materialized: str = "table", tags: tuple = ()) -> dict:
    return {
        "resource_type": "model",
        "name": name,
        "alias": name,
        "schema": layer,
        "config": {"materialized": materialized},
        "tags": list(tags),
        "depends_on": {"nodes": list(reads)},
    }


def data_test(name: str, *reads: str, severity: str = "ERROR", attached: bool = True) -> dict:
    return {
        "resource_type": "test",
        "name": name,
        "config": {"severity": severity},
        "attached_node": reads[0] if attached else None,
        "depends_on": {"nodes": list(reads)},
    }


def unit_test(name: str, on: str) -> dict:
    return {"resource_type": "unit_test", "name": name, "config": {}, "depends_on": {"nodes": [on]}}


def manifest() -> dict:
    """Two marts and a view over one staging model; a model that nothing published is made of; checks on all."""
    return {
        "sources": {"source.x.orders": {"name": "orders"}},
        "nodes": {
            "model.x.stg": model("stg", "staging", "source.x.orders", materialized="view"),
            "model.x.fit": model("fit", "ml", "model.x.stg", tags=("train",)),
            "model.x.ml_run": model("ml_run", "ml"),
            "model.x.customers": model("customers", "marts", "model.x.stg", "model.x.ml_run"),
            "model.x.days": model("days", "marts", "model.x.stg"),
            "model.x.totals": model("totals", "marts", "model.x.days", materialized="view"),
            "model.x.landings": model("landings", "governance", "source.x.orders"),
            "model.x.model_registry": model("model_registry", "governance", "model.x.fit"),
            "model.x.ops_runs": model("ops_runs", "governance", materialized="view"),
            "model.x.publications": model("publications", "governance", materialized="view"),
            "model.x.aside": model("aside", "staging", materialized="view"),
            "test.x.customers_key": data_test("customers_key", "model.x.customers"),
            "test.x.stg_key": data_test("stg_key", "model.x.stg"),
            "test.x.stg_plausible": data_test("stg_plausible", "model.x.stg", severity="warn"),
            "test.x.adds_up": data_test("adds_up", "model.x.days", "model.x.customers", attached=False),
            "test.x.aside_key": data_test("aside_key", "model.x.aside"),
        },
        "unit_tests": {"unit_test.x.days_edges": unit_test("days_edges", "model.x.days")},
    }


def build_row(name: str, at: datetime, *, run: int = 1, **known: Any) -> dict[str, Any]:
    row = {"run_id": f"run-{run}", "asset_name": name, "asset_kind": "model", "status": "success", "started_at": at}
    return row | {"finished_at": at + timedelta(seconds=1)} | known


def check_row(name: str, about: str, at: datetime, *, run: int = 1, **known: Any) -> dict[str, Any]:
    row = {"check_name": name, "asset_name": about, "check_type": "dbt_test", "severity": "error", "status": "pass"}
    return row | {"evaluated_at": at, "run_id": f"run-{run}"} | known


def moments(at: datetime) -> Iterator[datetime]:
    """When tables begin, one after another: none before what it is made from has ended."""
    return (at + timedelta(seconds=second) for second in count())


class Company:
    """A warehouse folder that can be built anew, with every row naming the build it is of."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.records = Records(home)
        self.manifest = manifest()
        home.mkdir(parents=True, exist_ok=True)
        self.records.ensure()

    def run(self, number: int = 1, *, rows: int = 100, trains: bool = True) -> datetime:
        """What a run that succeeds leaves; returns when it began."""
        at = RUN_AT + timedelta(days=number)
        self.write_manifest()
        self.write_build(number, rows)
        tables = [n for n in self.manifest["nodes"].values() if n["resource_type"] != "test"]
        checks = [n for n in self.manifest["nodes"].values() if n["resource_type"] == "test"]
        built = [table["name"] for table in tables if trains or "train" not in table["tags"]]
        began = zip(built, moments(at), strict=False)
        self.records.append("ops_runs", [build_row(name, moment, run=number) for name, moment in began])
        rows = [check_row(check["name"], self.about(check), at + timedelta(minutes=1), run=number) for check in checks]
        self.records.append("check_results", [*rows, check_row("days_edges", "days", at, run=number)])
        return at

    def about(self, check: dict) -> str:
        return self.manifest["nodes"][check["depends_on"]["nodes"][0]]["name"]

    def built(self, name: str, at: datetime, **known: Any) -> None:
        self.records.append("ops_runs", [build_row(name, at, **known)])

    def checked(self, name: str, about: str, at: datetime, **known: Any) -> None:
        self.records.append("check_results", [check_row(name, about, at, **known)])

    def drifted(self, subject: str, at: datetime, day: date, **known: Any) -> None:
        """What a drift check of a day measured of one column, `spent` unless said otherwise."""
        row = {"run_id": f"drift-{at}", "subject": subject, "evaluated_at": at, "snapshot_date": day}
        row |= {"column_name": "spent", "measure": "psi", "severity": "warn", "status": "pass"}
        self.records.append("drift_results", [row | known])

    def write_manifest(self) -> None:
        (self.home / "target").mkdir(exist_ok=True)
        (self.home / "target" / "manifest.json").write_text(json.dumps(self.manifest))

    def write_build(self, number: int, rows: int = 100) -> None:
        (self.home / "build.duckdb").unlink(missing_ok=True)
        with duckdb.connect(str(self.home / "build.duckdb")) as connection:
            connection.execute(BUILD.format(number=number, rows=rows, records=self.records.root))

    def execute(self, sql: str) -> None:
        with duckdb.connect(str(self.home / "build.duckdb")) as connection:
            connection.execute(sql)


BUILD = """
create schema marts; create schema governance; create schema ml; create schema staging;
create table ml.ml_run as
    select 'run-{number}' as run_id, date '2026-01-01' + {number} as snapshot_date, 'features' as feature_version;
create table governance.landings as select {number} as batch, 'orders' as entity;
create table governance.model_registry as
    select 'churn' as model_name, 'v{number}' as model_version, true as is_champion;
create table marts.customers (
    customer_id varchar not null, build integer, spent double, tags varchar[], place struct(city varchar),
    snapshot_date date
);
insert into marts.customers
    select 'c' || i, {number}, case when i % 7 = 0 then 'nan'::double when i % 5 = 0 then null else i / 3.0 end,
        case when i % 3 = 0 then null when i % 3 = 1 then [] else ['a', null] end, {{'city': 'town' || i % 4}},
        date '2026-01-01' + {number}
    from range({rows}) as t(i);
create table marts.days as select i as day, {number} as build, i * 1.1 as revenue from range({rows}) as t(i);
create view marts.totals as select build, sum(revenue) as revenue from build.marts.days group by build;
create view governance.ops_runs as select * from read_parquet('{records}/ops_runs/*.parquet');
create view governance.publications as select * from read_parquet('{records}/publications/*.parquet');
"""
