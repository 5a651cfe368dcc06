"""dbt's parse of the project, made once a test run: each home and each set of vars would have it made anew, 11 s each.

dbt keeps what it parsed as MessagePack, in which the home stands in texts and, hashed, in the connection; vars stand
hashed beside. No setting asks for a var (test_layers), so that one parse serves all vars that can be. dbt
checks what it is lent (versions, vars, connection, environment, every file): at worst it parses anew.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import json
import os
import pprint
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import msgpack
import yaml

from clientele.contract import PROJECT_ROOT

KEPT = "partial_parse.msgpack"


def lend(home: Path, variables: Mapping[str, Any], memory: str = "4GB") -> None:
    """Put what dbt parsed into the target folder of a home, as of these vars; what lay there is replaced."""
    parsed, before = _parsed()
    manifest = renamed(msgpack.unpackb(parsed, strict_map_key=False), before, str(home))
    manifest["state_check"]["profile_hash"]["checksum"] = _connection_hash(home, memory)
    manifest["state_check"]["vars_hash"]["checksum"] = _vars_hash(variables)
    (home / "target").mkdir(parents=True, exist_ok=True)
    (home / "target" / KEPT).write_bytes(msgpack.packb(manifest))


@cache
def _parsed() -> tuple[bytes, str]:
    """The parse of this test run and the home that it was made for: by the first process that asks.

    Outside of a test run by each process for itself.
    """
    if "CLIENTELE_TESTS_PARSED" in os.environ:
        folder = Path(os.environ["CLIENTELE_TESTS_PARSED"])
        folder.mkdir(parents=True, exist_ok=True)
    else:
        folder = Path(tempfile.mkdtemp(prefix="clientele-parsed-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with (folder / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            command = [str(Path(sys.executable).parent / "dbt"), "--quiet", "--no-write-json", "parse"]
            command += ["--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT)]
            command += ["--target-path", str(folder), "--log-path", str(folder)]
            env = os.environ | {"CLIENTELE_HOME": str(folder)}
            done = subprocess.run(command, cwd=PROJECT_ROOT, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            (folder / "done").touch()
    return (folder / KEPT).read_bytes(), str(folder)


def renamed(value: Any, before: str, after: str) -> Any:
    """All texts of a value of dictionaries and lists with another home in them."""
    if isinstance(value, str):
        return value.replace(before, after)
    if isinstance(value, dict):
        return {key: renamed(item, before, after) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, before, after) for item in value]
    return value


# Both as dbt's ManifestLoader.build_manifest_state_check has it.
def _connection_hash(home: Path, memory: str) -> str:
    from dbt.adapters.duckdb.credentials import DuckDBCredentials

    settings = {"CLIENTELE_HOME": str(home), "CLIENTELE_MEMORY": memory}
    profiles = jinja2.Template((PROJECT_ROOT / "profiles.yml").read_text())
    profile = yaml.safe_load(profiles.render(env_var=lambda name, default="": settings.get(name, default)))
    chosen = profile["clientele"]["outputs"]["duckdb"]
    credentials = DuckDBCredentials.from_dict({k: v for k, v in chosen.items() if k not in ("type", "threads")})
    return _hash(pprint.pformat(sorted(credentials.connection_info())))


def _vars_hash(variables: Mapping[str, Any]) -> str:
    from dbt.version import __version__

    given = yaml.safe_load(json.dumps(dict(variables), default=str))
    return _hash("\x00".join([pprint.pformat(given), "", "", str(__version__)]))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
