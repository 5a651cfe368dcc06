"""The draft as YAML that a person goes on with."""

from __future__ import annotations

import json
import os
import re
import textwrap
from pathlib import Path

from clientele.mapping_draft.entities import LATER, EntityDraft
from clientele.mapping_draft.expressions import Part
from clientele.mapping_draft.words import words_of

HEAD = """\
# What stands behind `?` is a question: settle it, and remove the mark. The keys are described in docs/architecture.md,
# the columns in docs/data_contract.md.
version: 1
"""


def render(
    drafts: list[EntityDraft],
    notes: list[str],
    zone: tuple[str, str | None],
    money: tuple[str, str | None],
    out: Path,
    rows: int,
) -> str:
    """The whole mapping."""
    files = {path.name for draft in drafts for path in draft.paths}
    shown = ", ".join(sorted(files)[:4]) + (", ..." if len(files) > 4 else "")
    text = _comment(f"Drafted by `clientele map` from the first {rows:,} rows of {shown}.", "") + HEAD
    text += _setting("timezone", zone) + _setting("currency", money) + "entities:\n"
    text += "\n".join(_entity(draft, out) for draft in drafts)
    return text + "".join("\n" + _comment(note, "") for note in notes)


def _setting(key: str, value: tuple[str, str | None]) -> str:
    said, question = value
    return (_comment(f"? {question}", "") if question else "") + f"{key}: {said}\n"


def _comment(text: str, indent: str, mark: str = "#") -> str:
    width = 120 - len(indent) - len(mark) - 1
    return "".join(f"{indent}{mark} {line}\n" for line in textwrap.wrap(text, width, break_on_hyphens=False))


def _entity(draft: EntityDraft, out: Path) -> str:
    paths = [_path(path, out) for path in draft.paths]
    lines = _comment(draft.why, "  ") if draft.why else ""
    lines += f"  {draft.entity.name}:\n"
    lines += (
        f"    path: {paths[0]}\n" if len(paths) == 1 else "    path:\n" + "".join(f"      - {path}\n" for path in paths)
    )
    if draft.sample.encoding != "utf-8":
        lines += f"    encoding: {draft.sample.encoding}\n"
    if draft.types:
        lines += "    types:\n" + "".join(f"      {_scalar(name)}: {kind}\n" for name, kind in draft.types.items())
    if draft.lookups:
        lines += "    lookups:\n" + "".join(
            f"      {name}: {_path(path, out)}\n" for name, path in draft.lookups.items()
        )
    return lines + "    sql: |\n" + textwrap.indent(_sql(draft), " " * 6)


def _path(path: Path, out: Path) -> str:
    return _scalar(os.path.relpath(path.resolve(), out.resolve().parent))


def _scalar(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_./][\w./ -]*", text) and text == text.strip()
    word = text.lower() in ("yes", "no", "on", "off", "true", "false", "null", "y", "n")
    return text if plain and not word else json.dumps(text, ensure_ascii=False)


def _sql(draft: EntityDraft) -> str:
    text = "select\n" + "".join(_part(part, last=part is draft.parts[-1]) for part in draft.parts)
    later = [name for name in draft.unused if LATER & set(words_of(name))]
    rest = [name for name in draft.unused if name not in later]
    for name in later:
        text += _comment(f'? "{name}" as loaded_at, if it says when the row was written as it is', "    ", "--")
    if rest:
        text += _comment(f"not used: {', '.join(rest)}", "    ", "--")
    text += "from source\n"
    text += f"{draft.join}\n" if draft.join else ""
    text += f"where {draft.where}\n" if draft.where else ""
    return text + (f"group by {draft.group_by}\n" if draft.group_by else "")


def _part(part: Part, *, last: bool) -> str:
    bare = part.sql.strip('"').split(".")[-1]
    written = part.sql if bare == part.alias and '"' not in part.sql else f"{part.sql} as {part.alias}"
    return (
        _comment(f"? {part.question}", "    ", "--") if part.question else ""
    ) + f"    {written}{'' if last else ','}\n"
