"""The mapping that lands the exports with `clientele load`."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent, indent

from clientele.contract import load_contract
from clientele.demo.exports import Export
from clientele.demo.world import World

HEAD = """\
# The exports of a demo company of {customers:,} customers, as of {as_of}.
# Land them with: clientele load mapping.yml
version: 1
timezone: UTC
entities:
"""


def write_mapping(out: Path, world: World, exports: list[Export]) -> Path:
    """Write `mapping.yml`, grouped by the domains of the contract."""
    contract = load_contract()
    by_entity = {export.entity: export for export in exports}
    parts, domain = [], None
    for entity in contract:
        if entity.name not in by_entity:
            continue
        if entity.domain != domain:
            domain = entity.domain
            parts.append(f"\n  # {domain}\n")
        parts.append(_entry(world, by_entity[entity.name]))
    path = out / "mapping.yml"
    path.write_text(HEAD.format(customers=world.customers, as_of=world.as_of) + "".join(parts), encoding="utf-8")
    return path


def _entry(world: World, export: Export) -> str:
    file_format = export.format_for(world)
    lines = [f"  {export.entity}:", f"    path: {export.pattern(world)}"]
    if export.local_times and file_format != "parquet":
        # The clock in Berlin shows one hour of October twice; nothing was written in its second showing.
        lines += ["    timezone: Europe/Berlin", "    ambiguous_times: earlier"]
    types = dict(export.types) if file_format != "parquet" else {}
    if file_format.startswith("csv"):
        lines.append(f'    delimiter: "{_escaped(export.delimiter)}"')
        types |= {name: f"timestamp {form}" for name, form in export.local_times.items()}
    if types:
        lines += ["    types:", *(f"      {name}: {kind}" for name, kind in types.items())]
    lines += ["    sql: |", indent(_sql(export, file_format), " " * 6)]
    return "\n".join(lines) + "\n"


def _escaped(delimiter: str) -> str:
    return delimiter.replace("\t", "\\t")


def _sql(export: Export, file_format: str) -> str:
    """The SQL for a format: German decimals are text in a text file and numbers in a typed one."""
    with_comma = export.decimal_comma and file_format.startswith("csv")
    return re.sub(
        r"\{money:(\w+)\}",
        r"replace(\1, ',', '.')" if with_comma else r"\1",
        dedent(export.sql).strip("\n"),
    )
