"""What credit reads, asked of the real project: nothing denied, nothing made of protected attributes or feelings."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest

from clientele import policy
from clientele.contract import PROJECT_ROOT
from clientele.lineage import tables_of
from tests import parsing

Change = Callable[[dict], None]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The project as `clientele run` compiles it, without a warehouse."""
    home = tmp_path_factory.mktemp("home")
    parsing.lend(home, {})
    return policy._compiled(home, {})


def model(manifest: dict, name: str) -> dict:
    return manifest["nodes"][f"model.clientele.{name}"]


def replaced(manifest: dict, name: str, old: str, new: str) -> None:
    code = model(manifest, name)["compiled_code"]
    assert old in code, f"{name} no longer says {old}"
    model(manifest, name)["compiled_code"] = code.replace(old, new, 1)


def gender_through_two_ctes(manifest: dict) -> None:
    """A feature of finance that is weighted by the gender of the customer, two steps away."""
    customers = model(manifest, "stg_core__customers")["relation_name"]
    node = model(manifest, "feat_finance")
    columns = [name for name in node["columns"] if name not in ("customer_id", "snapshot_date", "lake_batch")]
    node["compiled_code"] = (
        f"with people as (select customer_id, gender as g from {customers}),"
        f" weights as (select customer_id, case when g = 'female' then 2 else 1 end as w from people),"
        f" features as ({node['compiled_code']})"
        " select features.* replace (features.income_90d * weights.w as income_90d)"
        " from features left join weights on features.customer_id = weights.customer_id"
    )
    assert "income_90d" in columns
    node["depends_on"]["nodes"].append("model.clientele.stg_core__customers")


def only_the_married(manifest: dict) -> None:
    """No column names it, but who is left in the training set depends on it."""
    profile = model(manifest, "feat_profile")["relation_name"]
    replaced(
        manifest, "ml_credit__inputs", "where ", f"where population.customer_id in (select customer_id from {profile}"
        " where marital_status = 'married') and ",
    )  # fmt: skip
    model(manifest, "ml_credit__inputs")["depends_on"]["nodes"].append("model.clientele.feat_profile")


def joined_by_gender(manifest: dict) -> None:
    """The condition of a left join decides what is taken from it."""
    customers = model(manifest, "stg_core__customers")["relation_name"]
    node = model(manifest, "feat_finance")
    node["compiled_code"] = (
        f"with features as ({node['compiled_code']})"
        " select features.* replace (coalesce(known.company_size, features.n_bookings_30d) as n_bookings_30d)"
        f" from features left join {customers} as known"
        " on features.customer_id = known.customer_id and known.gender = 'male'"
    )
    node["depends_on"]["nodes"].append("model.clientele.stg_core__customers")


def a_feeling_under_another_name(manifest: dict) -> None:
    """How often customers were negative, renamed on its way into credit."""
    replaced(
        manifest, "ml_credit__inputs", "features.n_bookings_30d",
        "features.emotion_negative_streak_90d as n_bookings_30d",
    )  # fmt: skip


def that_something_was_felt(manifest: dict) -> None:
    """A count of emotion events names none of their columns."""
    events = model(manifest, "stg_emotion__emotion_events")["relation_name"]
    replaced(
        manifest, "ml_credit__inputs", "features.n_bookings_30d",
        f"(select count(*) from {events} as felt) as n_bookings_30d",
    )  # fmt: skip
    model(manifest, "ml_credit__inputs")["depends_on"]["nodes"].append("model.clientele.stg_emotion__emotion_events")


def a_protected_attribute_in_the_shadow(manifest: dict) -> None:
    """The shadow may read feelings, but no age."""
    profile = model(manifest, "feat_profile")["relation_name"]
    node = model(manifest, "feat_emotion_credit")
    node["compiled_code"] = (
        f"with features as ({node['compiled_code']})"
        " select features.* replace (features.emotion_recency_90d_days * profile.age_years as emotion_recency_90d_days)"
        f" from features inner join {profile} as profile using (customer_id, snapshot_date)"
    )
    node["depends_on"]["nodes"].append("model.clientele.feat_profile")


