"""A small workshop for loads: write files, map them, load them, look at the lake."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from clientele.landing import LoadReport, load

NOW = dt.datetime(2026, 6, 1, 12, 0)
ORDERS = "order_id,customer_id,ordered_at,amount"


@dataclass
class Shop:
    """One company: a folder of exports and a lake."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def write(self, name: str, *lines: str, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    def map(self, entities: dict[str, Any] | None = None, **top: Any) -> Path:
        document = {"version": 1, "currency": "EUR", **top}
        document["entities"] = entities or {"orders": {"path": "orders.csv"}}
        path = self.folder / "mapping.yml"
        path.write_text(yaml.safe_dump({key: value for key, value in document.items() if value is not None}))
        return path

    def load(self, entities: dict[str, Any] | None = None, *, now: dt.datetime = NOW, mode: str | None = None,
             check: bool = False, **top: Any) -> LoadReport:  # fmt: skip
        return load(self.map(entities, **top), home=self.home, now=now, mode=mode, check=check)

    def load_orders(self, *lines: str, spec: dict[str, Any] | None = None, **options: Any) -> LoadReport:
        self.write("orders.csv", *lines)
        return self.load({"orders": {"path": "orders.csv", **(spec or {})}}, **options)

    def rows(self, sql: str, entity: str = "orders", kind: str = "*") -> list[tuple[Any, ...]]:
        files = f"{self.home}/lake/raw/*/{kind.replace('*', '')}{entity}.parquet"
        with duckdb.connect() as con:
            con.execute("set TimeZone = 'UTC'")
            return con.execute(sql.replace("LAKE", f"read_parquet('{files}', union_by_name = true)")).fetchall()

    def rejects(self, entity: str = "orders") -> list[tuple[Any, ...]]:
        sql = "select source_file, source_row, column_name, value, reason from LAKE order by all"
        return self.rows(sql, entity, "rejects/")

    def batches(self) -> list[str]:
        return sorted(path.name for path in (self.home / "lake" / "raw").glob("batch=*") if path.name != "batch=0")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def counts(report: LoadReport, entity: str = "orders") -> tuple[int, int, int, int]:
    """read, landed, known, refused."""
    r = report[entity]
    return r.rows_read, r.rows_landed, r.rows_known, r.rows_refused
