"""What bench/faults holds a warehouse to: each detector of a loss sees one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from bench.faults import holds
from bench.faults.company import EXPORT, drop_next_day
from clientele.landing import load
from clientele.landing.inbox import drop_folder
from clientele.publishing.publication import publish
from clientele.publishing.versions import Published
from tests.unit.publishing.company import Company

CUSTOMERS = 50


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A lake of some customers with an order each, and a next day's export that has landed."""
    home, exports = tmp_path / "warehouse", tmp_path / "exports"
    exports.mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select 'c' || i as customer_id, timestamp '2025-01-01' as registered_at"
            f" from range({CUSTOMERS}) as t(i)) to '{exports}/customers.csv' (header)"
        )
        connection.execute(
            "copy (select 'o' || i as order_id, 'c' || i as customer_id, timestamp '2025-06-01 12:00:00' as ordered_at,"
            " 10 as amount, 'EUR' as currency, 'completed' as status, 'web' as channel"
            f" from range({CUSTOMERS}) as t(i)) to '{exports}/orders.csv' (header)"
        )
    mapping = exports / "mapping.yml"
    mapping.write_text("version: 1\nentities:\n  customers: {path: customers.csv}\n  orders: {path: orders.csv}\n")
    load(mapping, home=home)
    drop_next_day(home)
    load(drop_folder(home) / EXPORT / "mapping.yml", home=home)
    return home


def test_rows_that_are_gone_from_the_lake_are_seen(home: Path, tmp_path: Path) -> None:
    before = Path(shutil.copytree(home, tmp_path / "before", symlinks=True))
    assert holds.nothing_landed_is_lost(before, home) == []
    path = home / "lake" / "raw" / "batch=1" / "orders.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table rows as from read_parquet('{path}', hive_partitioning = false) offset 1")
        connection.execute(f"copy rows to '{path}'")
    assert holds.nothing_landed_is_lost(before, home) == ["1 rows of orders are gone from the lake"]
    path.unlink()
    assert holds.nothing_landed_is_lost(before, home) == [f"{CUSTOMERS} rows of orders are gone from the lake"]


def test_an_export_that_landed_twice_or_in_part_is_seen(home: Path) -> None:
    assert holds.the_export_landed_once(home) == []
    landed = home / "lake" / "raw" / "batch=2"
    shutil.copytree(landed, landed.with_name("batch=900"))
    assert holds.the_export_landed_once(home) == [
        f"{name}: 40 rows were exported; the lake has 80 of 40 keys" for name in ("orders", "sessions")
    ]
    shutil.rmtree(landed.with_name("batch=900"))
    (landed / "sessions.parquet").unlink()
    assert holds.the_export_landed_once(home) == ["sessions: 40 rows were exported; the lake has 0 of 0 keys"]


@pytest.fixture
def published(tmp_path: Path) -> Published:
    """A small warehouse of two versions."""
    company = Company(tmp_path / "published_warehouse")
    for number in (1, 2):
        company.run(number)
        publish(company.home)
    return Published(company.home)


def test_a_publication_that_is_not_whole_is_seen(published: Published) -> None:
    home, (first, second) = published.root.parent, published.versions()
    assert holds.published_is_whole(home) == []
    path = published.root / second / "manifest.json"
    manifest = json.loads(path.read_text())
    other = json.loads((published.root / first / "manifest.json").read_text())

    def said(content: dict) -> list[str]:
        path.chmod(0o644)
        path.write_text(json.dumps(content))
        return holds.published_is_whole(home)

    assert said(other)[0] == f"the link says {second}, the manifest {first}"
    tables = dict(manifest["tables"])
    gone = tables.pop("marts.totals")
    assert said(manifest | {"tables": tables}) == ["tables differ from the manifest: ['marts.totals']"]
    changed = tables | {"marts.totals": gone | {"hash": "0"}}
    [found] = said(manifest | {"tables": changed})
    assert found.startswith("marts.totals has ")
    assert said(manifest) == []
    published.database(second).unlink()
    [found] = holds.published_is_whole(home)
    assert found.startswith("published cannot be read: ")


def test_a_day_that_readers_do_not_see_and_what_was_left_behind_are_seen(published: Published) -> None:
    home, (first, second) = published.root.parent, published.versions()
    assert holds.the_next_day_is_published(home, "2026-01-03", first) == []
    assert holds.the_next_day_is_published(home, "2026-01-04", second) == [
        f"readers still see {second}", "readers see the snapshot 2026-01-03, not 2026-01-04",
    ]  # fmt: skip
    assert holds.left_behind(home) == []
    (published.root / "_publishing-1").mkdir()
    assert holds.left_behind(home) == ["published/_publishing-1 was left behind"]
