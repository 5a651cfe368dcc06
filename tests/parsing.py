"""What dbt parsed in one home, lent to others: each would be parsed anew, which costs 3 s of its first run.

dbt keeps what it parsed as MessagePack, in which the home stands in texts and, hashed, in the connection. It checks
what it is lent (versions, vars, connection, environment, every file): at worst it parses anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import pprint
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import msgpack
import yaml

from clientele.contract import PROJECT_ROOT

KEPT = "partial_parse.msgpack"


def lend(home: Path, variables: Mapping[str, Any]) -> None:
    """Keep what dbt parsed in a home under these vars for other homes of this test run; the first one is kept."""
    kept, parsed = _kept(variables), home / "target" / KEPT
    if kept and parsed.exists() and not kept.exists():
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(parsed, kept / f"{os.getpid()}")
        (kept / "home").write_text(str(home))
        (kept / f"{os.getpid()}").rename(kept / KEPT)


def borrow(home: Path, variables: Mapping[str, Any], memory: str = "4GB") -> None:
    """Put what dbt parsed elsewhere under these vars into a home that has parsed nothing, if anything was lent."""
    kept = _kept(variables)
    if kept and (kept / KEPT).exists() and not (home / "target" / KEPT).exists():
        _move(kept / KEPT, Path((kept / "home").read_text()), home, memory)


def move(source: Path, home: Path) -> None:
    """The same for a home that was copied from `source`."""
    if (home / "target" / KEPT).exists():
        _move(home / "target" / KEPT, source, home, "4GB")


def _kept(variables: Mapping[str, Any]) -> Path | None:
    folder = os.environ.get("CLIENTELE_TESTS_PARSED")
    text = json.dumps(variables, default=str, sort_keys=True)
    return Path(folder) / hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() if folder else None


def _move(parsed: Path, source: Path, home: Path, memory: str) -> None:
    manifest = renamed(msgpack.unpackb(parsed.read_bytes(), strict_map_key=False), str(source), str(home))
    manifest["state_check"]["profile_hash"]["checksum"] = _connection_hash(home, memory)
    (home / "target").mkdir(parents=True, exist_ok=True)
    (home / "target" / KEPT).write_bytes(msgpack.packb(manifest))


def renamed(value: Any, before: str, after: str) -> Any:
    """All texts of a value of dictionaries and lists with another home in them."""
    if isinstance(value, str):
        return value.replace(before, after)
    if isinstance(value, dict):
        return {key: renamed(item, before, after) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, before, after) for item in value]
    return value


def _connection_hash(home: Path, memory: str) -> str:
    """As dbt's ManifestLoader.build_manifest_state_check has it."""
    from dbt.adapters.duckdb.credentials import DuckDBCredentials

    settings = {"CLIENTELE_HOME": str(home), "CLIENTELE_MEMORY": memory}
    profiles = jinja2.Template((PROJECT_ROOT / "profiles.yml").read_text())
    output = yaml.safe_load(profiles.render(env_var=lambda name, default="": settings.get(name, default)))
    output = output["clientele"]["outputs"]["duckdb"]
    credentials = DuckDBCredentials.from_dict({k: v for k, v in output.items() if k not in ("type", "threads")})
    return hashlib.sha256(pprint.pformat(sorted(credentials.connection_info())).encode()).hexdigest()
