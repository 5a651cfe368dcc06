"""Publications, refusals and the state of things, as text for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from clientele.publishing.auditing import Audit, summed_up
from clientele.publishing.publication import Publication
from clientele.publishing.status import Status


def show_publication(console: Console, done: Publication) -> None:
    """What readers see now."""
    _show_warnings(console, done.audit)
    _line(console, f"published {_described(done.manifest)}")
    if done.removed:
        _line(console, f"removed, as older than those kept: {', '.join(done.removed)}")
    for note in done.notes:
        _line(console, f"note: {note}")


def show_published(console: Console, manifest: dict[str, Any]) -> None:
    """What readers see, and what warned in its run."""
    _line(console, f"Published {_described(manifest)}")
    for warning in manifest["warnings"]:
        _line(console, f"  warned: {warning}")


def show_refusal(console: Console, audit: Audit) -> None:
    """What speaks against publishing, with what to do."""
    _show_warnings(console, audit)
    for text in summed_up(audit.errors):
        _line(console, f"error: {text}")
    _line(console, f"not published: {len(audit.errors)} findings. Readers keep what they see.")


def show_status(console: Console, status: Status, *, command: str, at: str) -> None:
    """What is current, what is kept, how the build stands, and the next step."""
    if status.current is None:
        _line(console, "nothing is published yet")
    else:
        _line(console, f"current   {_described(status.current)}")
        models = ", ".join(f"{name} {version}" for name, version in status.current["models"].items())
        _line(console, f"          from run {status.current['run_id']}, code {status.current['code_version']}")
        _line(console, f"          models: {models or 'none'}")
    for manifest in status.earlier:
        note = "  (rollback returns to it)" if manifest["version"] == status.rollback_to else ""
        _line(console, f"kept      {_described(manifest)}{note}")
    _show_build(console, status, command, at)


def _show_build(console: Console, status: Status, command: str, at: str) -> None:
    if status.holder:
        _line(console, f"held by   {status.holder}")
    if status.audit is None:
        _line(console, f"build     cannot be audited: {status.why_no_audit}")
        return
    _show_warnings(console, status.audit)
    age = "newer than what is published" if status.is_build_newer else "what is published"
    if status.audit.passed:
        _line(
            console,
            f"build     {age}; passes the audit ({status.audit.n_checks} checks, those of earlier runs included)",
        )
        if status.is_build_newer:
            _line(console, f"next: {command} publish{at}")
        return
    _line(console, f"build     {age}; would be refused:")
    for text in summed_up(status.audit.errors):
        _line(console, f"error: {text}")


def _show_warnings(console: Console, audit: Audit) -> None:
    for text in summed_up(audit.warnings):
        _line(console, f"warning: {text}")


def _described(manifest: dict[str, Any]) -> str:
    return (
        f"{manifest['version']}: snapshot {manifest['snapshot_date']},"
        f" published {_minute(manifest['published_at'])} UTC,"
        f" {manifest['n_tables']} tables, {manifest['n_rows']:,} rows, {manifest['bytes'] / 1e6:.1f} MB"
    )


def _minute(moment: Any) -> str:
    return str(moment).replace("T", " ")[:16]


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
