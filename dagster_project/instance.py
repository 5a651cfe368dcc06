"""Where Dagster keeps its runs: <home>/dagster, with the settings that DuckDB's one writer asks for."""

from __future__ import annotations

import json
import os
from pathlib import Path

from clientele.files import write_whole

SETTINGS = """\
# Written once; yours to edit.
telemetry:
  enabled: false

# SQLite in this folder. Postgres instead: docs/operations.md.
storage:
  custom:
    module: dagster_project.event_log
    class: SteadySqliteStorage
    config:
      base_dir:
        env: DAGSTER_HOME

# DuckDB takes one writer: runs wait in a queue. (They also wait for the lock of the warehouse, whoever started them.)
concurrency:
  runs:
    max_concurrent_runs: 1

# A run whose process died is marked as failed and started again; every step can be repeated. Without it, all runs
# would wait for the dead one.
run_launcher:
  module: dagster_project.run_launcher
  class: WatchfulRunLauncher
run_monitoring:
  enabled: true
  poll_interval_seconds: 30
  # A run of another host cannot be asked whether it lives, be it a container that was replaced: it counts as dead
  # after six hours, several times what a day of a large company takes. A backfill has two days (its tag).
  max_runtime_seconds: 21600
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false

# Every event as a line of JSON, for whatever collects logs.
python_logs:
  dagster_handler_config:
    handlers:
      events:
        class: logging.handlers.RotatingFileHandler
        filename: EVENTS_LOG
        maxBytes: 50000000
        backupCount: 3
        delay: true
        formatter: json
    formatters:
      json:
        (): dagster_project.structured_log.JsonFormatter

retention:
  sensor:
    purge_after_days: 30
  schedule:
    purge_after_days: 90
"""


def ensure_instance(home: Path) -> Path:
    """The folder for DAGSTER_HOME, with a dagster.yaml."""
    folder = home.resolve() / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "dagster.yaml"
    if not settings.exists():
        log = folder.parent / "logs" / "events.jsonl"
        log.parent.mkdir(exist_ok=True)
        write_whole(settings, SETTINGS.replace("EVENTS_LOG", json.dumps(str(log))))
    return folder


def main() -> None:
    """Print the folder for DAGSTER_HOME of the warehouse in CLIENTELE_HOME."""
    print(ensure_instance(Path(os.environ.get("CLIENTELE_HOME", "warehouse"))))  # noqa: T201


if __name__ == "__main__":
    main()