def gender_in_a_branch_of_a_union(manifest: dict) -> None:
    """The second branch gives the column, the first its name."""
    customers = model(manifest, "stg_core__customers")["relation_name"]
    node = model(manifest, "feat_finance")
    node["compiled_code"] = (
        f"with features as ({node['compiled_code']}), weights as (select customer_id, 1 as w from {customers}"
        f" union all select customer_id, case gender when 'female' then 2 end as w from {customers})"
        " select features.* replace (features.income_90d * weights.w as income_90d)"
        " from features left join weights on features.customer_id = weights.customer_id"
    )
    node["depends_on"]["nodes"].append("model.clientele.stg_core__customers")


def only_one_branch_of_a_union(manifest: dict) -> None:
    """Who is left in the training set is in either of two sets, one of them of women."""
    customers = model(manifest, "stg_core__customers")["relation_name"]
    replaced(
        manifest, "ml_credit__inputs", "where ", f"where population.customer_id in (select customer_id from {customers}"
        f" where company_size is null union select customer_id from {customers} where gender = 'female') and ",
    )  # fmt: skip
    model(manifest, "ml_credit__inputs")["depends_on"]["nodes"].append("model.clientele.stg_core__customers")


def points_for_gender(manifest: dict) -> None:
    """The model reads none of it; the score is changed after it."""
    customers = model(manifest, "stg_core__customers")["relation_name"]
    replaced(
        manifest, "ml_credit__scores", "    scored.score,",
        f"    scored.score + (select count(*) from {customers} as c where c.gender = 'male') as score,",
    )  # fmt: skip
    model(manifest, "ml_credit__scores")["depends_on"]["nodes"].append("model.clientele.stg_core__customers")


def declined_by_mood(manifest: dict) -> None:
    """The decision reads what the shadow is fitted on."""
    shadow = model(manifest, "feat_emotion_credit")["relation_name"]
    replaced(
        manifest, "ml_credit__decisions", "    decided.reason,",
        f"    (select max(mood.emotion_recency_90d_days) from {shadow} as mood) as reason,",
    )  # fmt: skip
    model(manifest, "ml_credit__decisions")["depends_on"]["nodes"].append("model.clientele.feat_emotion_credit")


def the_shadow_under_another_name(manifest: dict) -> None:
    """The shadow's own columns may be of feelings, one beside them may not."""
    shadow = model(manifest, "feat_emotion_credit")["relation_name"]
    node = model(manifest, "ml_credit__training_set")
    node["compiled_code"] = (
        f"with training as ({node['compiled_code']})"
        " select training.* replace (training.mrr * mood.emotion_recency_90d_days as mrr)"
        f" from training left join {shadow} as mood using (customer_id, snapshot_date)"
    )
    node["depends_on"]["nodes"].append("model.clientele.feat_emotion_credit")


def bought_by_the_name_of_financial(manifest: dict) -> None:
    """A feature of the shop whose tag says that it is financial."""
    tag = model(manifest, "feat_orders")["columns"]["n_orders_90d"]["config"]["meta"]
    assert tag["legal_class"] == "behavioural"
    tag["legal_class"] = "financial"
    replaced(
        manifest, "ml_credit__inputs", "features.n_bookings_30d", "features.n_bookings_30d, features.n_orders_90d"
    )  # fmt: skip


def bought_within_a_financial_feature(manifest: dict) -> None:
    """What was spent in the shop, under the name and tag of what was booked."""
    orders = model(manifest, "stg_commerce__orders")["relation_name"]
    node = model(manifest, "feat_finance")
    node["compiled_code"] = (
        f"with features as ({node['compiled_code']}),"
        f" bought as (select customer_id, count(*) as n from {orders} group by customer_id)"
        " select features.* replace (features.n_bookings_30d + bought.n as n_bookings_30d)"
        " from features left join bought on features.customer_id = bought.customer_id"
    )
    node["depends_on"]["nodes"].append("model.clientele.stg_commerce__orders")


