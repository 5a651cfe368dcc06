"""`clientele map` on public files: the draft as it is passes `clientele load --check`."""

from __future__ import annotations

from pathlib import Path

from clientele.landing import LoadReport, load
from clientele.mapping_draft import MappingDraft, draft_mapping


def drafted(files: list[Path], folder: Path) -> tuple[MappingDraft, LoadReport]:
    """The draft and the check of it, untouched."""
    draft = draft_mapping(files, folder / "mapping.yml")
    (folder / "mapping.yml").write_text(draft.text)
    return draft, load(folder / "mapping.yml", home=folder / "home", check=True)


def test_online_retail(real_data: Path, tmp_path: Path) -> None:
    draft, report = drafted([real_data / "online_retail" / "online_retail.csv.gz"], tmp_path)
    assert {e.entity: e.rows_landed for e in report.entities} == {
        "customers": 4_372, "orders": 18_536, "order_items": 397_924, "products": 4_070, "returns": 8_905,
    }  # fmt: skip
    assert "currency: GBP" in draft.text
    assert "Europe/London" in draft.text


def test_a_shop_in_14_tables(real_data: Path, tmp_path: Path) -> None:
    draft, report = drafted(sorted((real_data / "ecommerce_14_tables").glob("*.parquet")), tmp_path)
    assert {name: files[0] for name, files in draft.entities.items()} == {
        "customers": "customers.parquet", "orders": "orders.parquet", "order_items": "order_items.parquet",
        "products": "products.parquet", "returns": "returns.parquet", "sessions": "website_sessions.parquet",
        "campaigns": "marketing_campaigns.parquet", "payments": "payments.parquet",
    }  # fmt: skip
    assert {name.split(".")[0] for name in draft.unknown} == {
        "categories", "customer_addresses", "inventory", "reviews", "shipping", "suppliers",
    }  # fmt: skip
    assert sum(e.rows_refused for e in report.entities) == 0


def test_cdnow_with_a_header(real_data: Path, tmp_path: Path) -> None:
    lines = (real_data / "cdnow" / "CDNOW_sample.txt").read_text().splitlines()
    rows = ["customer_id,sample_id,date,cds,dollars", *(",".join(line.split()) for line in lines)]
    (tmp_path / "cdnow.csv").write_text("\n".join(rows) + "\n")
    draft, report = drafted([tmp_path / "cdnow.csv"], tmp_path)
    assert {e.entity: e.rows_landed for e in report.entities} == {"customers": 2_357, "orders": 6_919}
    assert "currency: USD" in draft.text
