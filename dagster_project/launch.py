"""Start a job in this process, on the instance that the UI shows: `python -m dagster_project.launch daily`.

Prints what is done while it is done, and ends with code 1 where the run failed.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from contextlib import redirect_stdout
from datetime import date
from textwrap import shorten

import dagster as dg
from dagster_dbt import build_dbt_asset_selection
from rich.console import Console

from clientele.landing.damage import complaint, damaged
from clientele.landing.lake import Lake
from clientele.running import CannotRunError, newest_built, newest_snapshot
from dagster_project.failures import root_cause
from dagster_project.instance import ensure_instance
from dagster_project.run_launcher import fail_dead_runs, process_tags
from dagster_project.warehouse import HOME

LONGEST = 110  # characters of what a check has to say; all of it is in the UI
LARGEST_LOG = 50_000_000  # bytes, from which a log is put aside in place of the one before
RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


class Progress(logging.Handler):
    """Dagster's events as lines that people read: one per table that failed, a counter for those that did not."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console, self.built, self.passed = console, 0, 0
        self.status = console.status("starting")
        self.status.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Count an event, or say it."""
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        if event is None:
            return
        kind, data = event.event_type_value, event.event_specific_data
        if kind == "ASSET_MATERIALIZATION":
            self.built += 1
            self._show(data.materialization.asset_key.to_user_string())
        elif kind == "ASSET_CHECK_EVALUATION":
            evaluation = data
            self.passed += evaluation.passed
            if not evaluation.passed:
                subject = f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name}"
                said = shorten(evaluation.description or "", LONGEST, placeholder=" ...")
                self._say(f"{evaluation.severity.value.lower()}: {subject} {said}".rstrip())
            self._show(evaluation.check_name)
        elif kind in ("STEP_START", "STEP_SUCCESS") and event.step_key:
            self._say(f"{event.step_key}: {'starts' if kind == 'STEP_START' else 'done'}")
        elif kind == "STEP_FAILURE":
            self._say(f"{event.step_key} failed: {root_cause(data.error)}")
        elif kind == "STEP_SKIPPED":
            self._say(f"{event.step_key}: skipped, as what it needs did not succeed")

    def _show(self, name: str) -> None:
        self.status.update(f"{self.built} tables, {self.passed} checks passed: {name}")

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def launch(job: str, days: tuple[date, date] | None, console: Console, select: str = "") -> bool:
    """Run a job to its end. `days` is the first and the last day to build; None for a job without days.

    `select` is a dbt selection that narrows what is built.
    """
    from dagster_project.definitions import defs
    from dagster_project.defs.warehouse.assets import tables

    progress = Progress(console)

    @dg.logger
    def progress_logger(_context: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("progress")  # noqa: LOG001  (Dagster asks for a logger of its own)
        logger.addHandler(progress)
        return logger

    definitions = dg.Definitions.merge(defs(), dg.Definitions(loggers={"progress": progress_logger}))
    options: dict = {"tags": process_tags()}
    if days and days[0] == days[1]:
        options["partition_key"] = days[0].isoformat()
    elif days:
        options["tags"] |= dict(zip(RANGE_TAGS, (day.isoformat() for day in days), strict=True))
    if select:
        selection = build_dbt_asset_selection([tables], select)
        options["asset_selection"] = sorted(selection.resolve(definitions.resolve_asset_graph()))
    os.environ["DAGSTER_HOME"] = str(ensure_instance(HOME))
    # What dbt says line by line; it is in its own log as well, and each result is an event.
    log = HOME / "logs" / f"{job}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
    try:
        with dg.DagsterInstance.get() as instance, log.open("a") as said, redirect_stdout(said):
            for dead in fail_dead_runs(instance):
                console.print(f"run {dead} was killed: marked as failed", markup=False)
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance, raise_on_error=False, run_config=run_config(job), **options
            )
    finally:
        progress.status.stop()
    console.print(f"{job}: {progress.built} assets, {progress.passed} checks of this run passed, run {result.run_id}")
    return result.success


def run_config(job: str) -> dict:
    """What a job is told: Dagster forgets the job's own config where a run has one, for its loggers say."""
    from dagster_project.defs.operations.jobs import ALL_MODELS

    return {"loggers": {"progress": {}}, **(ALL_MODELS if job == "retrain" else {})}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no day: write it as 2026-01-31") from error


def main() -> None:
    """Read the command line and run the job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=("land", "daily", "retrain", "backfill", "publish"))
    parser.add_argument("--from", dest="first", type=_day, help="first day to build, YYYY-MM-DD")
    parser.add_argument("--to", dest="last", type=_day, help="last day; default: the newest there is")
    parser.add_argument("--select", default="", help="dbt selection that narrows what is built")
    # Its logging to a file is called beta; nothing a reader of the output could do about it.
    warnings.simplefilter("ignore", dg.BetaWarning)
    asked, console = parser.parse_args(), Console(stderr=True)
    try:
        if found := damaged(Lake(HOME)):
            raise CannotRunError(complaint(found))
        if asked.job == "daily" and not asked.last and not launch("land", None, console):
            sys.exit(1)
        days = None
        if asked.job != "land":
            is_of_build = asked.job in ("retrain", "publish") and not asked.last
            last = asked.last or (newest_built(HOME) if is_of_build else None) or newest_snapshot(HOME)
            days = (asked.first or last, last)
        sys.exit(0 if launch(asked.job, days, console, asked.select) else 1)
    except CannotRunError as error:
        console.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
