"""The notebooks run from top to bottom, on a small warehouse and on an empty one, and their plots show data."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from clientele.contract import PROJECT_ROOT

NOTEBOOKS = PROJECT_ROOT / "notebooks"
CHARTS = {
    "churn_and_survival": {"calibration_chart", "lift_chart", "survival_chart"},
    "value_and_segments": {"tenths_chart", "concentration_chart", "profile_chart", "shares_chart"},
}

# Customers are lost the more often the longer they stayed away; the same ones in every run.
TRAINING_SET = """
    create table ml.ml_churn__training_set as
    with customers as (
        select 'c' || i as customer_id, snapshot_at::date as snapshot_date
        from range(120) as of_customers(i),
            unnest(generate_series(date '2024-01-01', date '2025-01-01', interval 1 month)) as months(snapshot_at)
    ),
    drawn as (select *, hash(customer_id, snapshot_date) % 1000 / 1000 as u, hash(snapshot_date, customer_id) % 365 as r
        from customers)
    select customer_id, snapshot_date, 'non_contractual' as churn_type, u < 0.2 + 0.6 * r / 365 as is_churned,
        r::double as recency_days, (hash(customer_id) % 9)::bigint as n_orders_lifetime,
        (r % 5 + 1)::integer as frequency_score
    from drawn
"""
REST = """
    create table ml.ml_run as select date '2025-04-01' as snapshot_date;
    create table marts.customer_churn as
    select 'c' || i as customer_id, 'non_contractual' as churn_type, case when i % 2 = 0 then 'high' else 'low' end as risk_level,
        0.9 as survival_30d, 0.8 as survival_60d, 0.7 as survival_90d, 0.5 as survival_180d from range(50) as of_customers(i);
    create table ml.ml_survival__labels as
    select 'c' || i as customer_id, snapshot_date, 'non_contractual' as churn_type, i * 4.0 as duration_days, i % 3 = 0 as is_observed
    from range(60) as of_customers(i), (values (date '2024-09-01'), (date '2024-10-01'), (date '2025-01-01')) as of(snapshot_date);
    create table marts.customer_clv as select 10.0 * i * i as clv_365d from range(200) as of_customers(i);
    create table marts.segments as select * from (values
        (1, 'Recent big spenders', 40, 0.4::decimal(9, 4), 0.9, 10.0, 500.0, 0.6), (2, 'Lapsed', 60, 0.6, 0.1, 300.0, 20.0, 0.5)
    ) as segments(segment_id, segment_name, n_customers, customer_share, spend_share, recency_days_mean,
        spend_lifetime_mean, sureness_mean);
"""  # noqa: E501


def value_tenths() -> str:
    rows = [
        {"group_name": "value_tenth", "group_value": str(tenth), "horizon": horizon, "period": period, "n": 9.0}
        | {"mean_realised": 10.0 * tenth if tenth > 1 else 0.0, "bias": 0.1 if tenth > 1 else None}
        for horizon, period in [(90, "2024-07-01"), (90, "2024-10-01"), (365, "2024-01-01")]
        for tenth in range(1, 11)
    ]
    return json.dumps(rows)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("small")
    (home / "vars.yml").write_text("reporting_currency: CHF\n")
    with duckdb.connect(str(home / "build.duckdb")) as connection:
        connection.execute("create schema governance; create schema ml; create schema marts")
        connection.execute(TRAINING_SET)
        for statement in filter(str.strip, REST.split(";")):
            connection.execute(statement)
        connection.execute(
            """
            create table governance.model_registry as
            select 'churn.non_contractual' as model_name, true as is_champion, 90 as horizon_days, 42 as seed,
                'logistic_regression' as algorithm, '[]' as performance_json
            union all select 'clv', true, 365, 42, 'blend', $performance
            """,
            {"performance": value_tenths()},
        )
    return home


def run(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list, dict]:
    monkeypatch.setenv("CLIENTELE_HOME", str(home))
    spec = importlib.util.spec_from_file_location(f"notebook_{name}", NOTEBOOKS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    outputs, definitions = module.app.run()
    return list(outputs), dict(definitions)


def encodings(spec: dict) -> Iterator[dict]:
    if "encoding" in spec:
        yield spec["encoding"]
    for part in [*spec.get("layer", []), *([spec["spec"]] if "spec" in spec else [])]:
        yield from encodings(part)


@pytest.mark.parametrize("name", CHARTS)
def test_plots_have_data_and_titled_axes(name: str, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, defined = run(name, small, monkeypatch)
    charts = {key: chart.to_dict() for key, chart in defined.items() if key.endswith("_chart")}
    assert charts.keys() == CHARTS[name]
    for key, chart in charts.items():
        assert chart["title"], key
        assert all(rows for rows in chart["datasets"].values()), key
        axes = [of[axis] for of in encodings(chart) for axis in ("x", "y")]
        assert axes, key
        assert all(axis.get("title") for axis in axes), key


def test_churn_is_measured_out_of_time(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, defined = run("churn_and_survival", small, monkeypatch)
    tested, groups, lift = defined["tested"], defined["calibration_data"], defined["lift_data"]
    assert str(tested["day"]) == "2025-01-01"
    assert groups["customers"].sum() == len(tested["churned"]) == 120
    assert (groups["customers"] * groups["realised"]).sum() == pytest.approx(tested["churned"].sum())
    assert (groups["lower"] <= groups["realised"]).all()
    assert (groups["realised"] <= groups["upper"]).all()
    at_all = lift[lift["share"] > 0.999]
    assert at_all["lift"].tolist() == pytest.approx([1, 1])
    assert lift.loc[(lift["order"] == "model") & (lift["share"].between(0.19, 0.21)), "lift"].item() > 1.1


def test_survival_starts_at_all_and_is_as_observed(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, defined = run("churn_and_survival", small, monkeypatch)
    left = defined["survival_data"].pivot_table(index="days", columns="customers", values="left")
    assert (left.loc[0] == 1).all()
    assert left.columns.tolist() == ["high risk", "low risk", "observed since 2024-10-01"]
    assert left.loc[[30, 180], "high risk"].tolist() == pytest.approx([0.9, 0.5])
    # Every third of 60 bought, on day 4 i: by day 30 those of i = 0, 3 and 6.
    assert left.loc[30, "observed since 2024-10-01"] == pytest.approx(57 / 60)


def test_values_and_segments_are_those_of_the_warehouse(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, defined = run("value_and_segments", small, monkeypatch)
    tenths = defined["tenths_data"].set_index(["window", "tenth", "spend"])["mean_spend"]
    assert len(tenths) == 2 * (10 + 9)
    assert tenths["90 days", 10, "foretold"] == pytest.approx(110)
    assert tenths["90 days", 10, "realised"] == pytest.approx(100)
    assert "CHF" in defined["tenths_chart"].to_dict()["encoding"]["y"]["title"]
    held = defined["concentration_data"]["value"]
    assert held.iloc[[0, -1]].tolist() == pytest.approx([0, 1])
    assert held.is_monotonic_increasing
    profile = defined["profile_data"].set_index(["segment_name", "trait"])["ratio"]
    assert profile["Lapsed", "recency days"] == pytest.approx(300 / 184)


@pytest.mark.parametrize("name", CHARTS)
def test_empty_warehouse_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb.connect(str(tmp_path / "build.duckdb")).close()
    outputs, defined = run(name, tmp_path, monkeypatch)
    assert not [key for key in defined if key.endswith("_chart")]
    told = " ".join(output.text for output in outputs if hasattr(output, "text"))
    assert "clientele train" in told
