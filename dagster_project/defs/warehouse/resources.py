"""What the assets of this folder are given."""

import sys
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource

from dagster_project.defs.warehouse.assets import PROJECT


@dg.definitions
def resources() -> dg.Definitions:
    """The dbt command line, on the project of this warehouse."""
    # The dbt of this environment, be it on the path or not.
    executable = str(Path(sys.executable).parent / "dbt")
    return dg.Definitions(resources={"dbt": DbtCliResource(project_dir=PROJECT, dbt_executable=executable)})
