"""Tells people when a run has failed, in words that say what to do."""

import os

import dagster as dg

from dagster_project.failures import WEBHOOK, message_of, post, root_cause, write_message
from dagster_project.warehouse import HOME


@dg.run_failure_sensor(
    # `clientele daily` runs in its own process, and such runs belong to no code location: only "all" has them.
    monitor_all_code_locations=True,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=f"Writes why a run failed under reports/failures, and posts it to {WEBHOOK} where that is set.",
)
def run_failed(context: dg.RunFailureSensorContext) -> None:
    """Say it once per failed run."""
    failures = [
        (event.step_key or "run", root_cause(getattr(event.event_specific_data, "error", None) or event.message))
        for event in context.get_step_failure_events()
    ] or [("run", context.failure_event.message or "it ended without a word")]
    text = message_of(context.dagster_run, failures)
    try:
        text_and_path = f"{text}\n(kept in {write_message(text, context.dagster_run.run_id, HOME)})"
    except OSError as error:
        # A full disk is what people have to be told of first.
        text_and_path = f"{text}\n(not kept: {error})"
    context.log.error(text_and_path)
    if address := os.environ.get(WEBHOOK):
        try:
            post(text, address)
        except OSError as error:
            context.log.warning(f"the webhook did not take the message: {error}")
