"""Writes docs/data_contract.md, the raw contract as people read it, from the sources YAML.

Run as ``python -m clientele.data_contract [FILE]``; without a file the page goes to standard output.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from clientele.contract import SOURCES_DIR, Column, Contract, Entity, load_contract

INTRODUCTION = """\
<!-- Written by `make docs` from dbt_project/models/staging/*/_*__sources.yml: edit there, not here. -->

# The data contract

What may land in the lake: {n_entities} entities in {n_domains} domains. It is defined once, in the sources YAML
beside the staging models; the loader, the demo company, the tests and this page read it from there.

Required: {required}.
All else is optional: an entity that was never loaded is an empty table with the right types, and what is made from
it is null.

## How to use it

1. Find the entities that your exports can fill. Their grain must be yours: one row of the entity is one row out of
   the SQL.
2. Write a mapping: YAML with one `select` per entity, whose output columns have the names below.
   `clientele map FILES...` drafts one from the files; its keys are described in
   [architecture.md](architecture.md#mappings).
3. `clientele load MAPPING.yml --check` lands nothing and tells what would land, what would be refused and why.
   Without `--check` it lands.

A column that is not required may be left out. A row that breaks a rule of this page is refused whole, with its
reason and its line, and the rest lands. A row whose key has landed before, with other content, lands as a correction.

## How to read it

**Key**: what makes a row unique. **Clock**: the column that says when the row's event happened. Beside it, every row
has a second clock, `loaded_at`, when it could first be known; you rarely give it, and
[the two clocks](architecture.md#two-clocks) tell what the loader makes of it.

**Required** columns are never null. **Rules** say which values a column may hold; → names the entity whose key it
holds. Timestamps are UTC once landed (the mapping names the time zone of yours) and may not lie in the future unless
*may be planned* is said. Money is `decimal(18,4)`, in the currency of the row.

**Class** says what may be done with a column; a column without one has that of the entity's rows, since that something
was bought or paid tells as much as what it cost:
"""

CLASSES = {
    "direct PII": "names a person or is in a person's own words; never leaves staging",
    "indirect PII": "helps to single out a person",
    "protected": "a protected attribute; never a feature for credit",
    "financial": "tells of a customer's means",
    "behavioural": "tells of what a customer does, or what kind of customer they are",
    "emotion_selfreport": "an emotion that the customer stated; used only while a consent covers it",
    "emotion_biometric": "an emotion measured on the customer; used only while a consent covers it",
}


def _number(value: float) -> str:
    return f"{value:g}"


def _rules(column: Column) -> Iterator[str]:
    if column.references:
        yield f"→ [{column.references}](#{column.references})"
    if column.accepted:
        yield ", ".join(f"`{value}`" for value in column.accepted)
    if column.above is not None:
        yield f"> {_number(column.above)}"
    if column.min is not None:
        yield f"≥ {_number(column.min)}"
    if column.max is not None:
        yield f"≤ {_number(column.max)}"
    if column.currency:
        yield "ISO 4217"
    if column.may_be_future:
        yield "may be planned"


def classes(column: Column) -> Iterator[str]:
    """The classes of a column, each a key of CLASSES."""
    if column.pii:
        yield f"{column.pii} PII"
    if column.legal_class:
        yield column.legal_class


def _class_cell(column: Column) -> str:
    return "; ".join(f"protected: {column.protected}" if name == "protected" else name for name in classes(column))


def _class_table(contract: Contract) -> Iterator[str]:
    used = {name for entity in contract for column in entity.columns.values() for name in classes(column)}
    yield _row(["class", "meaning"])
    yield _row(["---"] * 2)
    for name, meaning in CLASSES.items():
        if name in used:
            yield _row([name, meaning])
    yield ""


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _entity_section(entity: Entity) -> Iterator[str]:
    planned = " (may be planned or missing)" if entity.clock_is_planned else ""
    yield f"### {entity.name}"
    yield ""
    yield entity.description
    yield ""
    yield (
        f"Key: {', '.join(f'`{name}`' for name in entity.key)} · clock: `{entity.clock}`{planned}"
        f" · {'**required**' if entity.required else 'optional'}"
        + (f" · its rows: {entity.legal_class}" if entity.legal_class else "")
    )
    yield ""
    yield _row(["column", "type", "required", "rules", "class", "meaning"])
    yield _row(["---"] * 6)
    for column in entity.columns.values():
        yield _row(
            [
                f"`{column.name}`",
                column.data_type,
                "yes" if column.required else "",
                "; ".join(_rules(column)),
                _class_cell(column),
                column.description,
            ]
        )
    yield ""


def _domain_descriptions(sources_dir: Path) -> dict[str, str]:
    files = sources_dir.glob("*/_*__sources.yml")
    sources = [source for file in files for source in yaml.safe_load(file.read_text())["sources"]]
    return {source["name"]: source["description"] for source in sources}


def _by_domain(contract: Contract) -> dict[str, list[Entity]]:
    """Entities by domain, those of required entities first."""
    required = sorted((entity for entity in contract if entity.required), key=lambda entity: entity.name)
    domains: dict[str, list[Entity]] = {entity.domain: [] for entity in [*required, *contract]}
    for entity in contract:
        domains[entity.domain].append(entity)
    return domains


def _link(entity: Entity) -> str:
    return f"[{entity.name}](#{entity.name})"


def _required(entities: Iterable[Entity]) -> str:
    return " and ".join(
        f"{_link(entity)} ({', '.join(column.name for column in entity.columns.values() if column.required)})"
        for entity in entities
        if entity.required
    )


def render(sources_dir: Path = SOURCES_DIR) -> str:
    """The whole page as Markdown, ending in one newline."""
    contract = load_contract(sources_dir)
    domains = _by_domain(contract)
    descriptions = _domain_descriptions(sources_dir)
    lines = [
        INTRODUCTION.format(
            n_entities=len(contract.entities),
            n_domains=len(domains),
            required=_required(entity for entities in domains.values() for entity in entities),
        ),
        *_class_table(contract),
        "## Entities",
        "",
        _row(["domain", "entities"]),
        _row(["---"] * 2),
        *(_row([f"[{name}](#domain-{name})", ", ".join(map(_link, domains[name]))]) for name in domains),
        "",
    ]
    for name, entities in domains.items():
        lines += [f"## Domain {name}", "", descriptions[name], ""]
        for entity in entities:
            lines += _entity_section(entity)
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Write the page to the file named on the command line, or print it."""
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(render(), encoding="utf-8")
    else:
        sys.stdout.write(render())


if __name__ == "__main__":
    main()
