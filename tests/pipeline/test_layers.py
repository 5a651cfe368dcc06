"""The architecture, held over the dbt manifest: arrows run one way, and everything says what it is."""

from __future__ import annotations

import csv
import re
from typing import Any

import pytest
import yaml

from clientele.contract import PROJECT_ROOT, load_contract
from clientele.running import FEATURE_CODE
from tests import dbt_in_process

# What a model of a layer may read. A mart reads no staging: not even of its own domain.
READS = {
    "staging": {"source"},
    "intermediate": {"staging", "intermediate", "source", "seeds"},
    "features": {"intermediate", "features", "staging", "seeds"},
    "ml": {"features", "ml", "intermediate", "seeds"},
    "marts": {"features", "ml", "intermediate", "marts", "seeds"},
    "governance": {"features", "ml", "intermediate", "governance", "source", "seeds"},
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return dbt_in_process.manifest(tmp_path_factory.mktemp("manifest"))


@pytest.fixture(scope="module")
def models(manifest: dict) -> list[dict]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def layer(manifest: dict, unique_id: str) -> str:
    if unique_id.startswith("source."):
        return "source"
    node = manifest["nodes"][unique_id]
    return "seeds" if node["resource_type"] == "seed" else node["path"].split("/")[0]


def test_arrows_run_one_way(manifest: dict, models: list[dict]) -> None:
    wrong = [
        f"{model['name']} reads {parent}"
        for model in models
        for parent in model["depends_on"]["nodes"]
        if layer(manifest, parent) not in READS[layer(manifest, model["unique_id"])]
    ]
    assert wrong == []


def test_seeds_that_features_read_are_part_of_their_meaning(manifest: dict, models: list[dict]) -> None:
    """And no other is: a pinned version or another treatment is no reason to build everything anew."""
    read = {
        f"seeds/{manifest['nodes'][parent]['path']}"
        for model in models
        if layer(manifest, model["unique_id"]) in ("staging", "intermediate", "features")
        for parent in model["depends_on"]["nodes"]
        if layer(manifest, parent) == "seeds"
    }
    assert read == {part for part in FEATURE_CODE if part.startswith("seeds")}
    assert all((PROJECT_ROOT / "dbt_project" / part).exists() for part in FEATURE_CODE)


def test_no_setting_asks_for_a_var(manifest: dict) -> None:
    """Else a run of other vars would need a parse of its own, which tests share (tests.parsing)."""
    settings = [PROJECT_ROOT / "dbt_project.yml", *(PROJECT_ROOT / "dbt_project").rglob("*.yml")]
    asked = {
        path.name for path in settings if re.search(r"\bvar\(", _but_descriptions(yaml.safe_load(path.read_text())))
    }
    nodes = [node for node in manifest["nodes"].values() if "raw_code" in node]
    calls = {node["name"]: re.findall(r"\bconfig\((.*?)\)\s*-?}}", node["raw_code"], re.DOTALL) for node in nodes}
    assert sum(map(len, calls.values())) > 20
    asked |= {name for name, found in calls.items() if any(re.search(r"\bvar\(", call) for call in found)}
    assert asked == set()


def _but_descriptions(setting: Any) -> str:
    """All that a file of settings says, but for the descriptions, which may name the days of a var."""
    if isinstance(setting, dict):
        return " ".join(_but_descriptions(value) for key, value in setting.items() if key != "description")
    return " ".join(map(_but_descriptions, setting)) if isinstance(setting, list) else str(setting)


def test_features_read_only_staging_that_has_no_intermediate(manifest: dict, models: list[dict]) -> None:
    """A feature that read staging beside an intermediate model would count cancelled orders, or foreign money."""
    read_by_intermediate = {
        parent
        for model in models
        if layer(manifest, model["unique_id"]) == "intermediate" and model["config"]["materialized"] == "view"
        for parent in model["depends_on"]["nodes"]
        if parent.startswith("model.")
    }
    wrong = [
        f"{model['name']} reads {parent}"
        for model in models
        if layer(manifest, model["unique_id"]) == "features"
        for parent in model["depends_on"]["nodes"]
        if parent in read_by_intermediate and layer(manifest, parent) == "staging"
    ]
    assert wrong == []


def test_every_entity_is_staged_with_its_columns(manifest: dict) -> None:
    for entity in load_contract():
        node = manifest["nodes"][f"model.clientele.stg_{entity.domain}__{entity.name}"]
        selected = node["raw_code"].split("\nselect\n")[1].split("\nfrom ")[0]
        columns = [line.strip().rstrip(",") for line in selected.splitlines()]
        assert columns == [*entity.columns, "known_from", "known_to", "batch", "known_to_batch"], entity.name


def test_every_model_is_described_and_starts_with_its_grain(models: list[dict]) -> None:
    assert [model["name"] for model in models if not model["description"].startswith("One row per ")] == []


def test_every_column_of_a_mart_is_described_and_contracted(models: list[dict]) -> None:
    marts = [model for model in models if model["path"].startswith("marts/")]
    assert marts
    for model in marts:
        assert model["config"]["contract"]["enforced"], model["name"]
        assert all(column["description"] and column["data_type"] for column in model["columns"].values())


def test_a_null_is_refused_by_a_constraint_or_found_by_a_test_and_not_by_both(manifest: dict) -> None:
    """DuckDB holds the constraints of a contract for what is no view; a test beside one could not fail."""
    tested, held = set(), set()
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and node.get("test_metadata", {}).get("name") == "not_null":
            tested.add((node["attached_node"], node["column_name"]))
        elif node["resource_type"] == "model":
            refused = {
                column["name"]
                for column in node["columns"].values()
                if "not_null" in {constraint["type"] for constraint in column["constraints"]}
            }
            is_held = node["config"]["contract"]["enforced"] and node["config"]["materialized"] != "view"
            assert is_held or not refused, f"{node['name']} cannot hold its constraints"
            held |= {(node["unique_id"], name) for name in refused}
    assert len(held) > 300
    assert tested & held == set()


def test_no_direct_pii_or_protected_attribute_in_a_mart(models: list[dict]) -> None:
    contract = load_contract()
    forbidden = {c.name for e in contract for c in e.columns.values() if c.pii == "direct" or c.protected}
    forbidden |= {"age_years"}
    for model in models:
        if model["path"].startswith("marts/"):
            assert set(model["columns"]) & forbidden == set(), model["name"]


def test_every_macro_is_described(manifest: dict) -> None:
    ours = [macro for id_, macro in manifest["macros"].items() if id_.startswith("macro.clientele.")]
    engine_variants = ("default__", "spark__", "duckdb__")
    named = [macro for macro in ours if not macro["name"].startswith((*engine_variants, "test_"))]
    assert [macro["name"] for macro in named if not macro["description"]] == []


def test_no_model_asks_the_wall_clock(models: list[dict], manifest: dict) -> None:
    macros = [m["macro_sql"] for id_, m in manifest["macros"].items() if id_.startswith("macro.clientele.")]
    for code in [*(model["raw_code"] for model in models), *macros]:
        lowered = code.lower()
        assert not any(f"{asked}" in lowered for asked in ("now()", "current_date", "current_timestamp", "getdate("))


def test_no_model_reads_how_fair_credit_is(manifest: dict) -> None:
    """Fairness is measured, never optimised: only checks and pages may follow from it."""
    readers = manifest["child_map"]["model.clientele.fairness_credit"]
    assert readers
    assert [reader for reader in readers if not reader.startswith(("test.", "unit_test.", "exposure."))] == []


def test_every_characteristic_of_credit_has_a_reason_in_words(manifest: dict) -> None:
    with (PROJECT_ROOT / "dbt_project" / "seeds" / "credit_reason_texts.csv").open() as handle:
        texts = {row["characteristic"] for row in csv.DictReader(handle)}
    groups = [node for id_, node in manifest["nodes"].items() if id_.startswith("model.clientele.feat_")]
    financial = {
        name
        for node in groups
        if "credit" in node["config"]["meta"].get("purposes", ["credit"])
        for name, column in node["columns"].items()
        if column["config"]["meta"].get("legal_class") == "financial"
    }
    assert financial - texts == set()
