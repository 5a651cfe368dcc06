"""When dbt's unit tests are made: they read no data, so once for each state of the code and its vars.

With their fixtures to load one by one they take as long as hundreds of tests of data. What trains runs on days of its
own, so that its unit tests are remembered apart from the others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from clientele.contract import PROJECT_ROOT
from clientele.files import write_whole

PASSED_FILE = "unit_tested.json"
CODE = (".sql", ".yml", ".csv", ".py")


def code_and_vars(building: Mapping[str, Any]) -> str:
    """A hash of all that a unit test can depend on: the dbt project, the vars of the warehouse, dbt and the engine."""
    digest = hashlib.md5(json.dumps(dict(building), sort_keys=True, default=str).encode(), usedforsecurity=False)
    for package in ("dbt-core", "dbt-adapters", "dbt-common", "dbt-duckdb", "duckdb"):
        digest.update(f"{package} {version(package)}".encode())
    for path in sorted([PROJECT_ROOT / "dbt_project.yml", *(PROJECT_ROOT / "dbt_project").rglob("*")]):
        if path.suffix in CODE:
            digest.update(str(path.relative_to(PROJECT_ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def have_passed(home: Path, code: str, *, trains: bool) -> bool:
    """Whether a whole run over this warehouse passed them at this code; where it `trains`, those of training too."""
    return code == _passed(home).get("train" if trains else "daily")


def note_passed(home: Path, code: str, *, trains: bool) -> None:
    """Remember that a whole run passed them, those of training only where it `trains`."""
    write_whole(home / PASSED_FILE, json.dumps(_passed(home) | {"daily": code} | ({"train": code} if trains else {})))


def _passed(home: Path) -> dict[str, str]:
    path = home / PASSED_FILE
    return json.loads(path.read_text()) if path.exists() else {}
