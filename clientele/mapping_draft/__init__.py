"""``clientele map``: a mapping drafted from the files themselves, with questions where they do not say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from clientele.contract import Contract, load_contract
from clientele.landing.errors import LandingError
from clientele.mapping_draft import place, writer
from clientele.mapping_draft.entities import EntityDraft, draft_entity
from clientele.mapping_draft.expressions import reserved_words
from clientele.mapping_draft.lines import Lines
from clientele.mapping_draft.matching import Match, assign, file_likeness, is_lines, ranked
from clientele.mapping_draft.sample import ROWS, Column, Sample, read_sample, version_clock

CLOSE, CLOSE_UNNAMED = 0.6, 1.6  # differences in score that decide nothing, the second where the file name is mute

NO_EXPORTS = (".yml", ".yaml", ".md")

__all__ = ["MappingDraft", "draft_mapping", "input_files"]


@dataclass(frozen=True)
class MappingDraft:
    """A drafted mapping and what to say about it."""

    text: str
    entities: dict[str, list[str]]  # entity -> names of its files
    unknown: dict[str, str]  # file -> why it is not used
    questions: int


def draft_mapping(
    files: Iterable[Path | str], out: Path | str = "mapping.yml", contract: Contract | None = None
) -> MappingDraft:
    """Draft a mapping of `files`, to be written to `out`: paths in it are relative to that.

    Raises LandingError where no file can be read as any entity.
    """
    paths, contract = input_files(files), contract or load_contract()
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        samples, unknown = _samples(con, paths)
        candidates = [ranked(contract, sample) for sample in samples]
        chosen = assign(candidates)
        for sample, best, found in zip(samples, candidates, chosen, strict=True):
            if found is None:
                unknown[sample.path.name] = _why_not(sample, best[0])
        rivals = {id(best[0].sample): best for best in candidates}
        drafts = _drafts(con, [found for found in chosen if found], contract, rivals)
    if not drafts:
        raise LandingError(
            "no file looks like an entity of the contract:\n"
            + "\n".join(f"  {name}: {why}" for name, why in unknown.items()),
            remedy="the entities and their columns are in docs/data_contract.md; docs/architecture.md shows a mapping",
        )
    notes = [f"not mapped: {name}: {why}" for name, why in unknown.items()]
    zone, money = place.timezone(drafts, samples), place.currency(drafts, samples)
    text = writer.render(drafts, notes, zone, money, Path(out), ROWS)
    entities = {draft.entity.name: [path.name for path in draft.paths] for draft in drafts}
    asked = sum(draft.questions for draft in drafts) + sum(said[1] is not None for said in (zone, money))
    return MappingDraft(text, entities, unknown, asked)


def input_files(files: Iterable[Path | str]) -> list[Path]:
    """The files themselves; a folder stands for those in it. Raises LandingError for what is not there."""
    found: dict[Path, None] = {}
    for path in map(Path, files):
        if path.is_dir():
            inside = [file for file in sorted(path.iterdir()) if file.is_file() and not file.name.startswith(".")]
            inside = [file for file in inside if file.suffix.lower() not in NO_EXPORTS]
            if not inside:
                raise LandingError("no file in that folder", file=path, remedy="give the folder that holds the exports")
            found |= dict.fromkeys(inside)
        elif path.is_file():
            found[path] = None
        else:
            raise LandingError("no such file", file=path, remedy="give the files of your export, or their folder")
    return list(found)


def _samples(con: duckdb.DuckDBPyConnection, paths: list[Path]) -> tuple[list[Sample], dict[str, str]]:
    samples, unknown = [], {}
    for number, path in enumerate(paths):
        try:
            samples.append(read_sample(con, path, number))
        except LandingError as error:
            unknown[path.name] = error.message
    return samples, unknown


def _why_not(sample: Sample, best: Match) -> str:
    columns = ", ".join(column.name for column in sample.columns[:12])
    lacking = f", but nothing in it is {' or '.join(best.missing)}" if best.missing else ""
    return f"no entity fits. The nearest is {best.entity.name}{lacking}. Its columns: {columns}"


def _drafts(
    con: duckdb.DuckDBPyConnection, chosen: list[Match], contract: Contract, rivals: dict[int, list[Match]]
) -> list[EntityDraft]:
    reserved = reserved_words(con)
    by_entity: dict[str, list[Match]] = {}
    for found in chosen:
        by_entity.setdefault(found.entity.name, []).append(found)
    heads = by_entity["orders"][0] if "orders" in by_entity else None
    drafts: dict[str, EntityDraft] = {}
    for name, matches in by_entity.items():
        paths = [found.sample.path for found in matches]
        if is_lines(matches[0]):
            drafts[name] = Lines(matches[0], paths, contract, reserved).items()
        else:
            versions = _versions(con, matches[0])
            drafts[name] = draft_entity(matches[0], paths, reserved, heads, versions)
            drafts[name].why = _rivals(matches[0], rivals)
    _derive(drafts, by_entity, contract, reserved)
    _forget_used(drafts)
    order = ["customers", "orders", *(entity.name for entity in contract)]
    return [drafts[name] for name in dict.fromkeys(order) if name in drafts]


def _forget_used(drafts: dict[str, EntityDraft]) -> None:
    """A column that another entity takes from the same file is used."""
    for draft in drafts.values():
        others = [other for other in drafts.values() if other is not draft and other.sample is draft.sample]
        sql = " ".join(part.sql for other in others for part in other.parts)
        draft.unused = [name for name in draft.unused if name not in sql]


def _rivals(found: Match, rivals: dict[int, list[Match]]) -> str | None:
    """A question where another entity fits the file nearly as well."""
    margin = CLOSE if file_likeness(found.entity.name, found.sample) else CLOSE_UNNAMED
    near = [m.entity.name for m in rivals[id(found.sample)][:3] if m is not found and m.score > found.score - margin]
    return f"? {found.sample.path.name} could as well be {' or '.join(near)}" if near else None


def _versions(con: duckdb.DuckDBPyConnection, found: Match) -> Column | None:
    key = found.get(found.entity.key[0])
    if len(found.entity.key) > 1 or key is None:
        return None
    return version_clock(con, found.sample, key, set(found.columns.values()))


def _derive(
    drafts: dict[str, EntityDraft], by_entity: dict[str, list[Match]], contract: Contract, reserved: frozenset[str]
) -> None:
    """Add what no file holds of its own, from the lines or else from the orders."""
    for name in ("order_items", "orders"):
        if name not in by_entity:
            continue
        found, paths = by_entity[name][0], [one.sample.path for one in by_entity[name]]
        lines = Lines(found, paths, contract, reserved)
        has_customers = {"customer_id", "ordered_at"} <= set(found.columns)
        if name == "order_items" and has_customers and "order_id" in found.columns:
            drafts.setdefault("orders", lines.orders())
        if has_customers and "customers" not in drafts and ("orders" not in by_entity or name == "orders"):
            drafts["customers"] = lines.customers()
        if name == "order_items":
            for draft in (lines.products(), lines.returns() if is_lines(found) else None):
                if draft:
                    drafts.setdefault(draft.entity.name, draft)
