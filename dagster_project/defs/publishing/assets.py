"""Audit and publish: nothing reaches a reader that was not built, tested and compared."""

import dagster as dg

from clientele.publishing.auditing import audit, summed_up
from clientele.publishing.publication import RefusedError, publish
from clientele.run_records import recorded_step
from dagster_project.defs.monitoring.assets import DRIFT
from dagster_project.defs.warehouse.assets import PUBLISHED
from dagster_project.warehouse import HOME

OWNERS = ["team:data-engineering"]
NO_RETRY = "Readers keep what was published before. `clientele status` says what to do."


@dg.asset(
    key=["publishing", "audit"],
    deps=[*PUBLISHED, DRIFT],
    group_name="publishing",
    owners=OWNERS,
    kinds={"python"},
    required_resource_keys={"warehouse"},
    description="Reads the results of all checks: every table that would be published, and all that it is made of, "
    "must have been built and must have passed its checks of severity error since.",
)
def audited(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Fail where anything speaks against publishing the build."""
    with recorded_step(HOME, context.run.run_id, context.job_name, "audit") as step:
        outcome = audit(HOME)
        step.n_rows, step.message = outcome.n_checks, f"{len(outcome.errors)} errors, {len(outcome.warnings)} warnings"
        if not outcome.passed:
            raise dg.Failure("\n".join([*summed_up(outcome.errors), NO_RETRY]), allow_retries=False)
    warnings = summed_up(outcome.warnings)
    for warning in warnings:
        context.log.warning(warning)
    return dg.MaterializeResult(
        metadata={
            "checks": outcome.n_checks,
            "tables": len(outcome.relations),
            "warnings": dg.MarkdownMetadataValue("\n".join(f"- {warning}" for warning in warnings) or "none"),
        }
    )


@dg.asset(
    key=["publishing", "published_marts"],
    deps=[audited],
    group_name="publishing",
    owners=OWNERS,
    kinds={"python", "duckdb"},
    required_resource_keys={"warehouse"},
    description="The marts and governance tables as readers see them: copied, compared by rows and hashes, switched.",
)
def published_marts(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Publish the build: all of it by one rename, or nothing."""
    with recorded_step(HOME, context.run.run_id, context.job_name, "publish") as step:
        try:
            done = publish(HOME, run_id=context.run.run_id, wait=True, say=context.log.info)
        except RefusedError as refused:
            raise dg.Failure(f"{refused}\n{NO_RETRY}", allow_retries=False) from refused
        manifest = done.manifest
        step.n_rows, step.message = manifest["n_rows"], manifest["version"]
    for note in done.notes:
        context.log.warning(note)
    return dg.MaterializeResult(
        metadata={
            "version": manifest["version"],
            "snapshot_date": str(manifest["snapshot_date"]),
            "tables": manifest["n_tables"],
            "rows": manifest["n_rows"],
            "bytes": manifest["bytes"],
            "warnings": manifest["n_warnings"],
            "models": dg.JsonMetadataValue(manifest["models"]),
            "file": dg.PathMetadataValue((HOME / "published" / "current.duckdb").resolve()),
        }
    )
