"""dbt in this process, for tests that build many small warehouses.

A process of its own imports dbt, reads what was parsed and compiles every macro before it runs a model, which is two
thirds of such a build. Here that is done once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clientele.contract import PROJECT_ROOT
from tests import parsing

# What dbt parsed, and the home for which it did; none before the first build.
_parsed: list[tuple[Any, Path]] = []
MEMORY = "1GB"


def build(home: Path, arguments: Sequence[str], variables: Mapping[str, object], memory: str, **env: str) -> None:
    """`dbt build` over the lake in `home`, in whose target/ lies what it compiles. `env` is put over the environment.

    Fails with what dbt has to say where anything went wrong. Afterwards the warehouse is closed.
    """
    options = [*_options(home), "--vars", json.dumps(variables, default=str)]
    with _environment({"CLIENTELE_HOME": str(home), "CLIENTELE_MEMORY": memory, **env}):
        _invoke(["build", *arguments, *options], _manifest(home, memory))


def compiled(home: Path, *arguments: str) -> list[Any]:
    """Nodes as `dbt compile` leaves them without a warehouse, by the arguments that select them; fails as `build`."""
    with _environment({"CLIENTELE_HOME": str(home)}):
        done = _invoke(["compile", "--target", "lint", *arguments, *_options(home)], _manifest(home, MEMORY))
    return [one.node for one in done.result.results]


def manifest(home: Path) -> dict[str, Any]:
    """What `dbt parse` writes down of the project."""
    parsing.lend(home, {}, MEMORY)
    with _environment({"CLIENTELE_HOME": str(home), "CLIENTELE_MEMORY": MEMORY}):
        _invoke(["parse", *_options(home)], None)
    return json.loads((home / "target" / "manifest.json").read_text())


def _options(home: Path) -> list[str]:
    options = ["--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT)]
    return [*options, "--target-path", str(home / "target"), "--log-path", str(home / "logs")]


def _manifest(home: Path, memory: str) -> Any:
    """The parse of this test run, which holds for all vars (tests.parsing), as of a home."""
    if not _parsed:
        parsing.lend(home, {}, memory)
        _parsed.append((_invoke(["parse", *_options(home)], None).result, home))
    manifest, before = _parsed[0]
    if before != home:
        # The home stands where the sources lie, and nowhere else.
        for name, source in manifest.sources.items():
            moved = parsing.renamed(source.to_dict(), str(before), str(home))
            manifest.sources[name] = type(source).from_dict(moved)
        _parsed[0] = manifest, home
    return manifest


def _invoke(arguments: list[str], manifest: Any) -> Any:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters
    from dbt.cli.main import dbtRunner

    try:
        done = dbtRunner(manifest=manifest).invoke(["--quiet", "--log-level-file", "none", *arguments])
    finally:
        # Else the file stays open, with settings of its own.
        DuckDBConnectionManager.close_all_connections()
        reset_adapters()
    if not done.success:
        failed = getattr(done.result, "results", [])
        said = [f"{one.node.name}: {one.message}" for one in failed if one.status in ("error", "fail", "runtime error")]
        raise AssertionError("\n".join(said) or repr(done.exception))
    return done


@contextmanager
def _environment(own: dict[str, str]) -> Iterator[None]:
    """These variables, and the folder that dbt leaves for that of the project."""
    before, folder = dict(os.environ), Path.cwd()
    os.environ.update(own)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        os.chdir(folder)
