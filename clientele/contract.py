"""The raw contract: which entities may land, with which keys, clocks, columns and limits.

It is defined once, in the dbt sources YAML beside the staging models. The loader, the demo
company, the documentation and the tests read it from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

PROJECT_ROOT = Path(__file__).resolve().parent.parent
SOURCES_DIR = PROJECT_ROOT / "dbt_project" / "models" / "staging"

# libyaml's safe loader, ten times as fast as the one in Python.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Columns that the loader adds behind those of the contract.
TECHNICAL_COLUMNS = {"loaded_at": "timestamp", "supersedes_loaded_at": "timestamp"}


@dataclass(frozen=True)
class Column:
    """One column of an entity and what the loader holds it to."""

    name: str
    data_type: str
    description: str
    required: bool = False
    references: str | None = None  # entity whose key it holds
    accepted: tuple[str, ...] = ()  # the only values allowed, empty for any
    min: float | None = None  # smallest value allowed
    above: float | None = None  # values must be greater than this
    max: float | None = None  # largest value allowed
    currency: bool = False  # an ISO 4217 code
    may_be_future: bool = False  # a planned moment: later than the load is no error
    pii: str | None = None  # direct | indirect
    protected: str | None = None  # age, gender, ...
    legal_class: str | None = None


@dataclass(frozen=True)
class Entity:
    """One table of the raw contract."""

    name: str
    domain: str
    description: str
    key: tuple[str, ...]
    clock: str  # the column that says when the row's event happened
    required: bool
    columns: Mapping[str, Column] = field(repr=False)
    legal_class: str | None = None  # of what its rows tell; a column may have a stricter one of its own

    @property
    def clock_is_planned(self) -> bool:
        """Whether the clock is optional or may lie ahead, so that it says nothing of what is known."""
        clock = self.columns[self.clock]
        return clock.may_be_future or not clock.required

    @property
    def landed_types(self) -> dict[str, str]:
        """Column names and types of a landed file, contract columns first."""
        return {c.name: c.data_type for c in self.columns.values()} | TECHNICAL_COLUMNS


@dataclass(frozen=True)
class Contract:
    """All entities by name, in the order of the files."""

    entities: Mapping[str, Entity]

    def __getitem__(self, name: str) -> Entity:
        return self.entities[name]

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.entities.values())


def _column(spec: dict) -> Column:
    meta = spec.get("config", {}).get("meta", {})
    accepted = tuple(str(value) for value in meta.get("accepted", ()))
    limits = {key: value for key, value in meta.items() if key != "accepted"}
    return Column(
        name=spec["name"],
        data_type=spec["data_type"],
        description=spec["description"],
        accepted=accepted,
        **limits,
    )


def _entity(domain: str, of_domain: Mapping, spec: dict) -> Entity:
    meta = of_domain | spec["config"]["meta"]
    return Entity(
        name=spec["name"],
        domain=domain,
        description=spec["description"],
        key=tuple(meta["key"]),
        clock=meta["clock"],
        required=meta.get("required", False),
        columns={column["name"]: _column(column) for column in spec["columns"]},
        legal_class=meta.get("legal_class"),
    )


@cache
def load_contract(sources_dir: Path = SOURCES_DIR) -> Contract:
    """Read the contract from ``<sources_dir>/<domain>/_<domain>__sources.yml``.

    Raises FileNotFoundError if the folder holds no sources file.
    """
    files = sorted(sources_dir.glob("*/_*__sources.yml"))
    if not files:
        raise FileNotFoundError(f"no sources YAML under {sources_dir}: is this a whole checkout?")
    entities = {}
    for file in files:
        for source in yaml.load(file.read_text(), Loader=_Loader)["sources"]:
            for table in source["tables"]:
                entity = _entity(source["name"], source["config"]["meta"], table)
                entities[entity.name] = entity
    return Contract(entities)
