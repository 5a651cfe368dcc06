"""What may be published: no column that names a person, whoever wrote the table."""

from __future__ import annotations

import pytest

from clientele.publishing.relations import Relation, direct_pii_in


@pytest.mark.parametrize(
    ("schema", "name", "columns", "found"),
    [
        ("marts", "tickets", ("ticket_id", "Subject", "email"), ["Subject", "email"]),
        ("governance", "drift_results", ("subject", "value"), []),
        ("governance", "ops_runs", ("message", "phone"), ["phone"]),
    ],
)
def test_a_column_that_names_a_person_is_found(
    schema: str, name: str, columns: tuple[str, ...], found: list[str]
) -> None:
    assert direct_pii_in(Relation(schema, name, columns=columns)) == found
