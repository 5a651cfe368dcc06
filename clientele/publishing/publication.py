"""Publish the build: audit, copy, compare, switch."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from clientele.contract import PROJECT_ROOT
from clientele.locks import holding, holding_warehouse
from clientele.publishing import side_file
from clientele.publishing.auditing import Audit, audit, summed_up
from clientele.publishing.errors import PublishingError
from clientele.publishing.history import PUBLICATIONS, heal, publications, row_of
from clientele.publishing.relations import PUBLIC_SCHEMAS, Relation
from clientele.publishing.side_file import Content, SideFile
from clientele.publishing.versions import DATABASE, MANIFEST, Published
from clientele.records import Records

KEPT = 5
PUBLICATION_TABLE = Relation("governance", PUBLICATIONS)
VERSION_FOLDER = "version"
# The file's size stands in the file: it is written again until it agrees, which takes two or three times.
SIZE_TRIES = 6

Say = Callable[[str], None]


class RefusedError(PublishingError):
    """The audit speaks against it; `audit` says what."""

    def __init__(self, outcome: Audit) -> None:
        self.audit = outcome
        super().__init__("\n".join(summed_up(outcome.errors)))


@dataclass
class Publication:
    """What was published, and what could not be tidied up afterwards."""

    manifest: dict[str, Any]
    audit: Audit
    removed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def publish(
    home: Path,
    *,
    manifest_json: Path | None = None,
    run_id: str = "",
    memory: str = "1GB",
    wait: bool = False,
    say: Say = lambda _text: None,
) -> Publication:
    """Audit the build of `home`, copy its public tables, compare, and let readers see the copy.

    Readers see the old set or the new one, and the old one still where anything fails. Raises RefusedError where the
    audit finds errors, HeldError while a run or another publication holds the warehouse (unless told to wait),
    NoBuildError and NoManifestError where there is nothing to publish, PublishingError where the copy fails.
    """
    home = home.resolve()
    with holding_warehouse(home, "a publication", wait=wait, say=say):
        say("auditing")
        outcome = audit(home, manifest_json)
        if not outcome.passed:
            raise RefusedError(outcome)
        published = Published(home)
        try:
            with holding(published.lock, "a publication", wait=True):
                heal(home, published)
                published.remove_leftovers()
            with published.preparing() as folder:
                manifest = _write(home, folder, published, outcome, run_id=run_id, memory=memory, say=say)
                with holding(published.lock, "a publication", wait=True):
                    _switch(published, folder, manifest)
        except (OSError, duckdb.Error) as error:
            raise PublishingError(
                f"{published.root} could not be written ({error}). Readers keep version"
                f" {published.current() or 'none'}. Where the disk is full make room, then `clientele publish`"
            ) from error
        return _tidied_up(home, published, Publication(manifest, outcome))


def _write(
    home: Path, folder: Path, published: Published, outcome: Audit, *, run_id: str, memory: str, say: Say
) -> dict[str, Any]:
    """Write and verify a version in `folder`, but for its manifest, which is returned."""
    build, path = home / "build.duckdb", folder / VERSION_FOLDER / DATABASE
    path.parent.mkdir()
    contents: dict[Relation, Content] = {}
    with side_file.writing(build, path, schemas=PUBLIC_SCHEMAS, memory=memory, spill=folder / "tmp") as side:
        for number, relation in enumerate(outcome.relations, start=1):
            say(f"copying {relation} ({number} of {len(outcome.relations)})")
            if relation != PUBLICATION_TABLE:
                contents[relation] = _copy(side, relation, home)
        manifest = _manifest(home, side, published, outcome, contents, run_id)
        contents[PUBLICATION_TABLE] = _write_publications(side, home, manifest)
    say("comparing the copy with the build")
    side_file.verify(path, contents, memory=memory, spill=folder / "tmp")
    manifest["tables"][str(PUBLICATION_TABLE)] = _described(contents[PUBLICATION_TABLE], None)
    return manifest


def _copy(side: SideFile, relation: Relation, home: Path) -> Content:
    # What runs record may grow while it is read: a load can end at any time. It is read once.
    if relation.is_record:
        return side.copy_rows(relation, Records(home).read(relation.name))
    return side.copy(relation)


def _write_publications(side: SideFile, home: Path, manifest: dict[str, Any]) -> Content:
    """Write the publications table, this one's own row in it, which tells the size of the file that it is in."""
    earlier = Records(home).read(PUBLICATIONS)
    sizes: list[int] = []
    for _try in range(SIZE_TRIES):
        rows = pa.concat_tables([earlier, pa.Table.from_pylist([row_of(manifest, "publish")], schema=earlier.schema)])
        manifest["n_rows"] = sum(table["rows"] for table in manifest["tables"].values()) + rows.num_rows
        content = side.copy_rows(PUBLICATION_TABLE, rows)
        sizes.append(side.checkpoint())
        if sizes[-1] == manifest["bytes"]:
            break
        # The blocks of the table that was replaced are taken by the next but one: sizes take turns.
        manifest["bytes"] = sizes[-2:][0]
    return content


