"""``clientele load`` as people meet it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from clientele.cli import app
from clientele.landing import load
from clientele.landing.report import Reason

from .conftest import ORDERS, Shop


def run(shop: Shop, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["load", *arguments, "--home", str(shop.home)])
    return result.exit_code, result.output


def test_report_and_next_step(shop: Shop) -> None:
    shop.write("orders.csv", ORDERS, "o1,c1,2024-01-01,1", "o2,c1,2024-01-01,n/a")
    mapping = str(shop.map())
    code, text = run(shop, mapping, "--check")
    assert code == 0
    assert "nothing was landed" in text
    assert f"next: clientele load {mapping} --home {shop.home}" in text.replace("\n", " ")
    code, text = run(shop, mapping)
    assert code == 0
    assert "landed as batch 1" in text
    assert text.rstrip().endswith(f"next: clientele run --home {shop.home}")
    assert "1 refused: orders.amount is not a number, e.g. orders.csv row 3: amount 'n/a' is not a number" in text
    assert f"in {shop.home}/lake/raw/batch=1/rejects" in text
    code, text = run(shop, mapping)
    assert code == 0
    assert "have landed before" in text


def test_errors_have_no_traceback(shop: Shop) -> None:
    code, text = run(shop, str(shop.map()))
    assert code == 2
    assert "no such file" in text
    assert "Traceback" not in text
    code, text = run(shop, str(shop.map()), "--history", "--live")
    assert code == 2
    assert "exclude each other" in text
    code, text = run(shop, str(shop.map()), "--memory", "lots")
    assert code == 2
    assert "is no size" in text


def test_data_folder(shop: Shop) -> None:
    (shop.folder / "exports").mkdir()
    shop.write("exports/orders.csv", ORDERS, "o1,c1,2024-01-01,1")
    code, _ = run(shop, str(shop.map()), "--data", str(shop.folder / "exports"))
    assert code == 0
    assert shop.batches() == ["batch=1"]


def test_the_report_is_short_and_check_tells_all(shop: Shop) -> None:
    header = "session_id,customer_id,started_at,page_views,duration_s,is_converted"
    shop.write("sessions.csv", header, "s1,c1,x,1,1,true", "s2,c1,2024-01-01,y,1,true", "s3,c1,2024-01-01,1,z,true")
    shop.write("orders.csv", ORDERS, "o1,c1,2024-01-01,1", "o2,c1,2024-01-01,a", "o3,c1,2024-01-01,b", "o4,c1,,1")
    entities = {name: {"path": f"{name}.csv"} for name in ("orders", "sessions")}
    full, report = shop.load(entities, check=True).lines(), shop.load(entities)
    lines = report.lines()
    assert lines[0].split()[:4] == ["entity", "source", "rows", "read"]
    assert lines[0].endswith("landed  corrected  known  refused  left out")
    assert [line.split()[0] for line in lines[1:4]] == ["orders", "sessions", "all"]
    assert lines[3].split() == ["all", "7", "7", "1", "0", "0", "6", "0"]
    kinds = [reason.kind for entity in report.entities for reason in entity.reasons]
    merged = [line for line in lines if " refused: " in line]
    assert merged[0].startswith("2 refused: orders.amount is not a number, e.g. orders.csv row 3: ")
    assert len(merged) == len(set(kinds)) < len(kinds) == sum(" refused: " in line for line in full)
    for entity in report.entities:
        entity.reasons = [Reason("c", f"is wrong {n}", n, "x line 1") for n in range(9)]
        entity.warnings = ["two\nlines"]
    lines = [*report.lines()]
    assert sum(" refused: " in line for line in lines) == 9
    report.entities[0].reasons = [Reason("c", f"is odd {n}", n, "x line 1") for n in range(9)]
    lines = report.lines()
    assert sum(" refused: " in line for line in lines) == 12
    assert "... and 6 more reasons: see them all with --check" in lines
    assert "warning: orders: two lines" in lines


def test_progress_is_said_while_a_file_is_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("clientele.landing.progress.EVERY", 0.001)
    shop.write("orders.csv", ORDERS, *(f"o{n},c1,2024-01-01,1" for n in range(100_000)))
    load(shop.map(), home=shop.home, progress=said.append)
    assert any(line.startswith("orders: reading orders.csv: ") and line.endswith(" %") for line in said)
