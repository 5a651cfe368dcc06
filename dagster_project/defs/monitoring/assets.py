"""What a day looks like beside what the models learnt from: drift, performance, volume and freshness."""

from datetime import date

import dagster as dg

from clientele.monitoring.monitor import monitor
from clientele.monitoring.results import SubjectResult
from clientele.run_records import recorded_step
from dagster_project.defs.warehouse.assets import MONITORED
from dagster_project.warehouse import DAYS, HOME

DRIFT = dg.AssetKey(["monitoring", "drift"])


@dg.asset(
    key=DRIFT,
    deps=MONITORED,
    group_name="monitoring",
    owners=["team:data-science"],
    kinds={"python", "evidently"},
    required_resource_keys={"warehouse"},
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    description="Every feature group, and the inputs and scores of every champion, against what the champion learnt "
    "from; matured scores against what came; volume and age of every source. Kept in drift_results.",
)
def drift(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Measure a day, the last of several. What it finds becomes a check of the asset that it is about."""
    with recorded_step(HOME, context.run.run_id, context.job_name, "drift") as step:
        day = date.fromisoformat(context.partition_key_range.end)
        results = monitor(HOME, snapshot_date=day, run_id=context.run.run_id, progress=context.log.debug)
        step.n_rows = sum(len(result.measurements) for result in results)
    return dg.MaterializeResult(
        metadata={
            "subjects": len(results),
            "measurements": step.n_rows,
            "missed": sum(bool(result.missed) for result in results),
            "worst": dg.MarkdownMetadataValue(worst_columns(results)),
            "reports": dg.PathMetadataValue(HOME / "reports" / "drift" / f"{day}"),
        }
    )


def worst_columns(results: list[SubjectResult], most: int = 20) -> str:
    """The columns that exceed their thresholds most, as a table."""
    missed = sorted(
        ((measured, result.subject) for result in results for measured in result.missed),
        key=lambda found: -found[0].excess,
    )
    lines = ["| subject | column | measure | value | from |", "|---|---|---|---:|---:|"]
    lines += [
        f"| {subject} | {m.column or ''} | {m.measure} | {m.value:.3g} | {m.threshold:.3g} |"
        for m, subject in missed[:most]
    ]
    return "\n".join(lines) if missed else "Nothing drifted."
