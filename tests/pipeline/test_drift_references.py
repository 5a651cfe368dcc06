"""What scores are held against: customers of training days, found and scored as those of a snapshot are."""

from __future__ import annotations

from pathlib import Path

import pytest

from clientele.monitoring import references
from clientele.monitoring.drift import snapshot_day
from clientele.monitoring.subjects import Catalog, score_columns
from clientele.querying import open_build

CREDIT = {"credit"}  # which the first company has too few defaults for
OTHERS = {
    "churn.contractual", "churn.non_contractual", "clv", "next_purchase", "segments", "survival.contractual",
    "survival.non_contractual",
}  # fmt: skip


@pytest.fixture
def homes(built_company: Path, lender: Path) -> list[tuple[Path, set[str]]]:
    return [(built_company, OTHERS), (lender.parent / "warehouse", CREDIT)]


def test_what_would_be_said_of_a_day_is_what_was_said(homes: list[tuple[Path, set[str]]]) -> None:
    """The newest day is the first of a month, at which a company so small has all its customers sampled."""
    for home, models in homes:
        with open_build(home) as connection:
            day = snapshot_day(connection)
            catalog = Catalog(connection, day)
            assert {champion.model_name for champion in catalog.champions} == models
            for champion in catalog.champions:
                asked = references.asked_about(champion.model, champion.part, champion.features, [day])
                told = references.scored(connection, champion.model, champion.model_name, asked, day)
                connection.register("told", told)
                columns = ", ".join(["customer_id", *(column.name for column in score_columns(catalog, champion))])
                said = (
                    f"select {columns} from ml.ml_{champion.model}__scores"
                    f" where model_name = '{champion.model_name}' and snapshot_date = '{day}'"
                )
                assert len(connection.execute(said).fetchall()) == told.num_rows > 20
                assert connection.execute(f"({said}) except select {columns} from told").fetchall() == []
