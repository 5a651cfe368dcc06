"""Nothing that tells of feelings outside a consent: the compiled SQL over consents and events drawn at random.

The SQL runs in memory on what is drawn, as of the day for which the project compiles without a warehouse. What a
feature group says is held against the oracle; what the mart says must not change when all that no consent covers is
gone.
"""

from __future__ import annotations

import csv
import math
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clientele.contract import PROJECT_ROOT, load_contract
from tests import dbt_in_process
from tests.point_in_time import emotion_oracle

SNAPSHOT = datetime(2000, 1, 1)  # the day that is compiled without a warehouse
GRACE = timedelta(hours=6)
NEVER = datetime(1970, 1, 1)
VIEWS = (
    "int_core__consent_validity", "int_emotion__consents", "int_emotion__permitted", "int_emotion__events",
    "feat_emotion", "feat_emotion_credit", "int_emotion__felt", "int_emotion__spending", "customer_emotion_finance",
)  # fmt: skip
CUSTOMERS = [f"c{number}" for number in range(12)]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The models of emotion as views in memory, over tables that hold nothing yet."""
    home, models = tmp_path_factory.mktemp("compiled"), "+customer_emotion_finance feat_emotion feat_emotion_credit"
    nodes = {node.name: node for node in dbt_in_process.compiled(home, "--select", models)}
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as build; use build")  # as the warehouse is called in what is compiled
    for schema in ("staging", "intermediate", "features", "seeds", "marts"):
        connection.execute(f"create schema {schema}")
    for seed in ("consent_policy", "emotion_labels"):
        path = PROJECT_ROOT / nodes[seed].original_file_path
        connection.execute(f"create table seeds.{seed} as from read_csv('{path}')")
    versions = {"known_from": "timestamp", "known_to": "timestamp", "batch": "bigint", "known_to_batch": "bigint"}
    for domain, entity in (("core", "consents"), ("emotion", "emotion_events")):
        types = {name: column.data_type for name, column in load_contract()[entity].columns.items()} | versions
        connection.execute(f"create table staging.stg_{domain}__{entity} ({_typed(types)})")
    money = {"customer_id": "varchar", "amount": "decimal(18, 4)"} | versions
    connection.execute(f"create table intermediate.int_commerce__orders ({_typed(money)}, ordered_at timestamp)")
    connection.execute(
        f"create table intermediate.int_finance__bookings ({_typed(money)}, booked_at timestamp,"
        " is_discretionary boolean)"
    )
    connection.execute(
        "create table intermediate.int_emotion__classified"
        " (emotion_event_id varchar, known_from timestamp, label varchar)"
    )
    connection.execute(
        "create table intermediate.int_core__customer_spine as select unnest($ids) as customer_id,"
        " date '2000-01-01' as snapshot_date, timestamp '2000-01-01' as snapshot_at, 1 as lake_batch",
        {"ids": CUSTOMERS},
    )
    connection.execute(
        "create table features.feat_profile as select unnest($ids) as customer_id,"
        " date '2000-01-01' as snapshot_date, timestamp '1999-12-01' as registered_at",
        {"ids": CUSTOMERS},
    )
    connection.execute(
        "create table intermediate.int_core__coverage as"
        " select date '2000-01-01' as snapshot_date, true as has_emotion_events, true as has_consents"
    )
    for name in VIEWS:
        connection.execute(f"create view {nodes[name].schema}.{name} as {nodes[name].compiled_code}")
    return connection


def _typed(columns: dict[str, str]) -> str:
    return ", ".join(f"{name} {type_}" for name, type_ in columns.items())


# On the bounds of windows, weeks, the grace and the snapshot, and anywhere between.
HOURS = st.one_of(
    st.sampled_from([0, 24 * 7, 24 * 30, 24 * 90, 24 * 90 + 1, 24, 5, -5, -6, -7, 48, 24 * 5]),
    st.integers(-48, 24 * 120),
)
MOMENTS = HOURS.map(lambda hours: SNAPSHOT - timedelta(hours=hours))
KNOWN = st.tuples(MOMENTS, st.one_of(st.none(), MOMENTS)).map(
    lambda pair: (pair[0], pair[1]) if pair[1] is None or pair[1] > pair[0] else (pair[1], pair[0])
)
CONSENTS = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(CUSTOMERS),
        "purpose": st.sampled_from(["emotion_analytics", "emotion_credit", "marketing_email"]),
        "granted_at": MOMENTS,
        "withdrawn_at": st.one_of(st.none(), MOMENTS),
        "notice_version": st.sampled_from([None, "", "v1"]),
        "legal_basis": st.sampled_from([None, "consent", "consent", "Consent ", "contract", "legitimate_interest"]),
        "known": KNOWN,
    }
)
EVENTS = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(CUSTOMERS),
        "felt_at": MOMENTS,
        "label": st.sampled_from([None, "joy", "anger", "other", "neutral"]),
        "valence": st.sampled_from([None, None, -0.2, -0.9, 0.4]),
        "arousal": st.sampled_from([None, 0.3]),
        "capture_modality": st.sampled_from(["self_report", "text", "voice", "face", "wearable", None]),
        "known": KNOWN,
    }
)
SPENT = st.fixed_dictionaries({"customer_id": st.sampled_from(CUSTOMERS), "ordered_at": MOMENTS})
TIMELINES = {"consents": st.lists(CONSENTS, max_size=40), "events": st.lists(EVENTS, max_size=60)}
OFTEN = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _put(connection: duckdb.DuckDBPyConnection, relation: str, rows: list[dict], key: str | None = None) -> None:
    connection.execute(f"delete from {relation}")
    types = dict(connection.execute(f"select column_name, column_type from (describe {relation})").fetchall())
    for number, row in enumerate(rows):
        known_from, known_to = row.get("known", (NEVER, None))
        full = row | {"known_from": known_from, "known_to": known_to, "batch": 1} | ({key: f"{number}"} if key else {})
        columns = [name for name in full if name in types]
        connection.execute(
            f"insert into {relation} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})",
            [full[name] for name in columns],
        )


def _is_known(row: dict, clock: str) -> bool:
    known_from, known_to = row["known"]
    deadline = SNAPSHOT + GRACE
    return row[clock] < SNAPSHOT and known_from < deadline and (known_to is None or known_to >= deadline)


def _land(connection: duckdb.DuckDBPyConnection, consents: list[dict], events: list[dict]) -> None:
    _put(connection, "staging.stg_core__consents", consents, "consent_id")
    _put(connection, "staging.stg_emotion__emotion_events", events, "emotion_event_id")


def _feature_rows(connection: duckdb.DuckDBPyConnection, group: str) -> dict[str, dict]:
    table: pa.Table = connection.sql(f"select * from features.{group}").to_arrow_table()
    return {row["customer_id"]: row for row in table.to_pylist()}


@OFTEN
@given(**TIMELINES)
def test_a_feature_tells_what_consents_cover_and_nothing_else(
    warehouse: duckdb.DuckDBPyConnection, consents: list[dict], events: list[dict]
) -> None:
    _land(warehouse, consents, events)
    values = emotion_oracle.label_values()
    known_consents = [row for row in consents if _is_known(row, "granted_at")]
    felt = [
        row | {"emotion_event_id": str(number), "free_text": None}
        for number, row in enumerate(events)
        if _is_known(row, "felt_at")
    ]
    felt = [row | {"feeling": emotion_oracle.feeling_of(row, values)} for row in felt]
    for group, (purpose, _) in emotion_oracle.GROUPS.items():
        found = _feature_rows(warehouse, group)
        for customer in CUSTOMERS:
            own = [row for row in known_consents if row["customer_id"] == customer]
            expected = emotion_oracle.features_of(
                group, own, [row for row in felt if row["customer_id"] == customer], SNAPSHOT
            )
            for name, value in expected.items():
                assert _is_close(found[customer][name], value), (group, customer, name)
            runs = [
                row for row in own
                if row["purpose"] == purpose and row["legal_basis"] not in ("contract", "legitimate_interest")
                and (row["withdrawn_at"] is None or row["withdrawn_at"] >= SNAPSHOT)
            ]  # fmt: skip
            if not runs:
                assert {found[customer][name] for name in expected} == {None}


def _is_of(event: dict, consent: dict) -> bool:
    return event["customer_id"] == consent["customer_id"]


def _is_close(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)


@OFTEN
@given(spent=st.lists(SPENT, max_size=60), **TIMELINES)
def test_the_mart_is_the_same_without_all_that_no_consent_covers(
    warehouse: duckdb.DuckDBPyConnection, consents: list[dict], events: list[dict], spent: list[dict]
) -> None:
    _put(warehouse, "intermediate.int_commerce__orders", [row | {"amount": 10} for row in spent])
    _land(warehouse, consents, events)
    mart = "select * from marts.customer_emotion_finance order by customer_id, week_start_date"
    told = warehouse.sql(mart).to_arrow_table().to_pylist()
    agreed = [
        row for row in consents
        if _is_known(row, "granted_at") and row["purpose"] == "emotion_analytics" and emotion_oracle.is_consent(row)
    ]  # fmt: skip
    running = [row for row in agreed if row["withdrawn_at"] is None or row["withdrawn_at"] >= SNAPSHOT]
    for row in told:
        week = datetime.combine(row["week_start_date"], datetime.min.time())
        covers = [
            consent for consent in agreed
            if consent["customer_id"] == row["customer_id"] and consent["granted_at"] < week + timedelta(days=7)
            and (consent["withdrawn_at"] is None or consent["withdrawn_at"] > week)
        ]  # fmt: skip
        of_customer = [consent for consent in running if consent["customer_id"] == row["customer_id"]]
        assert row["is_covered_by_consent"] == bool(covers and of_customer)
        if not row["is_covered_by_consent"]:
            assert {value for name, value in row.items() if name in _OF_FEELINGS} == {None}
    covered = [
        event for event in events
        if any(_is_of(event, row) and emotion_oracle.covers(row, event["felt_at"]) for row in agreed)
        and any(_is_of(event, row) for row in running)
    ]  # fmt: skip
    _land(warehouse, consents, covered)
    assert warehouse.sql(mart).to_arrow_table().to_pylist() == told


_OF_FEELINGS = {
    *("n_events", "n_negative_events", "n_days_after_negative", "valence_mean", "arousal_mean", "negative_share"),
    *(f"stress_{span}_{what}" for span in ("24h", "3d") for what in ("spend", "days", "ratio")),
    "spend_after_negative_days",
}


def test_every_label_of_the_seed_says_how_it_feels_but_other() -> None:
    with (PROJECT_ROOT / "dbt_project" / "seeds" / "emotion_labels.csv").open() as handle:
        rows = {row["label"]: row for row in csv.DictReader(handle)}
    assert len(rows) == 29
    assert [label for label, row in rows.items() if not row["valence"]] == ["other"]
    assert sum(row["is_basic"] == "true" for row in rows.values()) == 6
