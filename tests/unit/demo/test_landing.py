"""The demo's exports land through the loader, all but the rows that were made unfit."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from clientele.contract import load_contract
from clientele.demo.company import EXPORTS

from .conftest import AS_OF, WORLD, Company

# What the loader says of each class of dirt.
SAYS = {
    "type": r"is not a|is not true or false",
    "missing": r"is empty",
    "range": r"is below|is above|is not above",
    "accepted": r"is none of",
    "currency": r"ISO 4217",
    "future": r"lies in the future",
    "no_such_time": r"does not exist",
    "ragged": r"too many columns",
}
CONTRACT = {entity.name: entity for entity in load_contract()}
EVENTS = [e.name for e in CONTRACT.values() if not e.clock_is_planned and e.name not in ("fx_rates", "customers")]


def test_every_entity_of_the_contract_lands(company: Company) -> None:
    landed = {entity.entity: entity.rows_landed for entity in company.report.entities}
    assert {name for name, rows in landed.items() if rows > 0} == set(CONTRACT)


def test_read_is_landed_and_refused_and_known(company: Company) -> None:
    counts = {
        entity: (rows, duplicates, dirty)
        for entity, rows, duplicates, dirty in company.rows(
            "select entity, sum(rows), sum(duplicates), sum(dirty) from truth_files group by entity"
        )
    }
    for entity in company.report.entities:
        assert (entity.rows_read, entity.rows_known, entity.rows_refused) == counts[entity.entity], entity.entity
        assert entity.rows_read == entity.rows_landed + entity.rows_known + entity.rows_refused


def test_exactly_the_dirty_rows_are_refused_each_for_its_reason(company: Company) -> None:
    expected = {
        (entity, file, row): reason
        for entity, file, row, reason in company.rows("select entity, file, row, reason from truth_dirty_rows")
    }
    refused = {
        (entity, file, row): reason
        for entity in CONTRACT
        if (company.home / "lake/raw/batch=1/rejects" / f"{entity}.parquet").exists()
        for entity, file, row, reason in company.rows(
            f"select '{entity}', source_file, source_row, reason"
            f" from read_parquet('{company.home}/lake/raw/batch=1/rejects/{entity}.parquet')"
        )
    }
    assert set(refused) == set(expected)
    for at, reason in expected.items():
        assert re.search(SAYS[reason], refused[at]), (at, reason, refused[at])


def test_every_class_of_dirt_is_there(company: Company) -> None:
    assert {reason for (reason,) in company.rows("select distinct reason from truth_dirty_rows")} == set(SAYS)


@pytest.mark.parametrize("entity", sorted(CONTRACT))
def test_nothing_happens_after_as_of_or_is_known_after_the_export(company: Company, entity: str) -> None:
    clock = CONTRACT[entity].clock
    [(last, known)] = company.rows(f"select max({clock})::timestamp, max(loaded_at) from {entity}")
    assert last < AS_OF
    assert known < AS_OF + dt.timedelta(hours=WORLD.known_after_hours)


def test_as_of_is_the_first_midnight_at_which_everything_is_visible(company: Company) -> None:
    [(happened, known)] = company.rows("select max(started_at), max(loaded_at) from sessions")
    day_before = AS_OF - dt.timedelta(days=1)
    assert happened >= day_before or known >= day_before + dt.timedelta(hours=6)


@pytest.mark.parametrize("entity", EVENTS)
def test_no_row_is_known_before_it_happened(company: Company, entity: str) -> None:
    clock = CONTRACT[entity].clock
    assert company.rows(f"select count(*) from {entity} where loaded_at < {clock}") == [(0,)]


def test_one_to_two_percent_of_the_visits_are_late(company: Company) -> None:
    [(late,)] = company.rows("select avg((loaded_at > started_at + interval 2 hour)::int) from sessions")
    assert 0.01 < late < 0.02


@pytest.mark.parametrize(
    "entity", ["customers", "consents", "orders", "returns", "loans", "repayments", "subscriptions", "invoices",
               "support_tickets", "loyalty_accounts", "redemptions"]
)  # fmt: skip
def test_entities_that_change_have_later_versions(company: Company, entity: str) -> None:
    [(corrections,)] = company.rows(f"select count(*) from {entity} where supersedes_loaded_at < loaded_at")
    assert corrections > 0


def test_references_hold_but_for_a_handful(company: Company) -> None:
    for entity in CONTRACT.values():
        for column in entity.columns.values():
            if column.references is None or len(CONTRACT[column.references].key) > 1:
                continue
            parent, key = column.references, CONTRACT[column.references].key[0]
            [(rows, orphans)] = company.rows(
                f"select count(*), count(*) filter ({column.name} not in (select {key} from {parent}))"
                f" from {entity.name} where {column.name} is not null"
            )
            assert orphans <= 3 + 0.01 * rows, (entity.name, column.name)


def test_there_are_orphans(company: Company) -> None:
    [(tickets,)] = company.rows(
        "select count(*) from support_tickets where customer_id not in (select customer_id from customers)"
    )
    assert tickets > 0


def test_lines_add_up_to_their_order(company: Company) -> None:
    [(differing,)] = company.rows("""
        with lines as (select order_id, sum(amount) as amount from order_items group by all)
        select count(*) from orders join lines using (order_id) where orders.amount <> lines.amount
    """)
    assert differing == 0


def test_balances_run(company: Company) -> None:
    [(broken,)] = company.rows("""
        select count(*) from (
            select balance_after - lag(balance_after) over w - amount as gap
            from bank_transactions window w as (partition by account_id order by transaction_id)
        ) where abs(gap) > 0.02
    """)
    assert broken == 0


def test_no_member_spends_more_points_than_earned(company: Company) -> None:
    [(lowest,)] = company.rows(
        "select min(points) from (select sum(points) as points from point_transactions group by account_id)"
    )
    assert lowest >= 0


def test_no_mapping_mentions_the_truth(company: Company) -> None:
    assert "truth" not in (company.out / "mapping.yml").read_text()
    assert not [export for export in EXPORTS if export.file.startswith("truth")]


def test_mapping_names_every_export(company: Company) -> None:
    exports = {
        p for p in company.out.rglob("*") if p.is_file() and p.parent.name != "truth" and p.name != "mapping.yml"
    }
    assert exports == {company.out / f for (f,) in company.rows("select file from truth_files")}
    assert {p.suffix for p in exports} == {".csv", ".gz", ".jsonl", ".xlsx"}
    assert isinstance(company.out, Path)