def _manifest(
    home: Path, side: SideFile, published: Published, outcome: Audit, contents: dict[Relation, Content], run_id: str
) -> dict[str, Any]:
    origin = side.origin()
    if origin.snapshot_date is None:
        raise PublishingError("the build has no snapshot (ml.ml_run is missing or empty): `clientele run` builds one")
    ever = [seen.version for seen in publications(home)]
    return {
        "version": published.next_version(origin.snapshot_date, ever),
        "published_at": _now(),
        "previous": None,
        "snapshot_date": origin.snapshot_date,
        "run_id": run_id or origin.run_id,
        "built_at": outcome.built_at,
        "lake_batch": origin.lake_batch,
        "feature_version": origin.feature_version,
        "code_version": code_version(),
        "models": origin.models,
        "n_tables": len(contents) + 1,
        "n_rows": 0,
        "bytes": 0,
        "n_checks": outcome.n_checks,
        "n_warnings": len(outcome.warnings),
        "warnings": summed_up(outcome.warnings),
        "hash_method": side_file.HASH_METHOD,
        "storage_version": side_file.STORAGE_VERSION,
        "tables": {str(key): _described(content, side.newest_snapshot(key)) for key, content in contents.items()},
    }


def _described(content: Content, newest_snapshot: str | None) -> dict[str, Any]:
    return {"rows": content.rows, "hash": content.hash, "snapshot_date": newest_snapshot}


def _switch(published: Published, folder: Path, manifest: dict[str, Any]) -> None:
    manifest["previous"] = published.current()
    text = json.dumps(manifest, indent=2, default=_as_text)
    (folder / VERSION_FOLDER / MANIFEST).write_text(text + "\n")
    published.put_in_place(folder / VERSION_FOLDER, manifest["version"])
    try:
        published.switch_to(manifest["version"])
    except OSError:
        if published.current() != manifest["version"]:
            published.remove(manifest["version"])
        raise


def _tidied_up(home: Path, published: Published, done: Publication) -> Publication:
    """Record the publication and remove what is older than the newest five. Readers see the new version already."""
    try:
        with holding(published.lock, "a publication", wait=True):
            heal(home, published)
            for version in _superfluous(published):
                published.remove(version)
                done.removed.append(version)
    except (OSError, duckdb.Error) as error:
        done.notes.append(
            f"published, but not all is tidied up ({error}): the next publication or `clientele status` does it"
        )
    return done


def _superfluous(published: Published) -> list[str]:
    current = published.current()
    kept = {current, published.before(current) if current else None}
    return [version for version in published.versions()[:-KEPT] if version not in kept]


def code_version() -> str:
    """The commit of the project, with + where files had changed since; its package version outside of git."""
    git = ("git", "-C", str(PROJECT_ROOT))
    try:
        commit = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
        changes = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return metadata.version("clientele")
    return commit.stdout.strip() + ("+" if changes.stdout.strip() else "")


def _as_text(value: date | datetime) -> str:
    return value.isoformat()


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
