"""Runs whose process is gone: who was killed, or went down with the machine, cannot say so himself.

Dagster's own launcher leaves such a run marked as started for ever; and as runs wait for each other, later ones too.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

GONE = "Its process is gone: it was killed, or the machine went down. Every step can be repeated."
# A run that has not said which process it is in: it says so with its first words.
SAYS_ITS_PROCESS_WITHIN_S = 120
# Clocks of processes and of events tick apart.
TOLERANCE_S = 5
# On which machine, or in which container, a run is: process ids of another one say nothing here.
HOST_TAG = "clientele/host"


def host_tags() -> dict[str, str]:
    """The tags of a run that is started here."""
    return {HOST_TAG: socket.gethostname()}


class WatchfulRunLauncher(DefaultRunLauncher):
    """Dagster's launcher, which also knows whether the process of a run still lives; run monitoring asks it."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """It does."""
        return True

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start a run, noting where."""
        self._instance.add_run_tags(context.dagster_run.run_id, host_tags())
        super().launch_run(context)

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the process that a run is in is alive."""
        alive = is_alive(self._instance, run)
        return CheckRunHealthResult(WorkerStatus.RUNNING if alive else WorkerStatus.FAILED, None if alive else GONE)


def fail_dead_runs(instance: DagsterInstance) -> list[str]:
    """Mark runs as failed whose process is gone; returns their ids. For where no daemon watches them."""
    dead = [
        run for run in instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED])) if not is_alive(instance, run)
    ]
    for run in dead:
        instance.report_run_failed(run, GONE)
    return [run.run_id for run in dead]


def is_alive(instance: DagsterInstance, run: DagsterRun) -> bool:
    """Whether the process of a run is there, by the last that its events say of one; of another host nobody knows."""
    if run.tags.get(HOST_TAG, socket.gethostname()) != socket.gethostname():
        return True
    newest: tuple[float, int] | None = None
    for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        named = event.engine_event_data.metadata.get("pid") if event else None
        if named is not None:
            newest = (entry.timestamp, int(str(named.value)))
    if newest is None:
        record = instance.get_run_record_by_id(run.run_id)
        return record is None or time.time() - record.create_timestamp.timestamp() < SAYS_ITS_PROCESS_WITHIN_S
    return _was_there(newest[1], newest[0])


def _was_there(pid: int, at: float) -> bool:
    """Whether the process of that number is there, and is the one that had it at a time (epoch, s)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        # The fields behind the name, which may hold anything in brackets: state is the 3rd of all, start the 22nd.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        booted = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
    except OSError:
        return True  # not Linux: its number must do
    began = int(booted.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return fields[0] != "Z" and began <= at + TOLERANCE_S
