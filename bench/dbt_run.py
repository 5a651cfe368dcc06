"""dbt as the user runs it, in a process of its own, with the time of every model and the peak of its memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from clientele.contract import PROJECT_ROOT

MEMORY = "3GB"  # DuckDB's limit for dbt and for the references alike; what a process takes besides comes on top
RUSAGE = Path(__file__).resolve().parent / "rusage.py"
FEATURE_LAYER = "+customer_features"  # the spine, lifetimes and feature groups, and the views below them


@dataclass(frozen=True)
class Process:
    """A process that has ended: wall time and processor time in seconds, peak resident memory in bytes, its output."""

    wall: float
    cpu: float
    peak: int
    output: str


@dataclass(frozen=True)
class DbtRun:
    """One `dbt run`. Times in seconds."""

    models: dict[str, float]  # model -> execution time, as dbt reports it
    process: Process

    @property
    def seconds(self) -> float:
        """Execution time of the models, added up: they run one after the other, none counts twice."""
        return sum(self.models.values())

    @property
    def overhead(self) -> float:
        """What dbt needs besides: start, parsing, writing its artifacts."""
        return self.process.wall - self.seconds


def run(home: Path, variables: dict[str, object] | None = None, select: str = FEATURE_LAYER) -> DbtRun:
    """Build models over the lake in `home`, one at a time. Raises RuntimeError with dbt's output if that fails.

    The seed that the models read is loaded as well; its time counts among what dbt needs besides.
    """
    dbt = [
        *(str(Path(sys.executable).parent / "dbt"), "--quiet", "build", "--threads", "1", "--select", select),
        *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
        *("--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT)),
        *("--target-path", str(home / "target"), "--log-path", str(home / "logs")),
        *("--vars", json.dumps(variables or {}, default=str)),
    ]
    process = measured(dbt, {"CLIENTELE_HOME": str(home)})
    results = json.loads((home / "target" / "run_results.json").read_text())["results"]
    times = {result["unique_id"]: result["execution_time"] for result in results}
    return DbtRun({name.split(".")[-1]: time for name, time in times.items() if name.startswith("model.")}, process)


def measured(command: list[str], env: dict[str, str] | None = None) -> Process:
    """Run a process to its end. Memory is what the kernel counted, so that no peak is missed between two looks."""
    told = {"CLIENTELE_MEMORY": MEMORY, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    with tempfile.NamedTemporaryFile() as used:
        done = subprocess.run(
            [sys.executable, "-S", "-E", str(RUSAGE), used.name, *command],
            cwd=PROJECT_ROOT, env=os.environ | told | (env or {}),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[:4])} ... ended with {done.returncode}:\n{done.stdout[-4000:]}")
        return Process(**json.loads(Path(used.name).read_text()), output=done.stdout)