def where_they_live(manifest: dict) -> None:
    """A postcode tells of more than an address."""
    customers = model(manifest, "stg_core__customers")["relation_name"]
    replaced(
        manifest, "ml_credit__decisions", "    decided.reason,",
        f"    (select max(c.postcode) from {customers} as c where c.customer_id = decided.customer_id) as reason,",
    )  # fmt: skip
    model(manifest, "ml_credit__decisions")["depends_on"]["nodes"].append("model.clientele.stg_core__customers")


def by_first_name(manifest: dict) -> None:
    """A first name tells of gender, and of origin."""
    customers = model(manifest, "stg_core__customers")["relation_name"]
    raw = next(node for node in manifest["sources"].values() if node["name"] == "customers")
    node = model(manifest, "feat_finance")
    node["compiled_code"] = (
        f"with features as ({node['compiled_code']})"
        " select features.* replace (features.n_bookings_30d"
        f" + (select count(*) from {raw['relation_name']} as c where c.full_name like '%a') as n_bookings_30d)"
        f" from features left join {customers} as known on features.customer_id = known.customer_id"
    )
    node["depends_on"]["nodes"] += ["model.clientele.stg_core__customers", raw["unique_id"]]


MUTANTS: dict[Change, str] = {
    by_first_name: "raw_customers.full_name (protected)",
    bought_by_the_name_of_financial: "raw_orders",
    bought_within_a_financial_feature: "raw_orders",
    where_they_live: "raw_customers.postcode (behavioural)",
    gender_through_two_ctes: "stg_core__customers.gender",
    only_the_married: "feat_profile.marital_status",
    joined_by_gender: "stg_core__customers.gender",
    a_feeling_under_another_name: "feat_emotion.emotion_negative_streak_90d",
    that_something_was_felt: "raw_emotion_events",
    a_protected_attribute_in_the_shadow: "feat_profile.age_years",
    gender_in_a_branch_of_a_union: "stg_core__customers.gender",
    only_one_branch_of_a_union: "stg_core__customers.gender",
    points_for_gender: "stg_core__customers.gender",
    declined_by_mood: "feat_emotion_credit.emotion_recency_90d_days",
    the_shadow_under_another_name: "feat_emotion_credit.emotion_recency_90d_days",
}


# Raw columns that any model may be made of: keys, the moment of registration, consents, rates of exchange, what a load
# says of itself.
FREE = {
    "raw_customers": {"customer_id", "registered_at"},
    "raw_consents": {
        *("consent_id", "customer_id", "purpose", "legal_basis"),
        *("granted_at", "withdrawn_at", "notice_version", "source"),
    },
    "raw_fx_rates": {"rate_date", "from_currency", "to_currency", "rate"},
}
OF_LOADS = {"loaded_at", "supersedes_loaded_at", "batch"}


def test_every_raw_column_has_a_class_or_is_free_in_writing(manifest: dict) -> None:
    contract = {
        f"raw_{source['name']}"
        for source in manifest["sources"].values()
        if source["source_name"] not in ("records", "lake")
    }
    unclassed = {
        table.name: {column for column in table.columns if not table.class_of(column)} - OF_LOADS
        for table in tables_of(manifest)
        if table.name in contract
    }
    assert {name: columns for name, columns in unclassed.items() if columns} == FREE


def test_credit_reads_nothing_that_it_must_not(manifest: dict) -> None:
    assert policy.violations(manifest, "EU") == []


@pytest.mark.parametrize("change", MUTANTS, ids=lambda change: change.__name__)
def test_whatever_way_it_takes_it_is_seen(manifest: dict, change: Change) -> None:
    changed = copy.deepcopy(manifest)
    change(changed)
    found = policy.violations(changed, "EU")
    assert any(MUTANTS[change] in line and " <- " in line for line in found), found


def test_a_column_of_a_denied_class_is_named(manifest: dict) -> None:
    """Behaviour of the shop is made of nothing protected, and denied to credit all the same."""
    changed = copy.deepcopy(manifest)
    replaced(changed, "ml_credit__inputs", "features.n_bookings_30d", "features.n_bookings_30d, features.n_orders_90d")
    assert any("reads n_orders_90d, which is behavioural" in line for line in policy.violations(changed, "EU"))


