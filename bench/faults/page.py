"""What was tried, as a page: ``faults.md`` is written from here and nowhere else."""

from __future__ import annotations

import fcntl
import json
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.faults.trial import Trial
from bench.faults.trials import KINDS, TITLES
from bench.report import machine, table

PACKAGES = ("dagster", "dbt-core", "dbt-duckdb", "duckdb")
INTRO = """\
Each trial starts from a company of {customers} customers after its first day. The orders and sessions of a next day
are dropped, the job `daily` is started and put through the fault. Then, and again after one more run without any other
step: published is complete and of one version (link, manifest and the file's own publications agree; every table is
read, and its rows and hash are those of the manifest), and every row that was in the lake is in it still, as it was.
After the next run the dropped rows are in the lake once, readers see a new version of the new day, and nothing
half-written is left. What does not hold is a loss."""
# What a fault asks of people. The others ask nothing.
MANUAL = {
    "full_disk": "room on the disk",
    "failing_check": "mended data, or a mended setting",
    "corrupt_parquet": "the file from a backup: the run that met it names it and says so",
    "schema_change": "the export as it was agreed on, or a mended mapping: the run that met it names file and column",
}


@dataclass
class Section:
    """The trials of a kind."""

    kind: str
    about: str
    customers: int
    trials: list[Trial] = field(default_factory=list)
    tried_at: str = ""

    @property
    def losses(self) -> int:
        """Trials in which something was lost."""
        return sum(bool(trial.losses) for trial in self.trials)


def write(kind: str, trial: Trial, page: Path, *, customers: int, is_first: bool) -> None:
    """Add a trial to the page; the first of its kind takes the place of those that were there."""
    store = page.with_suffix(".json")
    with page.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several may try at once, on companies of their own
        kept = json.loads(store.read_text()) if store.exists() else {}
        if is_first or kind not in kept:
            kept[kind] = asdict(Section(kind, KINDS[kind].__doc__ or "", customers))
        kept[kind]["trials"].append(asdict(trial))
        kept[kind]["tried_at"] = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        kept = {kind: kept[kind] for kind in KINDS if kind in kept}
        store.write_text(json.dumps(kept, indent=1) + "\n")
        parts = [Section(**spec | {"trials": [Trial(**tried) for tried in spec["trials"]]}) for spec in kept.values()]
        page.write_text(_page(parts))


def _page(sections: list[Section]) -> str:
    rows = [["fault", "trials", "losses", "what it asks of people before the next run"]]
    rows += [
        [TITLES[s.kind], str(len(s.trials)), str(s.losses), MANUAL.get(s.kind, "nothing")] for s in sections
    ]  # fmt: skip
    trials, losses = sum(len(s.trials) for s in sections), sum(s.losses for s in sections)
    rows.append(["**all**", f"**{trials}**", f"**{losses}**", ""])
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    lines = [
        "# Faults, for real", "",
        "Written by `make bench-faults` (`python -m bench.faults`), not by hand.", "",
        f"Machine: {machine()}.", "",
        f"Versions: Python {platform.python_version()}, {versions}.", "",
        INTRO.format(customers=sections[0].customers), "",
        *table(rows),
    ]  # fmt: skip
    for section in sections:
        lines += [
            "", f"## {TITLES[section.kind][0].upper()}{TITLES[section.kind][1:]}", "",
            f"{section.about} `python -m bench.faults --kind {section.kind}`, {section.tried_at}.", "",
            *table([["trial", "lost", "seconds"], *(_row(trial) for trial in section.trials)]),
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _row(trial: Trial) -> list[str]:
    lost = "; ".join(" ".join(loss.split())[:300].replace("|", "/") for loss in trial.losses)
    return [trial.what, lost or "nothing", f"{trial.seconds:.0f}"]
