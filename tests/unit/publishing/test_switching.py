"""Readers see one version or another, never a mix and never an error, whatever is switched, killed or rolled back."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import duckdb
import pytest

from clientele.publishing.errors import PublishingError
from clientele.publishing.history import publications, record_publication
from clientele.publishing.publication import KEPT, publish
from clientele.publishing.rollback import rollback
from clientele.publishing.side_file import content_of
from clientele.publishing.status import status
from clientele.publishing.versions import Published
from clientele.querying import open_published
from clientele.records import Records
from tests.unit.publishing.company import Company
from tests.unit.publishing.workers import MOMENTS, processes, publish_again_and_again, publish_and_die, read_until

SWITCHES = 30
PUBLISHED_AMONG_THEM = 5
KILLS = 8


def test_readers_see_whole_versions_during_switches(company: Company) -> None:
    publish(company.home)
    context, seen_by_threads = processes(), Queue[tuple]()
    stop, begun, seen = context.Event(), [context.Event() for _reader in range(4)], context.Queue()
    threads = [
        threading.Thread(target=read_until, args=(company.home, stop, event, seen_by_threads)) for event in begun[:2]
    ]
    others = [context.Process(target=read_until, args=(company.home, stop, event, seen)) for event in begun[2:]]
    for reader in (*threads, *others):
        reader.start()
    assert all(event.wait(30) for event in begun)
    try:
        for number in range(SWITCHES):
            if number % (SWITCHES // PUBLISHED_AMONG_THEM) == 0:
                company.write_build(number + 2)
                publish(company.home)
            else:
                versions = Published(company.home).versions()
                rollback(company.home, versions[number % len(versions)])
    finally:
        stop.set()
    found = [seen_by_threads.get(timeout=30) for _thread in threads] + [seen.get(timeout=30) for _other in others]
    for reader in (*threads, *others):
        reader.join()
    print(f"{sum(reads for reads, _builds, _wrong in found)} reads during {SWITCHES} switches")
    assert [wrong for _reads, _builds, wrong in found] == [[]] * 4
    assert max(builds for _reads, builds, _wrong in found) > 1


def assert_whole(home: Path) -> None:
    """What readers see is one version, and all that its manifest says."""
    published = Published(home)
    manifest = published.manifest(str(published.current()))
    assert (home / "published" / "current.duckdb").resolve() == published.database(manifest["version"])
    with open_published(home) as connection:
        for name, told in manifest["tables"].items():
            found = content_of(connection, name)
            assert (found.rows, found.hash) == (told["rows"], told["hash"])


def assert_nothing_is_left(home: Path) -> None:
    published = Published(home)
    assert {path.name for path in published.root.iterdir()} == {
        ".lock", "current", "current.duckdb", "manifest.json", *published.versions(),
    }  # fmt: skip
    assert len(published.versions()) <= KEPT
    recorded = [seen.version for seen in publications(home) if seen.action == "publish"]
    assert len(set(recorded)) == len(recorded)
    assert set(published.versions()) <= set(recorded)
    assert publications(home)[-1].version == published.current()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_publication_killed_at_a_moment_that_matters(full: Company, moment: str) -> None:
    full.write_build(2)
    child = processes().Process(target=publish_and_die, args=(full.home, moment))
    child.start()
    child.join(30)
    assert child.exitcode == -9
    assert_whole(full.home)
    status(full.home)
    assert publications(full.home)[-1].version == Published(full.home).current()
    publish(full.home)
    assert_whole(full.home)
    assert_nothing_is_left(full.home)


def test_publications_killed_at_random_moments(company: Company) -> None:
    publish(company.home)
    draw = random.Random(20)
    for number in range(KILLS):
        company.write_build(number + 2)
        begun = processes().Event()
        child = processes().Process(target=publish_again_and_again, args=(company.home, begun))
        child.start()
        assert begun.wait(30)
        time.sleep(draw.uniform(0, 0.8))
        child.kill()
        child.join()
        assert_whole(company.home)
        publish(company.home)
        with open_published(company.home) as connection:
            assert connection.execute("select max(build) from marts.customers").fetchall() == [(number + 2,)]
        assert_nothing_is_left(company.home)


def test_a_first_publication_that_was_killed_before_its_switch_was_none(company: Company) -> None:
    child = processes().Process(target=publish_and_die, args=(company.home, "in place, not yet switched"))
    child.start()
    child.join(30)
    assert status(company.home).current is None
    assert publications(company.home) == []
    assert not (company.home / "published" / "current.duckdb").exists()
    publish(company.home)
    assert_nothing_is_left(company.home)


def test_a_return_takes_less_than_a_second_and_is_recorded(company: Company) -> None:
    versions = []
    for number in (1, 2, 3):
        company.write_build(number)
        versions.append(publish(company.home).manifest["version"])
    started = time.perf_counter()
    assert rollback(company.home)["version"] == versions[1]
    seconds = time.perf_counter() - started
    print(f"rolled back in {seconds:.3f} s")
    assert seconds < 1
    company.write_build(4)
    versions.append(publish(company.home).manifest["version"])
    # What readers saw before, not the version in between that they were spared.
    assert rollback(company.home)["version"] == versions[1]
    assert rollback(company.home)["version"] == versions[0]
    assert [(seen.action, seen.version) for seen in publications(company.home)] == [
        ("publish", versions[0]), ("publish", versions[1]), ("publish", versions[2]), ("rollback", versions[1]),
        ("publish", versions[3]), ("rollback", versions[1]), ("rollback", versions[0]),
    ]  # fmt: skip
    with open_published(company.home) as connection:
        assert connection.execute("select max(build) from marts.customers").fetchall() == [(1,)]


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No record can be written meanwhile."""

    def full(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Records, "_write", full)
        yield


