"""What was said of a day stays as it was said: scored by one scorecard, explained after another one has taken over."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from clientele.explaining import explain, lines
from tests.pipeline import credit_book

OLD, NEW = date(2026, 5, 1), date(2026, 6, 1)
KEPT = ("scores", "reasons", "decisions", "offers")
DECIDED_ON = {"approve": "declined", "refer": "approved", "decline": "declined"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book that was scored once."""
    home = tmp_path_factory.mktemp("lender")
    credit_book.open_book(home)
    credit_book.score(home, OLD)
    return home


def query(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / "build.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def kept(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that is on record of the old day."""
    return {
        name: query(home, f"select * from ml.ml_credit__{name} where snapshot_date = '{OLD}' order by all")
        for name in KEPT
    }


def scored(home: Path, day: date) -> list[str]:
    of_day = f"select customer_id from ml.ml_credit__scores where snapshot_date = '{day}' order by 1"
    return [customer for (customer,) in query(home, of_day)]


class Before:
    """What is on record of the old day and how each customer is explained, before anything else was built."""

    def __init__(self, home: Path) -> None:
        self.kept = kept(home)
        self.said = {customer: list(lines(explain(home, customer))) for customer in scored(home, OLD)}


@pytest.fixture(scope="module")
def before(home: Path) -> Before:
    return Before(home)


@pytest.fixture(scope="module")
def later(home: Path, before: Before) -> Path:
    """A month on: people have decided, another scorecard was fitted on another scale, and scored the new day."""
    assert before.said
    with duckdb.connect(str(home / "build.duckdb")) as connection:
        for recommendation, decision in DECIDED_ON.items():
            connection.execute(
                "insert into intermediate.int_finance__human_decisions select customer_id, snapshot_date, ?,"
                " recommended_at + interval 1 second from ml.ml_credit__decisions where recommendation = ?",
                [decision, recommendation],
            )
        # As code that knew fewer columns left it.
        connection.execute("alter table seeds.credit_reason_texts drop column safer_when")
        connection.execute("alter table ml.ml_credit__fit drop column backtest_json")
    credit_book.score(home, NEW, refit=True, credit_pdo=40)
    return home


def test_the_book_has_every_recommendation_and_offers(home: Path, before: Before) -> None:
    found = dict(query(home, "select recommendation, count(*) from marts.credit_decisions group by all"))
    assert set(found) == {"approve", "refer", "decline"}
    assert query(home, "select count(*) > 10 from marts.credit_offers") == [(True,)]
    assert len(before.said) == len(credit_book.CUSTOMERS)


def test_what_is_on_record_of_a_day_outlives_the_next(before: Before, later: Path) -> None:
    assert kept(later) == before.kept
    assert all(before.kept.values())


def test_an_old_score_is_explained_alike_after_a_retrain(before: Before, later: Path) -> None:
    versions = dict(query(later, "select snapshot_date, any_value(model_version) from ml.ml_credit__scores group by 1"))
    assert versions[OLD] != versions[NEW]
    decided = {row[0] for row in query(later, "select customer_id from marts.credit_human_decisions")}
    for customer, then in before.said.items():
        now = list(lines(explain(later, customer, OLD)))
        people = [line for line in now if line.startswith("  decided by people: ")]
        assert len(people) == (customer in decided)
        assert [line for line in now if line not in people] == then
    assert decided == set(before.said)


def test_the_backtest_of_the_version_that_scores_is_kept_by_customer(later: Path) -> None:
    ((n, n_customers, lowest, highest),) = query(
        later, "select count(*), count(distinct customer_id), min(pd), max(pd) from ml.ml_credit__backtest"
    )
    assert n == n_customers > 0
    assert 0 < lowest < highest < 1
    assert query(later, "select count(*) from ml.ml_credit__fit where backtest_json is not null") == [(1,)]


def test_the_marts_show_the_new_day_alone(later: Path) -> None:
    for mart in ("credit_scores", "credit_score_reasons", "credit_decisions", "credit_offers"):
        assert query(later, f"select distinct snapshot_date from marts.{mart}") == [(NEW,)], mart


def test_people_stand_beside_what_was_recommended_to_them(later: Path) -> None:
    found = query(
        later,
        "select distinct snapshot_date, recommendation, human_decision, is_as_recommended"
        " from marts.credit_human_decisions order by recommendation",
    )
    assert found == [
        (OLD, "approve", "declined", False),
        (OLD, "decline", "declined", True),
        (OLD, "refer", "approved", None),
    ]


def test_an_offer_loses_what_paying_it_back_month_by_month_does(later: Path) -> None:
    """The closed form against a loan that is paid back instalment by instalment."""
    offers = query(
        later,
        "select offers.credit_limit, offers.apr, offers.term_months, offers.instalment, offers.pd,"
        " offers.expected_loss, offers.expected_margin, products.loss_given_default, products.funding_rate,"
        " products.drawn_share"
        " from ml.ml_credit__offers as offers inner join seeds.credit_products as products using (product)",
    )
    assert offers
    for limit, apr, months, instalment, pd, loss, margin, share_lost, funding, drawn_share in offers:
        owed, owing = limit, 0.0
        for _ in range(months):
            owing += owed / months
            owed += owed * apr / 12 - instalment
        assert owed == pytest.approx(0, abs=1e-6)
        of_term = 1 - (1 - pd) ** (months / 12)
        lost = owing if drawn_share is None else limit
        owing = owing if drawn_share is None else limit * drawn_share
        assert loss == pytest.approx(lost * of_term * share_lost, rel=1e-9)
        interest = owing * (apr - funding) * months / 12 * (1 - of_term / 2)
        assert margin == pytest.approx(interest - loss, rel=1e-9, abs=1e-9)


def test_a_day_that_is_built_again_changes_nothing_that_people_decided_on(before: Before, later: Path) -> None:
    """By the same run, under terms that decline nearly all."""
    answered = "from marts.credit_human_decisions order by customer_id"
    decided, newest = query(later, answered), query(later, "from marts.credit_decisions order by customer_id")
    credit_book.score(later, OLD, credit_living_share=0.9)
    assert query(later, answered) == decided
    assert query(later, "from marts.credit_decisions order by customer_id") == newest
    now = query(later, f"from ml.ml_credit__decisions where snapshot_date = '{OLD}' order by all")
    assert len(now) == 2 * len(before.kept["decisions"])
    assert set(before.kept["decisions"]) < set(now)
    of_day = f"from ml.ml_credit__current_decisions where snapshot_date = '{OLD}'"
    assert query(later, f"select count(distinct recommended_at), count(*) {of_day}") == [(1, len(before.said))]
    approved = sum("approve" in row for row in before.kept["decisions"])
    assert query(later, f"select count(*) filter (where recommendation = 'approve') {of_day}") < [(approved,)]


def test_people_are_shown_beside_a_day_that_another_run_scored_again(before: Before, later: Path) -> None:
    credit_book.score(later, OLD, run="another run")
    assert query(later, f"select distinct run_id from ml.ml_credit__scores where snapshot_date = '{OLD}'") == [
        ("another run",)
    ]
    for customer in before.said:
        explanation = explain(later, customer, OLD)
        assert explanation.human is not None, customer
        said = f"UTC, on an earlier recommendation: {explanation.human['recommendation']}"
        assert any(line.endswith(said) for line in lines(explanation)), customer


def test_a_day_without_customers_any_more_has_no_scores_left(later: Path) -> None:
    """As if a load was taken back."""
    with duckdb.connect(str(later / "build.duckdb")) as connection:
        connection.execute("delete from features.customer_features where snapshot_date = ?", [NEW])
    credit_book.score(later, NEW)
    for mart in ("credit_scores", "credit_score_reasons", "credit_decisions", "credit_offers"):
        assert query(later, f"select count(*) from marts.{mart}") == [(0,)], mart
    assert scored(later, NEW) == []
    assert len(scored(later, OLD)) == len(credit_book.CUSTOMERS)
