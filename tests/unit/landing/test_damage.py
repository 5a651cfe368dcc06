"""A landed file that cannot be read is named, with what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clientele.landing import LandingError
from clientele.landing.damage import damaged, unreadable
from clientele.landing.lake import Lake

from .conftest import ORDERS, Shop


def zeroed(whole: bytes) -> bytes:
    return whole[:4] + bytes(len(whole) // 4) + whole[4 + len(whole) // 4 :]


@pytest.mark.parametrize(
    ("corrupt", "is_seen_at_once"),
    [(lambda whole: whole[:-20], True), (lambda _: b"", True), (lambda _: b"PAR1" * 5, False), (zeroed, False)],
)
def test_a_load_beside_a_damaged_file_names_it(
    shop: Shop, corrupt: Callable[[bytes], bytes], is_seen_at_once: bool
) -> None:
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,1")
    path = shop.home / "lake" / "raw" / "batch=1" / "orders.parquet"
    whole = path.read_bytes()
    path.write_bytes(corrupt(whole))
    lake = Lake(shop.home)
    assert damaged(lake) == ([path] if is_seen_at_once else [])
    assert unreadable(lake) == [path]
    with pytest.raises(
        LandingError, match=r"batch=1/orders.parquet: damaged.* from a backup.* remove the folder batch=1"
    ):
        shop.load_orders(ORDERS, "o1,c1,2024-01-01,2")
    assert shop.batches() == ["batch=1"]
    path.write_bytes(whole)
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,2")
    assert shop.batches() == ["batch=1", "batch=2"]


def test_the_contract_is_mended_without_a_word(shop: Shop) -> None:
    path = Lake(shop.home).ensure_contract() / "orders.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:10])
    shop.load_orders(ORDERS, "o1,c1,2024-01-01,1")
    assert path.read_bytes() == whole
