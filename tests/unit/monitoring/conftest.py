"""A tiny warehouse: one feature group, a model that has learnt from two of three months, and all customers of a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from clientele.contract import PROJECT_ROOT
from clientele.ml import artifacts, churn, periods, registry
from clientele.ml.classifier import LEARNERS, Classifier
from clientele.monitoring.settings import Settings
from clientele.records import Records
from clientele.running import effective_vars

DAY = date(2025, 6, 1)
TABLES = """
create schema intermediate; create schema features; create schema governance; create schema ml;
create table intermediate.int_core__snapshots (snapshot_date date, is_full boolean);
create table intermediate.int_core__customer_spine (customer_id varchar, snapshot_date date, is_training boolean);
create table features.feat_orders (
    customer_id varchar, snapshot_date date, lake_batch bigint, n_orders_30d bigint, spend_lifetime decimal(28, 4),
    channel varchar, has_consent boolean, never_filled double, always_one double, first_ordered_at timestamp
);
create view features.customer_features as select * exclude (lake_batch) from features.feat_orders;
create table governance.feature_catalog (feature varchar, feature_window varchar);
insert into governance.feature_catalog values ('n_orders_30d', '30'), ('spend_lifetime', 'lifetime');
create table ml.ml_churn__fit (
    model_name varchar, model_version varchar, fit_number bigint, fitted_for date, horizon_days integer,
    learnt_from date, learnt_to date, n_rows bigint, features_json varchar, performance_json varchar
);
create table ml.ml_churn__champion (
    model_name varchar, model_version varchar, fit_number bigint, algorithm varchar, recipe integer, artifact blob,
    artifact_sha256 varchar
);
create view ml.ml_churn__population as
    select customer_id, snapshot_date, 'non_contractual' as churn_type from features.feat_orders;
create table ml.ml_churn__scores (
    customer_id varchar, snapshot_date date, churn_type varchar, churn_probability double, reason_1_value double,
    model_name varchar, model_version varchar
);
create table ml.ml_churn__training_set (
    customer_id varchar, snapshot_date date, churn_type varchar, is_churned boolean, n_orders_30d bigint,
    spend_lifetime decimal(28, 4), channel varchar
);
create table intermediate.int_commerce__orders (
    customer_id varchar, ordered_at timestamp, amount decimal(18, 4), known_from timestamp, known_to timestamp
);
"""
MONTHS, UNSEEN = ("2025-03-01", "2025-04-01"), "2025-05-01"
# Per snapshot 400 customers with 0 to 3 orders; of four channels three hold a tenth of them.
CUSTOMERS = """
    select
        'c' || i as customer_id, date '{day}' as snapshot_date, 1 as lake_batch, i % 4 as n_orders_30d,
        i * 10 as spend_lifetime,
        case i % 10 when 0 then 'app' when 1 then 'store' when 2 then 'phone' else 'web' end as channel,
        i % 2 = 0 as has_consent, cast(null as double) as never_filled, 1.0 as always_one,
        timestamp '2025-01-01' as first_ordered_at
    from range(400) as t(i)
"""


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings.of(effective_vars(PROJECT_ROOT / "tests") | {"drift_report_columns": 2})


@pytest.fixture(scope="session")
def champion() -> bytes:
    """The artifact of a model of churn that has learnt from the months: who ordered less is lost more often."""
    with duckdb.connect() as con:
        rows = " union all ".join(CUSTOMERS.format(day=day) for day in MONTHS)
        table = con.sql(f"select *, hash(customer_id) % 5 >= n_orders_30d as is_churned from ({rows})").to_arrow_table()
    examples = churn.examples_of(table.select([*churn.KEYS[:2], "is_churned", "n_orders_30d", "channel"]))
    period = periods.shipped([date.fromisoformat(day) for day in MONTHS], 30)
    fitted = Classifier.fit(examples, period, LEARNERS["logistic_regression"], seed=42)
    return artifacts.pack(fitted.to_state())


@pytest.fixture
def home(tmp_path: Path, champion: bytes) -> Path:
    """A warehouse in which nothing has drifted."""
    Records(tmp_path).ensure()
    with duckdb.connect(str(tmp_path / "build.duckdb")) as con:
        con.execute(TABLES)
        for day in (*MONTHS, UNSEEN, DAY):
            con.execute("insert into intermediate.int_core__snapshots values (?, ?)", [day, day == DAY])
            con.execute("insert into features.feat_orders" + CUSTOMERS.format(day=day))
            con.execute(
                "insert into intermediate.int_core__customer_spine select 'c' || i, ?, true from range(400) as t(i)",
                [day],
            )
        con.execute(
            "insert into ml.ml_churn__fit values ('churn.non_contractual', 'v1', 1, '2025-06-01', 30, '2025-03-01',"
            """ '2025-04-01', 800, '["n_orders_30d", "channel"]',"""
            """ '[{"group_name": "all", "auc": 0.9, "brier": 0.1, "ece": 0.02}]')"""
        )
        con.execute(
            "insert into ml.ml_churn__champion values ('churn.non_contractual', 'v1', 1, 'logistic', ?, ?, ?)",
            [registry.RECIPE, champion, artifacts.sha256(champion)],
        )
        con.execute(
            "insert into ml.ml_churn__training_set select customer_id, snapshot_date, 'non_contractual', false,"
            f" n_orders_30d, spend_lifetime, channel from features.feat_orders where snapshot_date < '{UNSEEN}'"
        )
        score(con, DAY)
    return tmp_path


@pytest.fixture
def change(home: Path) -> Callable[[str], None]:
    """Run SQL on the warehouse."""

    def changed(sql: str) -> None:
        with duckdb.connect(str(home / "build.duckdb")) as con:
            con.execute(sql)

    return changed


def score(con: duckdb.DuckDBPyConnection, day: date) -> None:
    """As ml_churn__scores does."""
    champions = con.sql("select * from ml.ml_churn__champion").to_arrow_table()
    customers = con.sql(
        "select features.*, churn_type from features.customer_features as features inner join ml.ml_churn__population"
        f" using (customer_id, snapshot_date) where features.snapshot_date = '{day}'"
    ).to_arrow_table()
    run = {"snapshot_date": day, "feature_version": "f1", "run_id": "a-run", "scored_at": None}
    scores = pa.Table.from_batches([churn.Scorer(champions, run)(batch) for batch in customers.to_batches()])
    con.register("scores", scores)
    con.execute(
        "insert into ml.ml_churn__scores select customer_id, snapshot_date, churn_type, churn_probability, 0,"
        " model_name, model_version from scores"
    )


def _scores(day: date, version: str = "v1") -> str:
    return (
        f"insert into ml.ml_churn__scores select 'c' || i, '{day}', 'non_contractual', (i % 100) / 100.0, i,"
        f" 'churn.non_contractual', '{version}' from range(400) as t(i)"
    )


@pytest.fixture
def scored(change: Callable[[str], None]) -> Callable[..., None]:
    """Put scores of an earlier day on record."""

    def put(day: date, version: str = "v1") -> None:
        change(_scores(day, version))

    return put
