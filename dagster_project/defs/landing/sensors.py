"""Lands what is dropped into the drop folder."""

import hashlib
from pathlib import Path

import dagster as dg

from clientele.landing.inbox import drop_folder, is_settling, mappings
from dagster_project.defs.operations.jobs import land
from dagster_project.warehouse import HOME


def state_of(folders: list[Path]) -> str:
    """Names, sizes and times of all files in folders as one hash."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(path for path in folder.resolve().rglob("*") if path.is_file()):
            stat = path.stat()
            digest.update(f"{path}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


@dg.sensor(
    job=land,
    minimum_interval_seconds=60,
    description="Starts landing once the files of the drop folder have changed and rest. Each export has a folder "
    "there, with its mapping.yml beside the files.",
)
def dropped_exports(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for a landing when what lies in the drop folder is not what was landed last."""
    folders = [mapping.parent for mapping in mappings(HOME)]
    if not folders:
        return dg.SkipReason(f"{drop_folder(HOME)} holds no folder with a mapping.yml")
    state = state_of(folders)
    if state == context.cursor:
        return dg.SkipReason("nothing new")
    if any(is_settling(folder) for folder in folders):
        return dg.SkipReason("a file has just changed: waiting until it rests")
    context.update_cursor(state)
    return dg.RunRequest(run_key=state)
