"""The faults. Each kind yields a trial after another: what was done, and what did not hold afterwards."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import yaml

from bench.faults import holds, kills
from bench.faults.clock import NoCompilerError, compiled, day_seen_from, moments, shifted
from bench.faults.company import EXPORT, Company, Done, at_rest, finished, run, start
from bench.faults.trial import CannotTryError, Mended, Options, Trial
from clientele.landing.inbox import drop_folder
from clientele.publishing.versions import Published

DISK = 400_000_000  # bytes; the warehouse of 300 customers takes about a quarter


def full_disk(options: Options) -> Iterator[Trial]:
    """A small tmpfs that holds the warehouse and little else; then there is room again."""
    # From a disk on which not even the export lands, to one on which only the publication may not fit.
    for free_kb in (64, 4_000, 24_000):
        with _small_disk(options.company):
            mended = Mended.begun(options.company, f"{free_kb:,} kB free")
            ballast = _fill(mended.home, free_kb * 1024)
            done = run(mended.home, "daily")
            mended.trial.what += f": {_ended(done)}"
            mended.check("with the disk full")
            ballast.unlink()
            yield mended.next_run()


@contextmanager
def _small_disk(company: Company) -> Iterator[None]:
    if os.geteuid() != 0:
        raise CannotTryError("mounting a tmpfs needs root")
    shutil.rmtree(company.home, ignore_errors=True)
    company.home.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(company.home)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        raise CannotTryError(f"a tmpfs cannot be mounted: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(company.home)], check=True)


def _fill(home: Path, free: int) -> Path:
    """Fill the disk of `home` but for some bytes."""
    ballast = home / "ballast"
    with ballast.open("wb") as handle:
        os.posix_fallocate(handle.fileno(), 0, shutil.disk_usage(home).free - free)
    return ballast


def failing_check(options: Options) -> Iterator[Trial]:
    """A dbt test of severity error fails; then the data are mended. Drift is an error; then it no longer is."""
    mended = Mended.begun(options.company, "a batch of orders stands in the lake twice, then is removed")
    twice = mended.home / "lake" / "raw" / "batch=900"
    twice.mkdir()
    shutil.copy(mended.home / "lake" / "raw" / "batch=1" / "orders.parquet", twice)
    mended.expect_failure(run(mended.home, "daily"), "unique_combination_stg_commerce__orders")
    mended.check("after the check failed", is_unchanged=True)
    shutil.rmtree(twice)
    yield mended.next_run()

    mended = Mended.begun(options.company, "drift of feat_orders made an error, then a warning again")
    path = mended.home / "vars.yml"
    own = path.read_text()
    strict = {"drift_error_on": ["feat_orders"], "drift_psi_from": 0.01}
    path.write_text(yaml.safe_dump(yaml.safe_load(own) | strict))
    # The check itself and the audit, not a name that no check goes by.
    named = "is named by drift_error_on and missed: feat_orders"
    mended.expect_failure(run(mended.home, "daily"), "error: features/feat_orders: drift", "drift failed: ", named)
    mended.check("after the check failed", is_unchanged=True)
    path.write_text(own)
    yield mended.next_run()


def corrupt_parquet(options: Options) -> Iterator[Trial]:
    """A landed file is cut short, or its middle overwritten; then it is brought back from a backup."""
    for name, (how, corrupt) in CORRUPTIONS.items():
        mended = Mended.begun(options.company, f"{name}.parquet of the first batch: {how}")
        path = mended.home / "lake" / "raw" / "batch=1" / f"{name}.parquet"
        whole = path.read_bytes()
        path.write_bytes(corrupt(whole))
        done = run(mended.home, "daily")
        path.write_bytes(whole)
        mended.expect_failure(done, f"batch=1/{name}.parquet", "backup")
        mended.check("after the failed run", is_unchanged=True)
        yield mended.next_run()


def zeroed(whole: bytes) -> bytes:
    """A file whose ends are well, while most of its values are gone."""
    return whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2 :]


# Of orders the next export has some, too; of order_items dbt is the first to read.
CORRUPTIONS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "orders": ("its first half zeroed", zeroed),
    "order_items": ("its first half zeroed", zeroed),
    "returns": ("cut to half", lambda whole: whole[: len(whole) // 2]),
    "landings": ("empty", lambda _whole: b""),
}


def schema_change(options: Options) -> Iterator[Trial]:
    """A column of the next export is renamed, holds words, or is new; then the export comes as it was."""
    for what, change in SCHEMAS.items():
        mended = Mended.begun(options.company, what)
        path = drop_folder(mended.home) / EXPORT / "orders.csv"
        as_agreed = path.read_text()
        path.write_text(change(as_agreed))
        at_rest(path.parent)
        done = run(mended.home, "daily")
        # A new column may be a renamed one: what nobody mapped is not left out in silence.
        mended.expect_failure(done, "orders", "vat_id" if what.startswith("one column more") else "amount")
        mended.check("after the failed run", is_unchanged=True)
        path.write_text(as_agreed)
        at_rest(path.parent)
        yield mended.next_run()


def _with_header(text: str, change: Callable[[str], str]) -> str:
    header, _, rows = text.partition("\n")
    return f"{change(header)}\n{rows}"


SCHEMAS: dict[str, Callable[[str], str]] = {
    "amount is now called total": lambda text: _with_header(text, lambda header: header.replace("amount", "total")),
    "amount holds words": lambda text: re.sub(r",(\d+),EUR", r",EUR \1 only,EUR", text),
    "one column more, which nobody asked for": lambda text: (
        "\n".join(
            f"{line},{'vat_id' if number == 0 else 'X'}" for number, line in enumerate(text.rstrip("\n").split("\n"))
        )
        + "\n"
    ),
}


def long_reader(options: Options) -> Iterator[Trial]:
    """A reader opens the published file before the run, and asks it over and over until the run is through."""
    mended = Mended.begun(options.company, "one connection")
    sql = "select count(*), max(snapshot_date) from marts.customer_profile"
    reader = duckdb.connect(str(Published(mended.home).database(str(mended.before))), read_only=True)
    first, asked = reader.execute(sql).fetchall(), 0
    running = start(mended.home, "daily")
    while running.process.poll() is None:
        asked += 1
        if reader.execute(sql).fetchall() != first:
            mended.note(["it saw something else"], "the reader")
        time.sleep(0.2)
    done = finished(running)
    mended.note([f"it failed: {done.said[-1500:]}"] if done.code else [], "the run")
    # And one that had it open from before, while the version is no longer the current.
    if reader.execute(sql).fetchall() != first:
        mended.note(["it saw something else after the switch"], "the reader")
    reader.close()
    mended.trial.what += f", asked {asked:,} times"
    yield mended.concluded(mended.before, "after the run")


def second_run(options: Options) -> Iterator[Trial]:
    """A second daily run is started beside the first: both end well."""
    for seconds in (10.0,):
        mended = Mended.begun(options.company, f"{seconds:.0f} s after the first")
        first = start(mended.home, "daily")
        time.sleep(seconds)
        second = start(mended.home, "daily")
        for name, running in (("the first run", first), ("the second run", second)):
            done = finished(running)
            mended.note([f"it failed: {done.said[-1500:]}"] if done.code else [], name)
        yield mended.concluded(mended.before, "after both")


def clock(options: Options) -> Iterator[Trial]:
    """The run goes over midnight, or over the hour that the clocks of Berlin leave out or show twice."""
    try:
        library = compiled(options.company.folder)
    except NoCompilerError as error:
        raise CannotTryError(str(error)) from error
    for what, moment in moments(datetime.now(UTC)).items():
        # Some seconds before it, while definitions load, so that the moment passes while the run lands and builds.
        begin = moment - timedelta(seconds=25)
        mended = Mended.begun(options.company, f"{what}: {moment:%Y-%m-%d %H:%M} UTC", is_live=True)
        done = run(mended.home, "daily", environment=shifted(library, begin))
        mended.note([f"it failed: {done.said[-1500:]}"] if done.code else [], "the run")
        mended.check("after the run")
        mended.day = day_seen_from(begin)
        shown = holds.the_next_day_is_published(mended.home, mended.day.isoformat(), mended.before)
        mended.note(shown, "after the run")
        # The next run is that of the next morning; nothing new came.
        tomorrow = datetime.combine(moment.date() + timedelta(days=1), datetime.min.time(), UTC)
        yield mended.next_run(shifted(library, tomorrow + timedelta(hours=5)))


def _ended(done: Done) -> str:
    """How a run ended, in a few words."""
    failed = re.findall(r"^(\w+) failed: (.*)$", done.said, re.MULTILINE)
    if not done.code:
        return "it was enough"
    return f"{failed[0][0].split('__')[-1]} failed" if failed else f"the run ended with code {done.code}"


KINDS: dict[str, Callable[[Options], Iterator[Trial]]] = {
    "kills": kills.kills,
    "kills_behind_dbt": kills.kills_behind_dbt,
    "kills_alone": kills.kills_alone,
    "full_disk": full_disk,
    "failing_check": failing_check,
    "corrupt_parquet": corrupt_parquet,
    "schema_change": schema_change,
    "long_reader": long_reader,
    "second_run": second_run,
    "clock": clock,
}
TITLES = {
    "kills": "kill -9 of all processes of the run",
    "kills_behind_dbt": "kill -9 of all processes behind the build",
    "kills_alone": "kill -9 of Dagster's process alone",
    "full_disk": "a full disk",
    "failing_check": "a failing check",
    "corrupt_parquet": "a corrupt Parquet file in the lake",
    "schema_change": "a schema change in an export",
    "long_reader": "a reader that holds the published file",
    "second_run": "a second run started meanwhile",
    "clock": "a clock across midnight and daylight saving time",
}
