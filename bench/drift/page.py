"""What was measured, as a page: ``drift.md`` is written from here and nowhere else."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.company import Company
from bench.report import machine, table
from clientele.contract import PROJECT_ROOT
from clientele.monitoring.settings import Settings
from clientele.running import effective_vars

PACKAGES = ("duckdb", "evidently", "scipy", "pandas", "numpy")


@dataclass(frozen=True)
class Options:
    """What a part is given."""

    home: Path
    resamples: int = 200
    seed: int = 42
    began: float = field(default_factory=time.monotonic)

    @property
    def settings(self) -> Settings:
        """The thresholds of dbt_project.yml, which is what the page argues for."""
        return Settings.of(effective_vars(PROJECT_ROOT / "bench"))

    def say(self, line: str) -> None:
        """Progress, with the minutes since the start."""
        print(f"{(time.monotonic() - self.began) / 60:6.1f} min  {line}", flush=True)


@dataclass
class Section:
    """One part of the bench."""

    part: str
    title: str
    intro: str = ""
    tables: list[list[list[str]]] = field(default_factory=list)  # each with its header as the first row
    notes: list[str] = field(default_factory=list)
    measured_at: str = ""
    others_share: float = 0.0  # of the processors, while it was measured


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
    page.write_text(_page([Section(**spec) for spec in kept.values()]))


def percent(share: float) -> str:
    """A share as text, with a digit more where it is small."""
    return f"{share:.0%}" if share in (0, 1) else f"{share:.1%}" if share >= 0.001 else f"{share:.2%}"


def _page(sections: Sequence[Section]) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    settings = asdict(Settings.of(effective_vars(PROJECT_ROOT / "bench")))
    used = ", ".join(f"{name} {value:g}" for name, value in settings.items() if name.endswith(("_from", "_factor")))
    lines = [
        "# What the drift checks see", "",
        "Written by `make bench-drift` (`python -m bench.drift`), not by hand.", "",
        f"Machine: {machine()}.", "",
        f"Versions: Python {platform.python_version()}, {versions}.", "",
        f"Thresholds: {used}.",
    ]  # fmt: skip
    for section in sections:
        lines += [
            "", f"## {section.title}", "",
            f"`python -m bench.drift --part {section.part}`, {section.measured_at};"
            f" others took {section.others_share:.0%} of the processors.", "", section.intro,
        ]  # fmt: skip
        for rows in section.tables:
            lines += ["", *table(rows)]
        lines += [*([""] if section.notes else []), *(f"- {note}" for note in section.notes)]
    return "\n".join(lines) + "\n"
