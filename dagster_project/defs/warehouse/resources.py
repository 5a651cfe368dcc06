"""What the assets of this folder are given."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib import metadata
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource
from packaging.version import Version

from clientele.locks import holding_for_run
from dagster_project.defs.warehouse.assets import PROJECT
from dagster_project.run_launcher import process_tags
from dagster_project.warehouse import HOME


class HeldWarehouse(dg.ConfigurableResource):
    """The warehouse, held from the start of a run to its end: a second run waits until the first has published."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["HeldWarehouse"]:
        """Hold it. All steps of a run are in one process, which makes its resources before the first of them."""
        run, log = context.run, context.log
        if run and context.instance:
            context.instance.add_run_tags(run.run_id, process_tags())
        with holding_for_run(HOME, run.job_name if run else "a run", say=log.info if log else print):
            yield self


class InstalledDbt(DbtCliResource):
    """The dbt of this environment, whose version is known: `dbt --version` imports all of it, and asks PyPI."""

    @cached_property
    def _cli_version(self) -> Version:
        return Version(metadata.version("dbt-core"))


@dg.definitions
def resources() -> dg.Definitions:
    """The dbt command line, on the project of this warehouse; and one process for every run."""
    # The dbt of this environment, be it on the path or not.
    executable = str(Path(sys.executable).parent / "dbt")
    return dg.Definitions(
        # Also of what is materialized by a click, which is none of the jobs: DuckDB takes one writer, and one process
        # holds the warehouse for all steps of a run.
        executor=dg.in_process_executor,
        resources={
            "warehouse": HeldWarehouse(),
            "dbt": InstalledDbt(project_dir=PROJECT, dbt_executable=executable),  # type: ignore[arg-type]  # as its base
        },
    )
