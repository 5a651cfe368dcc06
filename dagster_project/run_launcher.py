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


# Which process a run is in, where it says so: its number, and when it began by no clock that anybody sets.
PROCESS_TAG = "clientele/process"


def host_tags() -> dict[str, str]:
    """The tags of a run that is started here."""
    return {HOST_TAG: socket.gethostname()}


def process_tags() -> dict[str, str]:
    """The tags of a run that is in this process."""
    return host_tags() | {PROCESS_TAG: f"{os.getpid()} {_began(os.getpid()) or ''}".strip()}


class WatchfulRunLauncher(DefaultRunLauncher):
    """Dagster's launcher, which also knows whether the process of a run still lives; run monitoring asks it."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """It does."""
        return True

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start a run, noting where."""
        # One that repeats another has its tags, and with them a process that is gone.
        self._instance.add_run_tags(context.dagster_run.run_id, host_tags() | {PROCESS_TAG: ""})
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
    if process := run.tags.get(PROCESS_TAG):
        pid, _, began = process.partition(" ")
        return _is_running(int(pid)) and began == (_began(int(pid)) or "")
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


def _is_running(pid: int) -> bool:
    """Whether there is a process of that number that has not ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return (_stat(pid) or "?")[0] != "Z"


def _began(pid: int) -> str | None:
    """When a process began: the boot of the machine, and ticks since then. None where nothing tells."""
    fields, boot = _stat(pid), Path("/proc/sys/kernel/random/boot_id")
    return f"{boot.read_text().strip()} {fields[19]}" if fields and boot.exists() else None


def _stat(pid: int) -> list[str] | None:
    """What Linux tells of a process, behind its name: state is the first, its start the 20th. None elsewhere."""
    try:
        # The name may hold anything in brackets.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _was_there(pid: int, at: float) -> bool:
    """Whether the process of that number is there, and is the one that had it at a time (epoch, s)."""
    fields, booted = _stat(pid), Path("/proc/stat")
    if not _is_running(pid) or fields is None or not booted.exists():
        return _is_running(pid)  # not Linux: its number must do
    line = next(line for line in booted.read_text().splitlines() if line.startswith("btime"))
    return int(line.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK") <= at + TOLERANCE_S
