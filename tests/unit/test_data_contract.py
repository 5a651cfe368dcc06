import re
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest
import yaml

from clientele import data_contract
from clientele.contract import PROJECT_ROOT, SOURCES_DIR, TECHNICAL_COLUMNS, Column, Entity, load_contract

CONTRACT = load_contract()
ENTITIES = list(CONTRACT)
COLUMNS = [(entity, column) for entity in ENTITIES for column in entity.columns.values()]

MONEY = "decimal(18,4)"
MOMENTS = {"timestamp", "date"}
NUMBERS = {MONEY, "double", "bigint", "integer"}
TYPES = NUMBERS | MOMENTS | {"varchar", "boolean"}
# Decimals that count units of goods.
NO_MONEY = {"quantity"}


def columns_where(broken: Callable[[Entity, Column], bool]) -> list[str]:
    """The columns that break a rule, as entity.column."""
    return [f"{entity.name}.{column.name}" for entity, column in COLUMNS if broken(entity, column)]


def entities_where(broken: Callable[[Entity], bool]) -> list[str]:
    return [entity.name for entity in ENTITIES if broken(entity)]


def source_tables() -> list[dict]:
    files = SOURCES_DIR.glob("*/_*__sources.yml")
    sources = chain.from_iterable(yaml.safe_load(file.read_text())["sources"] for file in files)
    return list(chain.from_iterable(source["tables"] for source in sources))


def test_page_is_fresh() -> None:
    page = PROJECT_ROOT / "docs" / "data_contract.md"
    assert page.read_text(encoding="utf-8") == data_contract.render(), "stale: run `make docs` and commit the page"


def test_page_names_every_column() -> None:
    page = data_contract.render()
    for entity in ENTITIES:
        section = page.split(f"\n### {entity.name}\n")[1].split("\n## ")[0].split("\n### ")[0]
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert [row.split("`")[1] for row in rows] == list(entity.columns)


def test_main_writes_what_it_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["data_contract"])
    data_contract.main()
    monkeypatch.setattr(sys, "argv", ["data_contract", str(tmp_path / "page.md")])
    data_contract.main()
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == capsys.readouterr().out


def test_no_two_entities_share_a_name() -> None:
    names = [table["name"] for table in source_tables()]
    assert sorted(names) == sorted(CONTRACT.entities)


def test_no_two_columns_share_a_name() -> None:
    for table in source_tables():
        names = [column["name"] for column in table["columns"]]
        assert sorted(names) == sorted(set(names)), table["name"]


def test_only_customers_and_orders_are_required() -> None:
    required = {e.name: {c.name for c in e.columns.values() if c.required} for e in ENTITIES if e.required}
    assert required == {
        "customers": {"customer_id", "registered_at"},
        "orders": {"order_id", "customer_id", "ordered_at", "amount"},
    }


def test_key_columns_are_required() -> None:
    assert entities_where(lambda entity: not entity.key) == []
    assert entities_where(lambda entity: not all(entity.columns[name].required for name in entity.key)) == []


def test_clock_is_a_moment() -> None:
    assert entities_where(lambda entity: entity.columns[entity.clock].data_type not in MOMENTS) == []


def test_entity_with_money_has_a_currency() -> None:
    def has_money(entity: Entity) -> bool:
        return any(c.data_type == MONEY and c.name not in NO_MONEY for c in entity.columns.values())

    def currencies(entity: Entity) -> list[str]:
        return [c.name for c in entity.columns.values() if c.currency]

    assert entities_where(lambda entity: has_money(entity) and currencies(entity) != ["currency"]) == []


def test_description_starts_with_the_grain() -> None:
    assert entities_where(lambda entity: not re.fullmatch(r"One row per .*\.", entity.description)) == []


def test_columns_are_described() -> None:
    assert columns_where(lambda _, column: not re.fullmatch(r"[A-Z].*\.", column.description)) == []


def test_columns_have_known_types() -> None:
    assert columns_where(lambda _, column: column.data_type not in TYPES) == []


def test_columns_of_the_loader_are_not_taken() -> None:
    assert columns_where(lambda _, column: column.name in TECHNICAL_COLUMNS) == []


@pytest.mark.parametrize(
    ("pattern", "types"),
    [
        (r"amount|amount_.*|.*_amount", {MONEY}),
        (r".*_at", {"timestamp"}),
        (r".*_date", {"date"}),
        (r".*_id", {"varchar"}),
        (r"(is|has)_.*", {"boolean"}),
    ],
)
def test_name_agrees_with_type(pattern: str, types: set[str]) -> None:
    assert columns_where(lambda _, c: re.fullmatch(pattern, c.name) is not None and c.data_type not in types) == []


def test_limits_fit_the_type() -> None:
    def limits(column: Column) -> list[float]:
        return [limit for limit in (column.min, column.above, column.max) if limit is not None]

    assert columns_where(lambda _, column: bool(limits(column)) and column.data_type not in NUMBERS) == []
    assert columns_where(lambda _, column: limits(column) != sorted(limits(column))) == []
    assert columns_where(lambda _, c: bool(c.accepted or c.currency) and c.data_type != "varchar") == []
    assert columns_where(lambda _, column: column.may_be_future and column.data_type not in MOMENTS) == []


def test_references_hold_the_key_of_an_entity() -> None:
    def is_broken(_: Entity, column: Column) -> bool:
        if column.references is None:
            return False
        entity = CONTRACT.entities.get(column.references)
        return entity is None or [entity.columns[name].data_type for name in entity.key] != [column.data_type]

    assert columns_where(is_broken) == []


def test_classes_are_known() -> None:
    assert columns_where(lambda _, column: not set(data_contract.classes(column)) <= set(data_contract.CLASSES)) == []
    assert columns_where(lambda _, c: bool(c.protected) != (c.legal_class == "protected")) == []
    assert entities_where(lambda entity: (entity.legal_class or "financial") not in data_contract.CLASSES) == []


def test_what_no_class_is_given_tells_of_nobody() -> None:
    """The lineage of credit lets through what has no class: keys, moments, and what is asked of every purpose."""
    free = {entity.name: {c.name for c in entity.columns.values() if not c.legal_class} for entity in ENTITIES}
    assert {name: free[name] for name in free if not CONTRACT[name].legal_class} == {
        "customers": {"customer_id", "registered_at", "full_name", "email", "phone"},
        "consents": set(CONTRACT["consents"].columns),
        "fx_rates": set(CONTRACT["fx_rates"].columns),
    }
