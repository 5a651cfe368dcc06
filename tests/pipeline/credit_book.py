"""A lender's book as the tables that credit reads, put where dbt looks for them: the models of credit run over it.

Two hundred and forty borrowers, of whom the riskier come to stop paying. What they are known by leans on the same risk
that their defaults were drawn from.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from clientele.contract import PROJECT_ROOT
from tests import dbt_in_process

MEMORY = "1GB"
CUSTOMERS = [f"c{number:03d}" for number in range(240)]
FIRST, MONTHS, DAY = date(2024, 1, 1), 30, timedelta(days=1)
SEEDS = "consent_policy credit_bands credit_policy credit_products credit_reason_texts model_pins"
SELECTED = "path:dbt_project/models/ml/credit path:dbt_project/models/marts/credit ml_run gov_consent_asof " + SEEDS
OF_DAY = "customer_id varchar, snapshot_date date"
VERSIONS = "known_from timestamp, known_to timestamp, batch bigint, known_to_batch bigint"
TABLES = {
    "intermediate.int_core__snapshots": "snapshot_date date, snapshot_at timestamp, lake_batch bigint, is_full boolean,"
    " is_current boolean, is_asked boolean",
    "intermediate.int_core__coverage": "snapshot_date date, has_subscriptions boolean",
    "intermediate.int_finance__loans": "loan_id varchar, customer_id varchar, opened_at timestamp, closed_at timestamp,"
    f" {VERSIONS}",
    "intermediate.int_finance__instalments": "repayment_id varchar, loan_id varchar, customer_id varchar,"
    f" due_at timestamp, settled_at timestamp, {VERSIONS}",
    "intermediate.int_finance__bookings": "transaction_id varchar, customer_id varchar, booked_at timestamp,"
    f" amount decimal(28, 4), is_fixed_cost boolean, is_loan_payment boolean, {VERSIONS}",
    "intermediate.int_core__consent_validity": "customer_id varchar, purpose varchar, consent_id varchar,"
    f" legal_basis varchar, has_notice boolean, valid_from timestamp, valid_to timestamp, {VERSIONS}",
    "intermediate.int_finance__human_decisions": "customer_id varchar, recommended_on date, decision varchar,"
    " decided_at timestamp",
}
KEYS = {"customer_id", "snapshot_date", "lake_batch"}
Row = dict[str, Any]


def firsts_of_months() -> list[date]:
    return [date(FIRST.year + month // 12, month % 12 + 1, 1) for month in range(MONTHS)]


def features(of: Callable[[str, dict], bool]) -> list[str]:
    """The features that something holds for: of their group's name and their meta, as the yml has them."""
    paths = sorted((PROJECT_ROOT / "dbt_project" / "models" / "features").glob("_*__models.yml"))
    return [
        column["name"]
        for path in paths
        for model in yaml.safe_load(path.read_text())["models"]
        for column in model.get("columns", [])
        if column["name"] not in KEYS and of(model["name"], column.get("config", {}).get("meta", {}))
    ]


def open_book(home: Path) -> None:
    """Write build.duckdb with all that credit reads, of every first of a month."""
    financial = features(lambda _, meta: meta.get("legal_class") == "financial")
    of_shadow = features(lambda group, _: group == "feat_emotion_credit")
    with duckdb.connect(str(home / "build.duckdb"), config={"storage_compatibility_version": "v1.5.0"}) as connection:
        for schema in ("intermediate", "features", "governance", "marts", "ml", "seeds"):
            connection.execute(f"create schema {schema}")
        for table, columns in (TABLES | {"features.customer_features": f"{OF_DAY}, is_sampled boolean"}).items():
            connection.execute(f"create table {table} ({columns})")
        connection.execute(f"create table features.feat_emotion_credit ({OF_DAY})")
        for table, names in (("customer_features", financial), ("feat_emotion_credit", of_shadow)):
            for name in names:
                connection.execute(f"alter table features.{table} add column {name} double")
        connection.execute(
            "create table governance.feature_catalog as select unnest(?) as feature, 'financial' as legal_class",
            [financial],
        )
        for table, rows in _book().items():
            of_table = pa.Table.from_pylist(rows)
            connection.register("rows", of_table)
            connection.execute(f"insert into {table} by name from rows")


