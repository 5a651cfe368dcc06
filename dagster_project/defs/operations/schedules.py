"""When jobs run by themselves."""

import dagster as dg

from dagster_project.defs.operations.jobs import daily


@dg.schedule(
    job=daily,
    cron_schedule="0 5 * * *",
    execution_timezone="UTC",
    description="The day that has just begun. Before six, so that what this run lands still counts for it.",
)
def every_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Build the snapshot of the day of the tick, whenever the tick is worked off."""
    day = context.scheduled_execution_time.date().isoformat()
    return dg.RunRequest(run_key=day, partition_key=day)
