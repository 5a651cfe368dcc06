"""Where Dagster keeps its runs: <home>/dagster, with the settings that DuckDB's one writer asks for."""

from __future__ import annotations

import os
from pathlib import Path

SETTINGS = """\
# Written once; yours to edit. Storage in Postgres: docs/operations.md.
telemetry:
  enabled: false

# DuckDB takes one writer: runs wait in a queue. (They also wait for the lock of the warehouse, whoever started them.)
concurrency:
  runs:
    max_concurrent_runs: 1

# A run whose process died is marked as failed and started again; every step can be repeated.
run_monitoring:
  enabled: true
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false

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
        settings.write_text(SETTINGS)
    return folder


def main() -> None:
    """Print the folder for DAGSTER_HOME of the warehouse in CLIENTELE_HOME."""
    print(ensure_instance(Path(os.environ.get("CLIENTELE_HOME", "warehouse"))))  # noqa: T201


if __name__ == "__main__":
    main()
