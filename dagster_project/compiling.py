"""Compile models without touching the warehouse: `python -m dagster_project.compiling HOME SELECTION VARS`.

As `dbt compile --target lint` would, which parses the whole project once more, as for another target: here what a build
of the warehouse parses serves both, and lies ready for that build.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner

from clientele.contract import PROJECT_ROOT


def compile_models(home: Path, selection: str, variables: str) -> bool:
    """Whether the models of a dbt selection compile, as of no day; the manifest is in <home>/target/policy."""
    project = ["--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT), "--vars", variables]
    options = [*project, "--log-path", str(home / "logs")]
    parsed = _invoke(None, "--no-write-json", "parse", *options, "--target-path", str(home / "target"))
    if not parsed.success:
        return False
    compiled = ["compile", "--target", "lint", "--select", selection, "--target-path", str(home / "target" / "policy")]
    return bool(_invoke(parsed.result, *compiled, *options).success)


def _invoke(manifest: Any, *arguments: str) -> Any:
    done = dbtRunner(manifest=manifest).invoke(["--quiet", *arguments])
    if done.exception:
        print(done.exception)  # noqa: T201
    return done


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("selection")
    parser.add_argument("variables", help="as JSON")
    sys.exit(0 if compile_models(**vars(parser.parse_args())) else 1)
