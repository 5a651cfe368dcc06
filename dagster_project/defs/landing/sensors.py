"""Lands what is dropped into the drop folder."""

import hashlib
import json
from pathlib import Path

import dagster as dg

from clientele.landing.inbox import drop_folder, is_settling, mappings
from dagster_project.defs.operations.jobs import land
from dagster_project.warehouse import HOME


def state_of(folder: Path) -> str:
    """Names, sizes and times of all files in a folder as one hash."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.resolve().rglob("*") if path.is_file()):
        stat = path.stat()
        digest.update(f"{path}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def landed_before(cursor: str | None) -> dict[str, str]:
    """States of folders by name, as they were when a landing was last asked for."""
    try:
        return dict(json.loads(cursor or "{}"))
    except (ValueError, TypeError):
        return {}  # of a version that had one hash for all: another landing lands nothing twice


@dg.sensor(
    job=land,
    minimum_interval_seconds=60,
    description="Starts landing once the files of the drop folder have changed and rest. Each export has a folder "
    "there, with its mapping.yml beside the files.",
)
def dropped_exports(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for a landing when a folder that rests is not what was landed last; others may go on changing meanwhile."""
    folders = [mapping.parent for mapping in mappings(HOME)]
    if not folders:
        return dg.SkipReason(f"{drop_folder(HOME)} holds no folder with a mapping.yml")
    before, now = landed_before(context.cursor), {folder.name: state_of(folder) for folder in folders}
    changed = [folder for folder in folders if now[folder.name] != before.get(folder.name)]
    if not changed:
        return dg.SkipReason("nothing new")
    at_rest = [folder.name for folder in changed if not is_settling(folder)]
    if not at_rest:
        return dg.SkipReason("a file has just changed: waiting until it rests")
    landed = {name: now[name] if name in at_rest else before[name] for name in now if name in at_rest or name in before}
    cursor = json.dumps(landed, sort_keys=True)
    context.update_cursor(cursor)
    return dg.RunRequest(run_key=hashlib.sha256(cursor.encode()).hexdigest())
