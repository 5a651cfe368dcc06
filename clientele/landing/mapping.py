"""The mapping file: which files hold an entity and which SQL makes them the contract's rows."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from clientele.contract import Contract
from clientele.landing.errors import LandingError, near

TOP_KEYS = {"version", "timezone", "currency", "ambiguous_times", "entities"}
ENTITY_KEYS = {
    "path", "encoding", "delimiter", "header", "columns", "null_values", "sheet", "types", "lookups", "sql",
    "timezone", "currency", "ambiguous_times",
}  # fmt: skip
AMBIGUOUS = ("refuse", "earlier", "later")
# Names that the loader uses itself.
RESERVED = {
    "source", "source_files", "stage", "verdict", "clashes", "known", "contested", "candidates", "newest", "refused",
    "ragged", "unreadable", "landings", "reject_errors", "reject_scans",
}  # fmt: skip
TYPE_NAMES = ("integer", "decimal", "double", "date", "boolean", "timestamp")


@dataclass(frozen=True)
class EntityMapping:
    """How one entity is read."""

    entity: str
    paths: tuple[str, ...]
    sql: str = "select * from source"
    encoding: str = "utf-8"
    delimiter: str | None = None
    null_values: tuple[str, ...] = ("",)
    header: bool = True
    columns: tuple[str, ...] = ()  # names of the columns of a csv, instead of those of its header
    sheet: str | None = None
    types: dict[str, str] = field(default_factory=dict)
    lookups: dict[str, str] = field(default_factory=dict)  # name of a further relation -> its file
    timezone: str = "UTC"
    currency: str | None = None
    ambiguous_times: str = "refuse"


@dataclass(frozen=True)
class Mapping:
    """A whole mapping file."""

    path: Path
    entities: tuple[EntityMapping, ...]


@cache
def iso_currencies() -> tuple[str, ...]:
    """ISO 4217 codes, from Babel."""
    from babel.numbers import list_currencies

    return tuple(sorted(list_currencies()))


@cache
def _zones() -> set[str]:
    return zoneinfo.available_timezones()


def read_mapping(path: Path | str, contract: Contract) -> Mapping:
    """Read and check a mapping. Raises LandingError that names the place and the remedy."""
    path = Path(path)
    document = _parse(path)
    _known_keys(document, TOP_KEYS, "the mapping", path)
    if document.get("version") != 1:
        raise LandingError(f"version is {document.get('version')!r}, not 1", file=path, remedy="begin with: version: 1")
    entities = document.get("entities")
    if not isinstance(entities, dict) or not entities:
        raise LandingError("no entities", file=path, remedy="add `entities:` with at least customers and orders")
    common = {key: document.get(key) for key in ("timezone", "currency", "ambiguous_times")}
    names = [entity.name for entity in contract]
    for name in entities:
        if name not in names:
            raise LandingError(
                f"unknown entity {name!r}{near(str(name), names)}", file=path, remedy=f"known are {', '.join(names)}"
            )
    return Mapping(path, tuple(_entity(name, spec, common, path) for name, spec in entities.items()))


def _parse(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        found = sorted(p.name for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        raise LandingError(
            "no such mapping", file=path, remedy=f"in that folder: {', '.join(found) or 'no mapping'}"
        ) from error
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise LandingError(f"is no text file: {error}", file=path) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise LandingError(
            f"not YAML: {problem}",
            file=path,
            row=mark.line + 1 if mark else None,
            remedy="indent with spaces, not tabs"
            if "\\t" in problem
            else "look at the indentation, colons and quotes there",
        ) from None
    if not isinstance(document, dict):
        raise LandingError("holds no mapping", file=path, remedy="begin with: version: 1")
    return document


def _known_keys(spec: dict[str, Any], known: set[str], where: str, path: Path) -> None:
    for key in spec:
        if key not in known:
            raise LandingError(
                f"unknown key {key!r} in {where}{near(str(key), known)}",
                file=path,
                remedy=f"known are {', '.join(sorted(known))}",
            )


def _entity(name: str, spec: Any, common: dict[str, Any], path: Path) -> EntityMapping:
    where = f"entity {name}"
    if not isinstance(spec, dict):
        raise LandingError(f"{where} holds no keys", file=path, remedy=f"add `path:` below `{name}:`")
    _known_keys(spec, ENTITY_KEYS, where, path)
    settings = {key: spec.get(key) or common.get(key) for key in common}
    return EntityMapping(
        entity=name,
        paths=_texts(spec.get("path"), f"path of {where}", path),
        sql=_text(spec.get("sql"), f"sql of {where}", path) or "select * from source",
        encoding=_text(spec.get("encoding"), f"encoding of {where}", path) or "utf-8",
        delimiter=_text(spec.get("delimiter"), f"delimiter of {where}", path),
        null_values=_texts(spec.get("null_values", [""]), f"null_values of {where}", path),
        header=_bool(spec.get("header", True), f"header of {where}", path),
        columns=_texts(spec["columns"], f"columns of {where}", path) if "columns" in spec else (),
        sheet=_text(spec.get("sheet"), f"sheet of {where}", path),
        types=_types(spec.get("types") or {}, where, path),
        lookups=_lookups(spec.get("lookups") or {}, where, path),
        timezone=_timezone(settings["timezone"] or "UTC", where, path),
        currency=_currency(settings["currency"], where, path),
        ambiguous_times=_ambiguous(settings["ambiguous_times"] or "refuse", path),
    )


def _text(value: Any, what: str, path: Path) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise LandingError(f"{what} is {value!r}, not text", file=path, remedy="put it in quotes")


def _bool(value: Any, what: str, path: Path) -> bool:
    if isinstance(value, bool):
        return value
    raise LandingError(f"{what} is {value!r}", file=path, remedy="write true or false, without quotes")


def _texts(value: Any, what: str, path: Path) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(item, str) for item in values):
        raise LandingError(f"{what} is {value!r}, not text or a list of text", file=path, remedy="put it in quotes")
    return tuple(values)


def _types(value: Any, where: str, path: Path) -> dict[str, str]:
    if not isinstance(value, dict):
        raise LandingError(f"types of {where} is no list of `column: type`", file=path)
    for column, declared in value.items():
        base = str(declared).split(" ", 1)[0]
        if base not in TYPE_NAMES:
            raise LandingError(
                f"types of {where}: {declared!r} is no type{near(base, TYPE_NAMES)}",
                file=path,
                column=str(column),
                remedy=f"known are {', '.join(TYPE_NAMES)}; date and timestamp may carry a format: timestamp %d/%m/%Y",
            )
    return {str(column): str(declared) for column, declared in value.items()}


def _lookups(value: Any, where: str, path: Path) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(file, str) for file in value.values()):
        raise LandingError(
            f"lookups of {where} is no list of `name: file`",
            file=path,
            remedy="write, for example: categories: categories.csv",
        )
    for name in value:
        if not re.fullmatch(r"[a-z_][a-z0-9_]*", str(name)) or name in RESERVED:
            raise LandingError(
                f"lookups of {where}: {name!r} cannot name a relation",
                file=path, remedy="use lower-case letters, digits and _, such as categories_file",
            )  # fmt: skip
    return {str(name): file for name, file in value.items()}


def _timezone(value: Any, where: str, path: Path) -> str:
    zones = _zones()
    if value not in zones:
        short = {zone.rsplit("/", 1)[-1]: zone for zone in zones}
        hint = near(str(value), zones) or near(re.sub(r".*/", "", str(value)), short)
        raise LandingError(
            f"timezone {value!r} of {where} is unknown{hint}",
            file=path,
            remedy="use a name such as Europe/London or UTC",
        )
    return str(value)


def _currency(value: Any, where: str, path: Path) -> str | None:
    if value is None:
        return None
    if str(value).upper() not in iso_currencies():
        raise LandingError(
            f"currency {value!r} of {where} is no ISO 4217 code{near(str(value), iso_currencies())}",
            file=path,
            remedy="use a code such as EUR, GBP or USD",
        )
    return str(value).upper()


def _ambiguous(value: Any, path: Path) -> str:
    if value not in AMBIGUOUS:
        raise LandingError(f"ambiguous_times is {value!r}", file=path, remedy=f"use one of {', '.join(AMBIGUOUS)}")
    return str(value)
