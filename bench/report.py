"""What was measured, as a page: ``results.md`` is written from here and nowhere else."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.company import AT_MOST, Company

PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb", "polars", "pandas", "pyarrow")


@dataclass
class Figure:
    """A number that has a target."""

    what: str
    measured: float
    at_most: float
    unit: str = ""

    @property
    def verdict(self) -> str:
        """Whether the target is met."""
        return "met" if self.measured <= self.at_most else "**MISSED**"


@dataclass
class Section:
    """One part of the bench."""

    part: str
    title: str
    command: str
    figures: list[Figure] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)  # each with its header as the first row
    notes: list[str] = field(default_factory=list)
    measured_at: str = ""
    others_share: float = 0.0  # of the processors, while it was measured

    @property
    def is_valid(self) -> bool:
        """Whether the machine was quiet enough for a verdict."""
        return self.others_share <= AT_MOST


def spread(values: list[float], digits: int = 1) -> str:
    """Median and range: ``8.1 (7.9 to 8.6)``."""
    if len(values) == 1:
        return f"{values[0]:,.{digits}f}"
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def gigabytes(size: float) -> str:
    """Bytes as GB."""
    return f"{size / 1e9:.2f}"


def stamp(section: Section, company: Company) -> Section:
    """Note when and in what company a part was measured."""
    section.measured_at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    section.others_share = company.share()
    return section


def write(sections: list[Section], page: Path) -> None:
    """Write the page. Parts that were not measured this time keep what they had."""
    store = page.with_suffix(".json")
    kept = json.loads(store.read_text()) if store.exists() else {}
    kept |= {section.part: asdict(section) for section in sections}
    store.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n")
    parts = [Section(**{**spec, "figures": [Figure(**figure) for figure in spec["figures"]]}) for spec in kept.values()]
    page.write_text(_page(sorted(parts, key=lambda section: section.part)))


def _page(sections: list[Section]) -> str:
    rows = [["part", "what", "measured", "target", "verdict"]]
    for section in sections:
        for figure in section.figures:
            measured, target = (f"{value:,.2f}{figure.unit}" for value in (figure.measured, figure.at_most))
            verdict = figure.verdict if section.is_valid else "none: the machine was busy"
            rows.append([section.part, figure.what, measured, f"<= {target}", verdict])
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    lines = [
        "# What the bench measured", "",
        "Written by `make bench` (`python -m bench`), not by hand.", "",
        f"Machine: {machine()}.", "",
        f"Versions: Python {platform.python_version()}, {versions}.", "",
        *table(rows),
    ]  # fmt: skip
    for section in sections:
        lines += [
            "", f"## {section.part}. {section.title}", "",
            f"`{section.command}`, {section.measured_at}; others took {section.others_share:.0%} of the processors.",
        ]  # fmt: skip
        for rows in section.tables:
            lines += ["", *table(rows)]
        lines += [""] if section.notes else []
        lines += [f"- {note}" for note in section.notes]
    return "\n".join(lines) + "\n"


def table(rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table; the first row is its header."""
    header, *body = rows
    return [f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *body]]


def machine() -> str:
    """Processor, cores and memory."""
    described = (
        subprocess.run(["lscpu"], capture_output=True, text=True, check=False).stdout if os.name == "posix" else ""
    )
    names = [line.split(":", 1)[1].strip() for line in described.splitlines() if line.startswith("Model name:")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"
