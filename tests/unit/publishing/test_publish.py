"""A publication holds what was built, whole and compared, and says where it came from."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta

import duckdb
import pytest
from typer.testing import CliRunner

from clientele.cli import app
from clientele.contract import PROJECT_ROOT
from clientele.locks import HeldError, holding_warehouse
from clientele.publishing import side_file
from clientele.publishing.errors import PublishingError
from clientele.publishing.publication import KEPT, RefusedError, publish
from clientele.publishing.rollback import rollback
from clientele.publishing.side_file import SideFile, content_of
from clientele.publishing.status import status
from clientele.publishing.versions import Published
from clientele.querying import NoBuildError, open_published
from tests.unit.publishing.company import Company
from tests.unit.publishing.workers import processes, publish_with_little_disk

READER = PROJECT_ROOT / ".venv-reader" / "bin" / "python"


def read(company: Company, sql: str) -> list[tuple]:
    with open_published(company.home) as connection:
        return connection.execute(sql).fetchall()


def folders(company: Company) -> set[str]:
    """What lies in the published folder, besides the links and the lock."""
    return {path.name for path in (company.home / "published").iterdir() if path.is_dir() and not path.is_symlink()}


def test_tables_and_views_are_published_as_tables(company: Company) -> None:
    publish(company.home)
    built = duckdb.connect(str(company.home / "build.duckdb"), read_only=True)
    for table in ("marts.customers", "marts.days", "marts.totals", "governance.landings"):
        assert str(read(company, f"from {table} order by all")) == str(
            built.execute(f"from {table} order by all").fetchall()
        )
    assert read(company, "select count(*) from duckdb_views() where not internal") == [(0,)]
    assert read(company, "select count(*) from duckdb_tables() where schema_name not in ('marts', 'governance')") == [
        (0,)
    ]
    nullable = "select column_name from duckdb_columns() where not is_nullable and not internal"
    assert read(company, nullable) == [("customer_id",)]


def test_manifest_and_publications_say_what_when_and_from_what(company: Company) -> None:
    manifest = publish(company.home, run_id="daily-7").manifest
    published = company.home / "published"
    assert manifest["version"] == "2026-01-02-0001"
    on_disk = json.loads((published / "manifest.json").read_text())
    known = {"run_id": "daily-7", "lake_batch": 1, "feature_version": "features", "models": {"churn": "v1"}}
    assert known.items() <= on_disk.items()
    assert on_disk["n_tables"] == 7
    assert on_disk["bytes"] == (published / "current.duckdb").stat().st_size
    assert on_disk["tables"]["marts.customers"]["rows"] == 100
    assert on_disk["tables"]["marts.customers"]["snapshot_date"] == "2026-01-02"
    columns = "version, action, run_id, lake_batch, n_tables, n_rows, bytes, models_json, published_at"
    [inside] = read(company, f"select {columns} from governance.publications")
    [outside] = duckdb.execute(
        f"select {columns} from read_parquet($1)", [str(company.home / "records" / "publications" / "*.parquet")]
    ).fetchall()
    assert inside == outside
    assert inside[:7] == ("2026-01-02-0001", "publish", "daily-7", 1, 7, on_disk["n_rows"], on_disk["bytes"])
    with open_published(company.home) as connection:
        for name, told in on_disk["tables"].items():
            found = content_of(connection, name)
            assert (found.rows, found.hash) == (told["rows"], told["hash"])


def test_versions_are_numbered_on_and_the_newest_are_kept(company: Company) -> None:
    for number in range(1, KEPT + 3):
        company.write_build(number, rows=3)
        removed = publish(company.home).removed
    assert removed == ["2026-01-03-0002"]
    kept = {f"2026-01-{number + 1:02d}-{number:04d}" for number in range(3, KEPT + 3)}
    assert folders(company) == kept
    assert len(read(company, "from governance.publications")) == KEPT + 2
    for version in kept:
        Published(company.home).remove(version)
    (company.home / "published" / "current").unlink()
    # Folders are gone, records are not: a number is never given twice.
    assert publish(company.home).manifest["version"] == "2026-01-08-0008"


def test_the_version_to_return_to_is_kept_however_old(company: Company) -> None:
    first = publish(company.home).manifest["version"]
    for _number in range(KEPT):
        publish(company.home)
    assert first not in folders(company)
    oldest = min(folders(company))
    rollback(company.home, oldest)
    latest = publish(company.home).manifest
    assert latest["previous"] == oldest
    assert oldest in folders(company)
    assert len(folders(company)) == KEPT + 1
    assert rollback(company.home)["version"] == oldest


@pytest.fixture
def _spoilt(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """Each table is changed in the side file once it is copied."""
    copy = SideFile.copy

    def spoiling(self: SideFile, relation: side_file.Relation) -> side_file.Content:
        content = copy(self, relation)
        if relation.name == "customers":
            self.connection.execute(request.param)
        return content

    monkeypatch.setattr(SideFile, "copy", spoiling)
    yield
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("_spoilt", "difference"),
    [
        ("update side.marts.customers set spent = 0 where customer_id = 'c3'", "has other values"),
        ("update side.marts.customers set tags = [] where customer_id = 'c3'", "has other values"),
        ("update side.marts.customers set tags = ['a', 'b'] where customer_id = 'c2'", "has other values"),
        ("update side.marts.customers set customer_id = 'c' where customer_id = 'c2'", "has other values"),
        ("delete from side.marts.customers where customer_id = 'c3'", "has 99 rows, built were 100"),
        ("alter table side.marts.customers drop column spent", "has other columns"),
    ],
    indirect=["_spoilt"],
)
@pytest.mark.usefixtures("_spoilt")
def test_a_copy_that_differs_is_refused(company: Company, difference: str) -> None:
    with pytest.raises(PublishingError, match=rf"marts\.customers {difference}"):
        publish(company.home)
    assert folders(company) == set()
    assert Published(company.home).current() is None


def test_the_order_of_rows_is_no_difference() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table a as select i, 'x' || i as x, [i, null] as y from range(9) as t(i)")
        connection.execute("create table b as from a order by i desc")
        assert content_of(connection, "a") == content_of(connection, "b")


def test_a_refused_build_leaves_readers_what_they_have(company: Company) -> None:
    before = publish(company.home).manifest
    company.built("stg", company.run(2) + timedelta(hours=1), run=3)
    with pytest.raises(RefusedError, match="is older than what it is about"):
        publish(company.home)
    assert status(company.home).current == json.loads(json.dumps(before, default=lambda value: value.isoformat()))
    assert folders(company) == {before["version"]}


def test_one_writer_at_a_time(company: Company) -> None:
    with (
        holding_warehouse(company.home, "a run"),
        pytest.raises(HeldError, match=rf"held by a run \(process {os.getpid()}, since .* UTC\): wait until"),
    ):
        publish(company.home)
    publish(company.home)


def test_nothing_to_read_before_the_first_publication(company: Company) -> None:
    with pytest.raises(NoBuildError, match="clientele publish"):
        open_published(company.home)


def test_a_reader_keeps_its_version(company: Company) -> None:
    path = Published(company.home).database(publish(company.home).manifest["version"])
    with open_published(company.home) as reader:
        company.run(2)
        for _number in range(KEPT):
            publish(company.home)
        assert not path.exists()
        assert reader.execute("select distinct build from marts.customers").fetchall() == [(1,)]
    assert read(company, "select distinct build from marts.customers") == [(2,)]


def test_a_disk_that_fills_leaves_all_as_it_was(company: Company) -> None:
    """A limit on the size of files stands for the full disk: the write fails in the same place, for any user."""
    before = publish(company.home).manifest["version"]
    company.run(2, rows=50_000)
    said = processes().Queue()
    child = processes().Process(target=publish_with_little_disk, args=(company.home, 600_000, said))
    child.start()
    message = said.get(timeout=30)
    child.join()
    assert f"Readers keep version {before}. Where the disk is full make room" in message
    assert folders(company) == {before}
    assert read(company, "select max(build) from marts.customers") == [(1,)]
    publish(company.home)
    assert read(company, "select max(build), count(*) from marts.customers") == [(2, 50_000)]


@pytest.fixture
def small_disk(company: Company) -> Iterator[None]:
    """A file system of 8 MB for what is published."""
    folder = company.home / "published"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system is not permitted here")
    yield
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.usefixtures("small_disk")
def test_a_small_disk_fills(company: Company) -> None:
    company.write_build(1, rows=1_000_000)
    with pytest.raises(PublishingError, match=r"No space left on device.*\. Readers keep version none"):
        publish(company.home)
    assert folders(company) == set()
    company.write_build(1, rows=10)
    publish(company.home)


@pytest.mark.skipif(not READER.exists(), reason="no .venv-reader with DuckDB 1.5: `make setup-dev` makes it")
def test_a_client_of_duckdb_1_5_reads_it(company: Company) -> None:
    publish(company.home)
    script = (
        "import duckdb, sys\n"
        "with duckdb.connect(sys.argv[1], read_only=True) as connection:\n"
        "    rows = connection.execute('select count(*), max(build), count(spent) from marts.customers').fetchall()\n"
        "    versions = connection.execute('select version from governance.publications').fetchall()\n"
        "    print(duckdb.__version__, rows, versions)\n"
    )
    path = company.home / "published" / "current.duckdb"
    run = subprocess.run([READER, "-c", script, path], capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.stdout.startswith("1.5.")
    assert run.stdout.endswith("[(100, 1, 83)] [('2026-01-02-0001',)]\n")


def command(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, words)
    return result.exit_code, result.output


def test_the_commands(company: Company) -> None:
    at = ("--home", str(company.home))
    assert command("status", *at)[1].startswith("nothing is published yet\nbuild     newer")
    code, said = command("publish", *at)
    assert (code, said.splitlines()[0][:43]) == (0, "published 2026-01-02-0001: snapshot 2026-01")
    assert command("rollback", *at) == (
        2, "error: 2026-01-02-0001 is the only version that is kept: there is none before it\n",
    )  # fmt: skip
    company.run(2)
    assert "next: " in command("status", *at)[1]
    assert command("publish", *at)[0] == 0
    assert command("query", "--published", "select max(build) as b from marts.days", "--csv", *at)[1] == "b\n2\n"
    code, said = command("rollback", *at)
    assert (code, said.splitlines()[0]) == (0, "readers see 2026-01-02-0001, snapshot 2026-01-02")
    code, said = command("rollback", "2026-01-09-0009", *at)
    assert (code, said) == (
        2,
        "error: version 2026-01-09-0009 is not kept: there are 2026-01-02-0001, 2026-01-03-0002\n",
    )
    later = company.run(3) + timedelta(hours=1)
    company.checked("customers_key", "customers", later, status="fail")
    company.built("days", later, status="error", message="out of memory")
    code, said = command("publish", *at)
    assert code == 1
    assert "error: its last build ended as error (out of memory): days. Mend it; `clientele run`" in said
    assert "findings. Readers keep what they see." in said
    assert "would be refused" in command("status", *at)[1]
