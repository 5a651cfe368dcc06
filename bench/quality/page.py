"""What was measured, as a page: ``quality.md`` is written from here and nowhere else."""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.company import AT_MOST, Company
from bench.report import machine, table
from clientele.contract import PROJECT_ROOT

SCRATCH = PROJECT_ROOT / "bench" / ".data" / "quality"
PACKAGES = ("scikit-learn", "numpy", "scipy", "pandas", "pyarrow", "duckdb")


@dataclass(frozen=True)
class Options:
    """What a part is given."""

    data: Path = Path(os.environ.get("CLIENTELE_REAL_DATA", PROJECT_ROOT.parent / "shared" / "data"))
    seed: int = 42
    began: float = field(default_factory=time.monotonic)

    def say(self, line: str) -> None:
        """Progress, with the minutes since the start."""
        print(f"{(time.monotonic() - self.began) / 60:6.1f} min  {line}", flush=True)

    def scratch(self, part: str) -> Path:
        """A folder for what a part writes on its way."""
        folder = SCRATCH / part
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def data_set(self, name: str) -> Path:
        """The folder of a public data set. Raises FileNotFoundError that says where it was looked for."""
        if not (self.data / name).is_dir():
            raise FileNotFoundError(
                f"no folder {name} in {self.data}; CLIENTELE_REAL_DATA names the folder of data sets"
            )
        return self.data / name


@dataclass
class Target:
    """A number that has a bound."""

    what: str
    measured: float
    at_least: float | None = None
    at_most: float | None = None
    digits: int = 4
    needs_quiet: bool = False  # a time, which means nothing on a busy machine

    @property
    def bound(self) -> str:
        """The target in words."""
        at_least, at_most = (
            None if value is None else f"{value:,.{self.digits}f}" for value in (self.at_least, self.at_most)
        )
        if at_least and at_most:
            return f"{at_least} to {at_most}"
        return f">= {at_least}" if at_least else f"<= {at_most}"

    @property
    def is_met(self) -> bool:
        """Whether the number lies within its bounds."""
        low, high = (-math.inf if self.at_least is None else self.at_least), self.at_most
        return low <= self.measured <= (math.inf if high is None else high)


@dataclass
class Section:
    """One part of the bench.

    `results` are the figures as data, for what is written from them elsewhere; `versions` those of the peers' packages.
    """

    part: str
    title: str
    targets: list[Target] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)  # each with its header as the first row
    notes: list[str] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    measured_at: str = ""
    others_share: float = 0.0  # of the processors, while it was measured

    def verdict(self, target: Target) -> str:
        """Whether a target is met; a time counts only on a machine that others left alone."""
        if target.needs_quiet and self.others_share > AT_MOST:
            return "none: the machine was busy"
        return "met" if target.is_met else "**MISSED**"


def measured(measure: Callable[[Options], Section], options: Options) -> Section:
    """A part, with when and in what company it was measured."""
    company = Company()
    section = measure(options)
    section.measured_at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    section.others_share = company.share()
    return section


def write(sections: Sequence[Section], page: Path, order: Sequence[str]) -> None:
    """Write the page, parts in `order`. Those that were not measured this time keep what they had."""
    store = page.with_suffix(".json")
    kept = json.loads(store.read_text()) if store.exists() else {}
    kept |= {section.part: asdict(section) for section in sections}
    kept = {part: kept[part] for part in order if part in kept}
    store.write_text(json.dumps(kept, indent=1) + "\n")
    parts = [Section(**spec | {"targets": [Target(**target) for target in spec["targets"]]}) for spec in kept.values()]
    page.write_text(_page(parts))


def _page(sections: Sequence[Section]) -> str:
    rows = [["part", "what", "measured", "target", "verdict"]]
    for section in sections:
        for target in section.targets:
            number = f"{target.measured:,.{target.digits}f}"
            rows.append([section.part, target.what, number, target.bound, section.verdict(target)])
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    lines = [
        "# How good the models are", "",
        "Written by `make bench-quality` (`python -m bench.quality`), not by hand.", "",
        f"Machine: {machine()}.", "",
        f"Versions: Python {platform.python_version()}, {versions}.", "",
        *table(rows),
    ]  # fmt: skip
    for section in sections:
        lines += ["", *_section(section)]
    return "\n".join(lines) + "\n"


def _section(section: Section) -> list[str]:
    peers = "".join(f", {name} {number}" for name, number in section.versions.items())
    lines = [
        f"## {section.title}", "",
        f"`python -m bench.quality --part {section.part}`, {section.measured_at}{peers};"
        f" others took {section.others_share:.0%} of the processors.",
    ]  # fmt: skip
    for rows in section.tables:
        lines += ["", *table(rows)]
    return [*lines, *([""] if section.notes else []), *(f"- {note}" for note in section.notes)]
