"""Models in the warehouse: trained once, scored daily without a fit, refused when tampered with, and honest."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from clientele import running
from clientele.demo import write_demo
from clientele.fitting import MAY_WAIT, fitted_models, models_to_fit
from clientele.landing import load
from clientele.publishing.publication import publish
from clientele.querying import open_published
from clientele.running import BuildReport, CannotRunError, build, project_vars
from tests import parsing
from tests.pipeline import credit_marts
from tests.pipeline.conftest import VARS


@pytest.fixture(scope="module", autouse=True)
def _without_unit_tests() -> Iterator[None]:
    """As they read no data, and the run that built the company has run them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_EXCLUDE_RESOURCE_TYPES", "unit_test")
        yield


# On one worker: each test goes on with the warehouse that the one before left.

MARTS = (
    "customer_churn", "customer_clv", "customer_segments", "segments", "customer_next_purchase", "customer_risk_scores",
    "predictions", "value_at_risk",
)  # fmt: skip


def query(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / "build.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def home(built_company: Path, copied: Callable[[Path, Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo company of 400 customers, built and so trained."""
    return copied(built_company, tmp_path_factory.mktemp("models") / "warehouse")


def fits(home: Path) -> list[tuple[Any, ...]]:
    return query(
        home, "select model_name, model_version, fit_number, status from governance.model_registry order by all"
    )


def test_every_model_has_a_champion_and_every_mart_rows(home: Path) -> None:
    champions = {
        name.split(".")[0]
        for (name,) in query(home, "from (select model_name from governance.model_registry where is_champion)")
    }
    # Of those who may wait for more data: see test_credit.
    assert champions == set(fitted_models()) - set(MAY_WAIT)
    assert {mart: query(home, f"select count(*) > 0 from marts.{mart}")[0][0] for mart in MARTS} == dict.fromkeys(
        MARTS, True
    )


def test_what_a_run_built_and_tested_can_be_published(home: Path) -> None:
    manifest = publish(home).manifest
    with open_published(home) as connection:
        for name in (f"marts.{mart}" for mart in MARTS):
            found = connection.execute(f"select count(*) from {name}").fetchall()
            assert found == query(home, f"select count(*) from {name}")
            assert manifest["tables"][name]["rows"] == found[0][0]
    assert set(manifest["models"]) >= {"clv", "segments"}


def test_what_is_measured_is_measured_out_of_time(home: Path) -> None:
    protocols = query(home, "select distinct model_name, protocol from governance.model_performance where is_champion")
    assert set(protocols) == {
        ("churn.contractual", "out of time"),
        ("churn.non_contractual", "out of time"),
        ("clv", "out of time"),
        ("next_purchase", "out of time"),
        ("segments", "bootstrap samples of one snapshot"),
        ("survival.contractual", "out of time"),
        ("survival.non_contractual", "out of time"),
    }


def test_marts_agree_with_each_other(home: Path) -> None:
    wrong = """
        select count(*) from marts.customer_risk_scores as risk
        full join marts.customer_profile as profile on risk.customer_id = profile.customer_id
        left join marts.customer_churn as churn on risk.customer_id = churn.customer_id
        left join marts.customer_clv as clv on risk.customer_id = clv.customer_id
        left join marts.customer_next_purchase as bought on risk.customer_id = bought.customer_id
        where risk.customer_id is null or profile.customer_id is null
            or risk.churn_probability is distinct from churn.churn_probability
            or risk.clv_365d is distinct from clv.clv_365d
            or abs(risk.value_at_risk - churn.churn_probability * clv.clv_365d) > 1e-9
            or (churn.churn_type = 'non_contractual' and abs(1 - churn.churn_probability - p_purchase_90d) > 1e-9)
    """
    assert query(home, wrong) == [(0,)]
    customers, in_segments = query(
        home, "select (select count(*) from marts.customer_segments), sum(n_customers) from marts.segments"
    )[0]
    assert customers == in_segments


def test_confidence_and_value_at_risk_tell_customers_apart(home: Path) -> None:
    for kind, confidences, nothing in query(
        home,
        "select prediction_type, count(distinct round(confidence, 2)), avg((confidence = 0)::integer)"
        " from marts.predictions group by all",
    ):
        assert confidences > 5, kind
        assert nothing < 0.5, kind
    # Neither factor is taken for certain, and both errors together are less than either added to the other.
    beyond = """
        with known as (
            select at_risk.*, churn_probability_lower as p_lower, churn_probability_upper as p_upper,
                clv_365d_lower, clv_365d_upper
            from marts.value_at_risk as at_risk
            join (select customer_id, churn_probability_lower, churn_probability_upper from marts.customer_churn)
                using (customer_id)
            join (select customer_id, clv_365d_lower, clv_365d_upper from marts.customer_clv) using (customer_id)
        )
        select count(*) from known
        where value_at_risk_lower > least(p_lower * clv_365d, churn_probability * clv_365d_lower) + 1e-9
            or value_at_risk_upper < greatest(p_upper * clv_365d, churn_probability * clv_365d_upper) - 1e-9
            or value_at_risk_lower < p_lower * clv_365d_lower - 1e-9
            or value_at_risk_upper > p_upper * clv_365d_upper + 1e-9
    """
    assert query(home, beyond) == [(0,)]
    assert query(home, "select count(distinct round(value_at_risk_upper, 0)) > 5 from marts.value_at_risk") == [(True,)]


def test_probabilities_have_bounds_and_reasons(home: Path) -> None:
    unbounded = " or ".join(
        f"survival_{days}d_lower is null or survival_{days}d_upper is null" for days in (30, 60, 90, 180)
    )
    survived = f"select count(*) filter ({unbounded}) from marts.customer_churn where survival_30d is not null"
    assert query(home, survived) == [(0,)]
    unlike = """
        select count(*) from marts.customer_next_purchase
        where (reason_1 is null) <> (algorithm = 'base_rate')
            or (reason_1_direction = 'raises probability') <> (reason_1_effect > 0)
    """
    assert query(home, unlike) == [(0,)]


def test_a_daily_run_fits_nothing_and_says_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a second run leaves is tested where subscribers land later."""
    monkeypatch.setenv("DBT_EXCLUDE_RESOURCE_TYPES", "test unit_test")
    columns = "customer_id, churn_probability, reason_1, reason_1_effect"
    before, said = fits(home), query(home, f"select {columns} from marts.customer_churn order by 1")
    assert models_to_fit(home) == []
    report = build(home)
    assert report.succeeded, report.errors
    assert fits(home) == before
    assert query(home, f"select {columns} from marts.customer_churn order by 1") == said


def test_training_again_on_the_same_data_gives_the_same_version(home: Path) -> None:
    before = query(home, "select model_version from ml.ml_churn__fit order by 1")
    report = build(home, refit="churn", select="ml_run ml_churn__training_set ml_churn__fit")
    assert report.succeeded, report.errors
    assert query(home, "select model_version from ml.ml_churn__fit order by 1") == before
    assert query(home, "select max(fit_number), any_value(fit_reason) from ml.ml_churn__fit") == [(2, "asked")]


def test_a_pinned_version_scores(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a line in the seed's file, which is then taken out again."""
    spoke, serves = "select distinct model_version from marts.customer_clv", "is_champion and model_name = 'clv'"
    registry = f"select model_version, is_pinned from governance.model_registry where {serves}"
    (champion,) = query(home, spoke)
    (other,) = query(
        home, "select min(model_version) from ml.ml_clv__fit where artifact is not null and not is_promoted"
    )
    assert champion != other
    assert query(home, registry) == [(*champion, False)]
    whole = "model_pins ml_clv__champion ml_clv__scores customer_clv model_registry"
    with monkeypatch.context() as patch:
        patch.setattr(running, "PROJECT_ROOT", project_with(tmp_path / "project", f"clv,{other[0]}\n"))
        assert build(home, select=whole).succeeded
    assert query(home, spoke) == [other]
    assert query(home, registry) == [(*other, True)]
    assert build(home, select=whole).succeeded
    assert query(home, spoke) == [champion]
    assert query(home, registry) == [(*champion, False)]


def project_with(root: Path, pin: str) -> Path:
    """The dbt project with a line in model_pins.csv."""
    shutil.copytree(running.PROJECT_ROOT / "dbt_project", root / "dbt_project")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(running.PROJECT_ROOT / name, root)
    (root / "clientele").symlink_to(running.PROJECT_ROOT / "clientele")
    with (root / "dbt_project" / "seeds" / "model_pins.csv").open("a") as seed:
        seed.write(pin)
    return root


def write(home: Path, sql: str) -> None:
    with duckdb.connect(str(home / "build.duckdb")) as connection:
        connection.execute(sql)


def test_a_champion_of_a_later_day_is_not_served_and_fitted_anew(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the newest load was taken back, or all was built anew for a day of the past: what was said of it goes."""
    monkeypatch.setenv("DBT_EXCLUDE_RESOURCE_TYPES", "test unit_test")
    serving = (
        "select fit_reason, fit_number from ml.ml_clv__champion"
        " inner join ml.ml_clv__fit using (model_version, fit_number)"
    )
    write(home, "update ml.ml_clv__fit set fitted_for = fitted_for + 1")
    assert query(home, serving) == []
    assert models_to_fit(home) == ["clv"]
    scored = "select count(*) from ml.ml_clv__scores inner join ml.ml_run using (snapshot_date)"
    shown, before = "select count(*) from marts.customer_clv", query(home, scored)
    assert before > [(0,)]
    assert build(home, select="ml_clv__scores customer_clv").succeeded
    assert query(home, scored) == query(home, shown) == [(0,)]
    report = build(home, select="ml_clv__fit ml_clv__scores customer_clv")
    assert report.succeeded, report.errors
    assert query(home, serving) == [("fitted for a later day", 2)]
    assert query(home, scored) == query(home, shown) == before
    assert models_to_fit(home) == []


def with_vars(home: Path, select: str, *, is_parsed: bool = True, **changed: float) -> BuildReport:
    """Some models as vars.yml asks for them, which is then as it was.

    The project is parsed already unless said otherwise: vars that cannot be are refused while it is.
    """
    path = home / "vars.yml"
    before = path.read_text()
    path.write_text(before + "".join(f"{name}: {value}\n" for name, value in changed.items()))
    if is_parsed:
        parsing.lend(home, project_vars(home))
    try:
        return build(home, select=select)
    finally:
        path.write_text(before)
        parsing.lend(home, project_vars(home))


def test_a_changed_var_makes_the_models_anew_that_heed_it(home: Path) -> None:
    parts = ("ml_churn__labels", "ml_churn__training_set", "ml_churn__fit", "ml_survival__fit")
    report = with_vars(home, " ".join(("ml_run", *parts)), churn_horizon_days=60)
    assert report.succeeded, report.errors
    newest = "select fit_reason, horizon_days from ml.ml_{}__fit where is_promoted order by fit_number desc limit 1"
    assert query(home, newest.format("churn")) == [("churn_horizon_days changed", 60)]
    assert query(home, newest.format("survival")) == [("first", 365)]


def test_risk_levels_that_would_swap_are_refused(home: Path) -> None:
    with pytest.raises(CannotRunError) as refused:
        with_vars(home, "customer_churn", is_parsed=False, churn_risk_high_from=0.4)
    said = " ".join(str(refused.value).split())
    assert "churn_risk_high_from is 0.4 and churn_risk_medium_from 0.4: choose a high one above" in said


def test_a_tampered_artifact_is_refused(home: Path) -> None:
    said = query(home, "select count(*) from ml.ml_churn__scores")
    with duckdb.connect(str(home / "build.duckdb")) as connection:
        connection.execute("update ml.ml_churn__fit set artifact = artifact || 'x'::blob where is_promoted")
    report = build(home, select="ml_churn__champion ml_churn__scores")
    assert not report.succeeded
    assert "was changed after it was fitted and is not opened" in "".join(report.errors)
    assert query(home, "select count(*) from ml.ml_churn__scores") == said


def test_subscribers_who_land_later_are_scored_by_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mapping, home = write_demo(tmp_path / "exports", 300), tmp_path / "warehouse"
    whole = yaml.safe_load(mapping.read_text())
    without = whole | {"entities": {k: v for k, v in whole["entities"].items() if k != "subscriptions"}}
    (mapping.parent / "without.yml").write_text(yaml.safe_dump(without))
    home.mkdir()
    (home / "vars.yml").write_text("reporting_currency: EUR\ntraining_months: 9\n")
    load(mapping.parent / "without.yml", home=home)
    parsing.lend(home, project_vars(home))
    with monkeypatch.context() as patch:
        patch.setenv("DBT_EXCLUDE_RESOURCE_TYPES", "test unit_test")  # as of the company, and after the next run
        assert build(home).succeeded
    assert models_to_fit(home) == []
    load(mapping, home=home)
    assert models_to_fit(home) == ["churn", "survival"]
    report = build(home)
    assert report.succeeded, report.errors
    assert models_to_fit(home) == []
    scored = (
        "select count(*) > 0, count(survival_90d) = count(*) from marts.customer_churn where churn_type = 'contractual'"
    )
    assert query(home, scored) == [(True, True)]
    # Who had a champion was not fitted anew.
    fitted = "select model_name, max(fit_number) from ml.ml_{}__fit group by all order by all"
    assert query(home, fitted.format("churn")) == [("churn.contractual", 2), ("churn.non_contractual", 1)]
    assert query(home, fitted.format("clv")) == [("clv", 1)]


def test_thirty_customers_who_ordered_today(tmp_path: Path) -> None:
    """No window has passed, and nobody borrowed: the registry says so, the marts are there, and nothing fails."""
    orders = "".join(f"O{n},C{n},2026-01-31 0{n % 9}:00:00,{10 + n}.00,EUR\n" for n in range(30))
    customers = "".join(f"C{n},2026-01-31 00:00:00\n" for n in range(30))
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at,amount,currency\n" + orders)
    (tmp_path / "customers.csv").write_text("customer_id,registered_at\n" + customers)
    (tmp_path / "mapping.yml").write_text(
        "version: 1\ntimezone: UTC\ncurrency: EUR\nentities:\n"
        "  customers:\n    path: customers.csv\n    sql: select * from source\n"
        "  orders:\n    path: orders.csv\n    sql: select * from source\n"
    )
    load(tmp_path / "mapping.yml", home=tmp_path / "warehouse")
    (tmp_path / "warehouse" / "vars.yml").write_text(VARS)
    parsing.lend(tmp_path / "warehouse", project_vars(tmp_path / "warehouse"))
    report = build(tmp_path / "warehouse")
    assert report.succeeded, report.errors
    registry = dict(query(tmp_path / "warehouse", "select model_name, message from governance.model_registry"))
    assert "watched for 90 days yet" in registry["churn.non_contractual"]
    assert "watched for 90 days yet" in registry["clv"]
    assert query(tmp_path / "warehouse", "select count(*) from marts.customer_churn") == [(0,)]
    assert query(tmp_path / "warehouse", "select count(*) from marts.customer_risk_scores") == [(30,)]
    credit_marts.assert_waiting(tmp_path / "warehouse", "no loan has been watched for the whole horizon yet")
