"""Equal parameters give equal files; formats follow the size of the company."""

from __future__ import annotations

import zlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from clientele.demo import World, rows_written, write_demo, write_world
from clientele.demo import exports as exports_module
from clientele.demo.seasons import SUMMER_ENDS, Season, berlin_offset, without_repeated_hour
from clientele.landing import load


def checksums(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): zlib.crc32(path.read_bytes()) for path in folder.rglob("*") if path.is_file()
    }


def test_the_same_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("once", "again"):
        write_demo(tmp_path / name, customers=200, seed=7, as_of=date(2025, 6, 1), years=2)
    assert checksums(tmp_path / "once") == checksums(tmp_path / "again")


def test_another_seed_gives_another_company(tmp_path: Path) -> None:
    write_demo(tmp_path / "a", customers=60, seed=1)
    write_demo(tmp_path / "b", customers=60, seed=2)
    a, b = checksums(tmp_path / "a"), checksums(tmp_path / "b")
    assert a["shop/bestellungen.csv"] != b["shop/bestellungen.csv"]


def test_a_second_call_replaces_the_first(tmp_path: Path) -> None:
    write_world(tmp_path, World(customers=60, chunk_customers=20))
    write_demo(tmp_path, customers=60)
    assert not list(tmp_path.glob("shop/bestellungen-*"))
    rows, entities = rows_written(tmp_path)
    assert rows > 5_000
    assert entities == 35


def test_chunks_do_not_depend_on_their_order(tmp_path: Path) -> None:
    few, many = World(customers=100, chunk_customers=50), World(customers=150, chunk_customers=50)
    write_world(tmp_path / "few", few)
    write_world(tmp_path / "many", many)
    a, b = checksums(tmp_path / "few"), checksums(tmp_path / "many")
    for file in ("shop/bestellungen-0001.csv", "web/sessions-0002.jsonl", "finance/umsaetze-0002.csv.gz"):
        assert a[file] == b[file]


def test_large_exports_are_parquet_and_land_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(customers=60)
    # Local times, German decimals, jsonl, a sheet, quotes and line ends.
    kept = ("customers", "orders", "bank_transactions", "sessions", "loans", "support_tickets")
    write_world(tmp_path / "text", world)
    monkeypatch.setattr(exports_module, "PARQUET_FROM", 10)
    write_world(tmp_path / "typed", world)
    assert (tmp_path / "typed" / "shop" / "bestellungen.parquet").exists()
    landed = []
    for kind in ("text", "typed"):
        mapping = tmp_path / kind / "mapping.yml"
        document = yaml.safe_load(mapping.read_text())
        document["entities"] = {name: document["entities"][name] for name in kept}
        mapping.write_text(yaml.safe_dump(document))
        load(mapping, home=tmp_path / f"home-{kind}", now=datetime(2026, 1, 1, 6))
        with duckdb.connect() as con:
            raw = tmp_path / f"home-{kind}" / "lake/raw/batch=1"
            landed.append([con.execute(f"from '{raw}/{name}.parquet' order by all").fetchall() for name in kept])
    for name, text, typed in zip(kept, *landed, strict=True):
        assert text == typed, name


def test_typed_files_hold_the_dirt_that_types_allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports_module, "PARQUET_FROM", 10)
    write_demo(tmp_path, customers=60)
    dirty = pq.read_table(tmp_path / "truth" / "dirty_rows.parquet").to_pylist()
    reasons = {row["reason"] for row in dirty if row["file"].endswith(".parquet")}
    assert reasons == {"missing", "range", "accepted", "currency", "future"}


def test_berlin_time_is_that_of_the_time_zone_database() -> None:
    zone = ZoneInfo("Europe/Berlin")
    start = datetime(2020, 1, 1, tzinfo=UTC)
    hours = [start + timedelta(hours=h) for h in range(0, 8 * 8766, 1)]
    expected = [h.astimezone(zone).utcoffset().total_seconds() for h in hours]  # type: ignore[union-attr]
    assert berlin_offset(np.array([int(h.timestamp()) for h in hours])).tolist() == expected


def test_the_repeated_hour_is_told_as_its_first_showing() -> None:
    ends = SUMMER_ENDS[25]
    moments = np.array([ends - 1, ends, ends + 3_599, ends + 3_600])
    assert without_repeated_hour(moments).tolist() == [ends - 1, ends - 3_600, ends - 1, ends + 3_600]


def test_seasons_keep_the_length_of_the_history() -> None:
    season = Season(World().start, World().end)
    at = np.linspace(World().start, World().end, 50).astype(np.int64)
    assert np.abs(season.to_seconds(season.to_even(at)) - at).max() <= 1
    assert season.to_even(np.array([World().end]))[0] == pytest.approx(World().years * 365.25, abs=1)


def test_too_small_a_company_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs 50 or more"):
        write_demo(tmp_path, customers=10)
