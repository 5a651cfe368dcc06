"""``clientele load`` as people meet it."""

from __future__ import annotations

from typer.testing import CliRunner

from clientele.cli import app

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
    assert f"next: clientele load {mapping}" in text.replace("\n", " ")
    code, text = run(shop, mapping)
    assert code == 0
    assert "landed as batch 1" in text
    assert text.rstrip().endswith("next: clientele run")
    assert "1 refused: amount is not a number, e.g. orders.csv line 3: amount 'n/a' is not a number" in text
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
