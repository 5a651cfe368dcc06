"""Every dbt node as an asset, every dbt test as a check of it: one dbt process builds what a run asks for."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from fnmatch import fnmatch
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, DbtProject, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from clientele.landing.damage import complaint, unreadable
from clientele.landing.lake import Lake
from clientele.running import Asked, prepared_build
from dagster_project.defs.landing.assets import LANDING
from dagster_project.warehouse import DAYS, HOME, dbt_project, environment

PROJECT = dbt_project()
# A day that nobody built by the next afternoon is late; the schedule runs before six.
MARTS_FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26))
# Each table tells its columns once it is built (macro tell_columns), and dagster-dbt keeps them with the
# materialization; its own fetch_column_metadata would hold back all that dbt says until dbt lets go of DuckDB.
TELL_COLUMNS = {"CLIENTELE_TELL_COLUMNS": "1"}
OWNERS = {
    "features": "team:analytics-engineering",
    "marts": "team:analytics-engineering",
    "ml": "team:data-science",
}


class LayeredTranslator(DagsterDbtTranslator):
    """Groups by layer and domain, as the folders are; raw data first."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Layer and domain: staging_commerce, features, ml_churn, marts_risk, governance."""
        if dbt_resource_props["resource_type"] == "seed":
            return "seeds"
        _, layer, *domain = dbt_resource_props["fqn"][:-1]
        return "_".join([layer, *domain])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Who is asked when a layer fails."""
        return [OWNERS.get(self.get_group_name(dbt_resource_props).split("_")[0], "team:data-engineering")]

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """As dagster-dbt has it, with what it cannot know: what landing feeds, and what must be fresh."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id, {})
        sources = [name for name in node.get("depends_on", {}).get("nodes", []) if name.startswith("source.")]
        if any(".records." not in name for name in sources) and LANDING not in {dep.asset_key for dep in spec.deps}:
            spec = spec.replace_attributes(deps=[*spec.deps, LANDING])
        if node.get("language") == "python":
            spec = spec.merge_attributes(kinds={"python"})
        if node.get("config", {}).get("schema") == "marts":
            spec = spec.replace_attributes(freshness_policy=MARTS_FRESH)
        return spec


class BuildConfig(dg.Config):
    """What one run may ask of dbt beyond its day."""

    refit_models: str = ""
    drifted_models: str = ""
    full_refresh: bool = False


@contextmanager
def naming_damage() -> Iterator[None]:
    """Where a table or check could not be made, look whether the lake is damaged: DuckDB does not say in which file."""
    try:
        yield
    except DagsterDbtCliRuntimeError as error:
        if " Error in " in str(error) and (found := unreadable(Lake(HOME))):
            raise dg.Failure(complaint(found), allow_retries=False) from error
        raise


@dbt_assets(
    manifest=PROJECT.manifest_path,
    project=PROJECT,
    name="dbt_build",
    dagster_dbt_translator=LayeredTranslator(DagsterDbtTranslatorSettings(enable_code_references=True)),
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def tables(context: dg.AssetExecutionContext, dbt: DbtCliResource, config: BuildConfig) -> Iterator[Any]:
    """Build and test the tables of a day, or of a range of days in one go."""
    days = context.partition_key_range
    asked = Asked(
        context.job_name,
        run_id=context.run.run_id,
        refit=config.refit_models,
        drifted=config.drifted_models,
        full_refresh=config.full_refresh,
        snapshot_date=days.end,
        snapshot_from=days.start if days.start != days.end else None,
        in_silence="dagster/schedule_name" in context.run.tags,
    )
    with prepared_build(HOME, asked, wait=True, say=context.log.info) as prepared:
        with environment(prepared.environment | TELL_COLUMNS), naming_damage():
            yield from dbt.cli(["build", *prepared.arguments], context=context, target_path=HOME / "target").stream()
        if not context.is_subset:
            prepared.settle()


def _keys(*patterns: str) -> list[dg.AssetKey]:
    """Keys of the dbt assets of a schema whose names match, in their order."""
    return sorted(key for key in tables.keys if any(fnmatch("/".join(key.path), pattern) for pattern in patterns))


# Compared with what the champions learnt from.
MONITORED = _keys("features/feat_*", "ml/ml_*__inputs", "ml/ml_*__scores")
# What readers get.
PUBLISHED = _keys("marts/*", "governance/*")