def _book() -> dict[str, list[Row]]:
    """Loans and instalments of all borrowers, what is known of them at each snapshot, and a contract with some."""
    draw, opened = random.Random(11), datetime(2023, 11, 1)
    loans, instalments, known, consents = list[Row](), list[Row](), list[Row](), list[Row]()
    for number, customer in enumerate(CUSTOMERS):
        of, risk = {"customer_id": customer, "batch": 1}, draw.gauss(0, 1)
        # The same chance every month, from the first on.
        stops = next((day for day in firsts_of_months() if draw.random() < 0.02 * math.exp(risk)), None)
        loans.append(of | {"loan_id": f"l{number}", "opened_at": opened, "known_from": opened})
        for day in firsts_of_months():
            due = datetime.combine(day, time())
            paid = None if stops and day >= stops else due + DAY
            instalment = {"loan_id": f"l{number}", "repayment_id": f"r{number}-{day}", "due_at": due}
            instalments.append(of | instalment | {"settled_at": paid, "known_from": due})
            known.append({"customer_id": customer, "snapshot_date": day} | _known(risk, day, stops, draw))
        if number % 8 == 0:
            consent = {"consent_id": f"k{number}", "purpose": "automated_credit_decision", "legal_basis": "contract"}
            consents.append(of | consent | {"has_notice": True, "valid_from": opened, "known_from": opened})
    return {
        "intermediate.int_finance__loans": loans,
        "intermediate.int_finance__instalments": instalments,
        "intermediate.int_core__consent_validity": consents,
        "features.customer_features": known,
    }


def _known(risk: float, day: date, stops: date | None, draw: random.Random) -> Row:
    """What the bank sees of the risk, with noise, and what is past due."""
    past_due = max(0, (day - stops).days) if stops else 0
    income = max(900.0, draw.gauss(3200 - 300 * risk, 500))
    return {
        "is_sampled": True,
        "account_age_days": 900.0,
        "n_bookings_180d": 60.0,
        "balance_buffer_days": max(0.0, draw.gauss(30 - 12 * risk, 8)),
        "limit_utilisation": min(1.0, max(0.0, draw.gauss(0.4 + 0.15 * risk, 0.2))) if draw.random() > 0.2 else None,
        "gambling_90d_share": max(0.0, draw.gauss(0.01 + 0.02 * risk, 0.02)),
        "on_time_365d_share": min(1.0, max(0.0, draw.gauss(0.9 - 0.08 * risk, 0.06))),
        "income_monthly_180d": income,
        "fixed_costs_90d": 3 * income * draw.uniform(0.3, 0.5),
        "n_open_loans": 1.0,
        "n_loans_lifetime": 1.0,
        "instalments_monthly": 180.0,
        "days_past_due": float(past_due),
        "days_past_due_max_365d": float(past_due),
        "days_since_default": 0.0 if past_due >= 90 else None,
    }


def score(home: Path, day: date, *, refit: bool = False, run: str = "", **variables: object) -> None:
    """Build and test the models of credit, as a run of that day does; of this id, else one that names the day."""
    with duckdb.connect(str(home / "build.duckdb")) as connection:
        connection.execute("update intermediate.int_core__snapshots set is_asked = false")
        connection.execute("delete from intermediate.int_core__snapshots where snapshot_date = ?", [day])
        connection.execute(
            "insert into intermediate.int_core__snapshots values (?, ?::timestamp, 1, true, true, true)", [day, day]
        )
        connection.execute("delete from intermediate.int_core__coverage where snapshot_date = ?", [day])
        connection.execute("insert into intermediate.int_core__coverage values (?, false)", [day])
    arguments = ["--exclude-resource-types", "unit_test", "--indirect-selection", "cautious", "--select", SELECTED]
    told = {"CLIENTELE_RUN_ID": run or f"run of {day}", "CLIENTELE_SNAPSHOT_DATE": str(day)}
    told |= {"CLIENTELE_REFIT_MODELS": "credit" if refit else ""}
    dbt_in_process.build(home, arguments, variables, MEMORY, **told)
