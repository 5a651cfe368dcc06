"""Which warehouse this code location serves: its folder, its days, its dbt project."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
from dagster_dbt import DbtProject

from clientele.contract import PROJECT_ROOT
from clientele.landing.lake import Lake
from clientele.running import project_vars

HOME = Path(os.environ.get("CLIENTELE_HOME", "warehouse")).resolve()
# What dbt parses, under dbt_project/.
PARSED = (".sql", ".py", ".yml", ".csv")
BEFORE_ANY_DATA = date(2015, 1, 1)


def first_day(home: Path) -> date:
    """The first of the month of the first order, or of the first event of a company without orders.

    No snapshot before it could hold anything.
    """
    files = [str(path) for path in Lake(home).landings()]
    if not files:
        return BEFORE_ANY_DATA
    try:
        with duckdb.connect() as connection:
            found = connection.execute(
                "select coalesce(min(min_clock_at) filter (where entity = 'orders'), min(min_clock_at))"
                " from read_parquet($files)",
                {"files": files},
            ).fetchall()[0][0]
    except duckdb.Error:
        # Of a damaged lake its runs tell; the UI must come up all the same.
        return BEFORE_ANY_DATA
    return found.date().replace(day=1) if found else BEFORE_ANY_DATA


# A partition is a snapshot_date, a day that begins when the snapshot is taken. The newest may be tomorrow: data that
# landed today after the grace of the night is first seen then.
DAYS = dg.DailyPartitionsDefinition(start_date=first_day(HOME).isoformat(), end_offset=2)


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for a while: dbt is a process of its own that inherits them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def dbt_project(home: Path = HOME) -> DbtProject:
    """The dbt project with a manifest of today's code; parsed again only where the code changed."""
    home.mkdir(parents=True, exist_ok=True)
    folder = home / "target" / "definitions"
    with (home / ".manifest.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        stamp, code = folder / "code.txt", _hash_of_code()
        if not (folder / "manifest.json").exists() or not stamp.exists() or stamp.read_text() != code:
            _parse(home, folder)
            stamp.write_text(code)
    return DbtProject(project_dir=PROJECT_ROOT, target_path=folder, profiles_dir=PROJECT_ROOT)


def _parse(home: Path, folder: Path) -> None:
    # With the vars and in the folder of a build, so that the build finds it all parsed.
    command = [
        *(str(Path(sys.executable).parent / "dbt"), "--quiet", "parse", "--vars", json.dumps(project_vars(home))),
        *("--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT)),
        *("--target-path", str(home / "target"), "--log-path", str(home / "logs")),
    ]
    env = os.environ | {"CLIENTELE_HOME": str(home), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"dbt cannot parse the project:\n{done.stdout}{done.stderr}")
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / ".manifest.json"
    shutil.copyfile(home / "target" / "manifest.json", partial)
    partial.rename(folder / "manifest.json")


def _hash_of_code() -> str:
    digest = hashlib.md5(usedforsecurity=False)
    files = [PROJECT_ROOT / "dbt_project.yml", PROJECT_ROOT / "profiles.yml"]
    for path in files + sorted((PROJECT_ROOT / "dbt_project").rglob("*")):
        if path.suffix in PARSED:
            digest.update(str(path.relative_to(PROJECT_ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()