def test_returning_waits_for_no_run_and_needs_no_records(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    from clientele.locks import holding_warehouse

    first = publish(company.home).manifest["version"]
    second = publish(company.home).manifest["version"]

    with holding_warehouse(company.home, "a run"), full_disk(monkeypatch):
        assert rollback(company.home)["version"] == first
    assert [seen.action for seen in publications(company.home)] == ["publish", "publish"]
    status(company.home)
    assert [(seen.action, seen.version) for seen in publications(company.home)][1:] == [
        ("publish", second), ("rollback", first),
    ]  # fmt: skip


def test_a_version_that_was_seen_on_a_full_disk_and_left_is_recorded_and_its_number_not_given_again(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(company.home).manifest["version"]

    with full_disk(monkeypatch):
        second = publish(company.home).manifest["version"]
        assert rollback(company.home)["version"] == first
    status(company.home)
    assert [(seen.action, seen.version) for seen in publications(company.home)] == [
        ("publish", first), ("publish", second), ("rollback", first),
    ]  # fmt: skip
    assert Published(company.home).left() == set()
    assert publish(company.home).manifest["version"].endswith("-0003")
    assert Published(company.home).versions()[:2] == [first, second]


def test_a_version_that_was_removed_by_hand_can_be_left(full: Company) -> None:
    current = str(Published(full.home).current())
    shutil.rmtree(full.home / "published" / current)
    with pytest.raises(PublishingError, match="`clientele rollback` returns to a version that is kept"):
        status(full.home)
    assert rollback(full.home)["version"] < current
    assert status(full.home).current is not None


def test_a_damaged_version_that_was_never_recorded_blocks_no_return(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(company.home).manifest["version"]

    with full_disk(monkeypatch):
        second = publish(company.home).manifest["version"]
    manifest = company.home / "published" / second / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text("{")
    assert rollback(company.home)["version"] == first
    assert Published(company.home).current() == first


def test_recording_twice_makes_one_row(company: Company) -> None:
    manifest = publish(company.home).manifest
    record_publication(company.home, manifest)
    assert len(publications(company.home)) == 1


def test_a_client_can_open_the_link_itself(company: Company) -> None:
    publish(company.home)
    link = company.home / "published" / "current.duckdb"
    with duckdb.connect(str(link), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.customers").fetchall() == [(100,)]