EMOTION_ALLOWED = [
    {"jurisdiction": "EU", "purpose": "credit", "legal_class": name, "verdict": "allow"}
    for name in ("financial", "emotion_biometric", "emotion_selfreport")
]


def test_no_seed_lets_feelings_into_credit(manifest: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "_policy", lambda _: EMOTION_ALLOWED)
    for line in policy.violations(manifest, "EU"):
        assert line.startswith("consent_policy.csv allows emotion_")
    changed = copy.deepcopy(manifest)
    replaced(
        changed, "ml_credit__inputs", "features.n_bookings_30d",
        "features.n_bookings_30d, features.emotion_negative_streak_90d",
    )  # fmt: skip
    found = policy.violations(changed, "EU")
    for name in ("emotion_biometric", "emotion_selfreport"):
        assert any(line.startswith(f"consent_policy.csv allows {name} to credit, which no") for line in found)
    assert any("reads emotion_negative_streak_90d, which is emotion_" in line for line in found)
    assert any("feat_emotion.emotion_negative_streak_90d" in line and " <- " in line for line in found)


@pytest.mark.parametrize(
    ("purpose", "classes"), [("credit", ["financial"]), ("emotion_credit", ["financial", "emotion_selfreport"])]
)
def test_the_macro_denies_credit_what_is_felt(purpose: str, classes: list[str]) -> None:
    """What a seed would let into the compiled features."""
    code = (PROJECT_ROOT / "dbt_project" / "macros" / "governance" / "allowed_classes.sql").read_text()
    returned, listed = [], ["financial", "emotion_selfreport", "protected"]
    rows = SimpleNamespace(rows=[(purpose, name, "allow") for name in listed])
    context = {
        "ref": str, "execute": True, "target": SimpleNamespace(name="dev"), "var": lambda _: "EU",
        "run_query": lambda _: rows, "return": returned.append,
    }  # fmt: skip
    template = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(code, globals=context)
    template.module.allowed_classes(purpose)
    assert returned == [classes]


def test_where_the_policy_is_silent_credit_reads_nothing(manifest: dict) -> None:
    assert policy.violations(manifest, "Atlantis") != []


def test_a_run_is_refused_before_it_builds_and_pays_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []

    def compile_(_home: Path, _variables: dict) -> dict:
        compiled.append(1)
        return {}

    monkeypatch.setattr(policy, "_compiled", compile_)
    monkeypatch.setattr(policy, "SHARED_FILE", tmp_path / "beside_the_code.json")
    monkeypatch.setattr(policy, "violations", lambda *_: ["a.b is made of c.d (protected): a.b <- c.d"])
    with pytest.raises(policy.PolicyError, match="a.b <- c.d"):
        policy.ensure(tmp_path, {}, "EU", {})
    monkeypatch.setattr(policy, "violations", lambda *_: [])
    for _ in range(3):
        policy.ensure(tmp_path, {}, "EU", {})
    assert len(compiled) == 2
    (tmp_path / "another").mkdir()
    policy.ensure(tmp_path / "another", {}, "EU", {})
    policy.ensure(tmp_path, {"drift_psi_from": 0.3}, "EU", {})  # what checks go by, no table heeds
    assert len(compiled) == 2
    policy.ensure(tmp_path, {"jurisdiction": "UK"}, "UK", {"jurisdiction": "UK"})
    assert len(compiled) == 3


def test_a_model_in_another_folder_is_checked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "PROJECT_ROOT", tmp_path)
    features, elsewhere = (tmp_path / "dbt_project" / name for name in ("features", "elsewhere"))
    for folder in (features, elsewhere):
        folder.mkdir(parents=True)
    (tmp_path / "dbt_project.yml").touch()
    (features / "feat_a.sql").write_text("select 1")
    before = policy._state({}, "EU")
    (features / "feat_a.sql").rename(elsewhere / "feat_a.sql")
    assert policy._state({}, "EU") != before
