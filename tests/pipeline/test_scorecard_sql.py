"""The SQL that scores, over scorecards drawn at random: score, bins and reasons as plain Python counts them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests import dbt_in_process

# Characteristics: a word of bins holds fifteen, a word of bits 63 bins that cost points.
SIZES = (1, 2, 15, 16, 31, 40)
CUSTOMERS = 400
MARK = "-- the next scorecard"
Card = dict[str, Any]


def scorecard(size: int) -> Card:
    """Numbers in up to fourteen bins and texts, missing values, new categories, equal points, bins in no order."""
    draw, characteristics = random.Random(size), []
    for place in range(size):
        name, reference = f"x{place:02d}", draw.randrange(-10, 15)
        bins: list[Card] = [{"bin": -1}]
        if place % 5 == 4:
            bins += [{"bin": number, "categories": [f"k{number}", f"it's {number}"]} for number in range(3)]
            bins += [{"bin": -2}] if place % 2 else []
        else:
            edges = [None, *sorted(draw.sample(range(1, 100), draw.randrange(0, 14))), None]
            bins += [
                {"bin": number, "lower": lower, "upper": upper}
                for number, (lower, upper) in enumerate(zip(edges, edges[1:], strict=False))
            ]
        draw.shuffle(bins)
        points = [draw.randrange(-30, 31) for _ in bins]
        # One bin of each costs nothing, so that a customer can lose points in a single one.
        reference = min(reference, max(points))
        of_all = {"characteristic": name, "reference_points": reference, "lower": None, "upper": None}
        characteristics.append(
            {
                "name": name,
                "bins": [
                    of_all | {"categories": None} | row | {"points": of_bin}
                    for row, of_bin in zip(bins, points, strict=True)
                ],
            }
        )
    return {"characteristics": characteristics, "base_points": 500, "factor": 28.85, "pd_offset": 487.1}


@pytest.fixture(scope="module")
def selects(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """The select of each size, over the relation `applicants`."""
    as_json = {size: json.dumps(scorecard(size)).replace("'", "\\\\u0027") for size in SIZES}
    inline = MARK.join("{{ scorecard_scores('applicants', fromjson('" + as_json[size] + "')) }}" for size in SIZES)
    (compiled,) = dbt_in_process.compiled(tmp_path_factory.mktemp("compiled"), "--inline", inline)
    return dict(zip(SIZES, compiled.compiled_code.split(MARK), strict=True))


def applicants(card: Card) -> list[dict[str, Any]]:
    """Customers of random bins; then one for each bin that costs points, who loses none in any other."""
    draw, rows = random.Random(7), []
    for number in range(CUSTOMERS):
        row: dict[str, Any] = {"customer_id": number}
        for one in card["characteristics"]:
            edges = [bin_["upper"] for bin_ in one["bins"] if bin_["upper"] is not None]
            if any(bin_["categories"] for bin_ in one["bins"]):
                row[one["name"]] = draw.choice([None, "new", "k0", "k1", "k2", "it's 0", "it's 2"])
            else:
                row[one["name"]] = draw.choice([None, -5.0, draw.uniform(0, 100), *map(float, edges)])
        rows.append(row)
    costs_nothing = {
        one["name"]: value_in(max(one["bins"], key=lambda bin_: int(bin_["points"]))) for one in card["characteristics"]
    }
    for name, number in reason_numbers(card).values():
        bins = next(one["bins"] for one in card["characteristics"] if one["name"] == name)
        value = value_in(next(bin_ for bin_ in bins if bin_["bin"] == number))
        rows.append(costs_nothing | {"customer_id": len(rows), name: value})
    return rows


def value_in(bin_: Card) -> float | str | None:
    """A value that falls into this bin."""
    if bin_["bin"] < 0:
        return None if bin_["bin"] == -1 else "new"
    if bin_["categories"]:
        return str(bin_["categories"][0])
    if bin_["lower"] is not None:
        return float(bin_["lower"])
    return 0.0 if bin_["upper"] is None else float(bin_["upper"]) - 1


def bin_of(one: Card, value: float | str | None) -> Card:
    bins = {row["bin"]: row for row in one["bins"]}
    if value is None:
        return bins[-1]
    if isinstance(value, str):
        return next((row for row in one["bins"] if value in (row["categories"] or ())), bins.get(-2, bins[-1]))
    return next(
        row
        for row in one["bins"]
        if row["bin"] >= 0
        and (row["lower"] is None or value >= row["lower"])
        and (row["upper"] is None or value < row["upper"])
    )


def expected(card: Card, row: dict[str, Any]) -> tuple[int, str, list[tuple[str, int]]]:
    """Score, digits of the bins, and what cost most points, at most four."""
    fallen = [bin_of(one, row[one["name"]]) for one in card["characteristics"]]
    digits = "".join("F" if bin_["bin"] == -2 else f"{bin_['bin'] + 1:X}" for bin_ in fallen)
    lost = [(bin_["characteristic"], bin_["reference_points"] - bin_["points"], bin_["bin"]) for bin_ in fallen]
    most = sorted((one for one in lost if one[1] > 0), key=lambda one: (-one[1], one[0]))[:4]
    return (
        card["base_points"] + sum(bin_["points"] for bin_ in fallen),
        digits,
        [(name, number) for name, _, number in most],
    )


def reason_numbers(card: Card) -> dict[int, tuple[str, int]]:
    """As credit_scorecard numbers the bins that cost points."""
    bins = [row for one in card["characteristics"] for row in one["bins"] if row["points"] < row["reference_points"]]
    bins.sort(key=lambda row: (row["points"] - row["reference_points"], row["characteristic"], row["bin"]))
    return {number: (row["characteristic"], row["bin"]) for number, row in enumerate(bins, 1)}


@pytest.mark.parametrize("size", SIZES)
def test_score_bins_and_reasons_are_those_that_python_counts(selects: dict[int, str], size: int) -> None:
    card = scorecard(size)
    rows, numbers = applicants(card), reason_numbers(card)
    types = ", ".join(
        f"{one['name']} {'varchar' if any(row['categories'] for row in one['bins']) else 'double'}"
        for one in card["characteristics"]
    )
    with duckdb.connect() as connection:
        connection.execute(f"create table applicants (customer_id integer, {types})")
        names = ["customer_id", *(one["name"] for one in card["characteristics"])]
        marks = ", ".join("?" * len(names))
        connection.executemany(
            f"insert into applicants values ({marks})", [[row[name] for name in names] for row in rows]
        )
        connection.execute("alter table applicants add column snapshot_date date")
        found = connection.execute(f"from ({selects[size]}) order by customer_id").fetchall()
    for row, (customer, _, score, words, *reasons) in zip(rows, found, strict=True):
        digits = "".join(f"{word:015X}" for word in words)
        told = [numbers[reason] for reason in reasons if reason is not None]
        assert (score, digits[:size], told) == expected(card, row), customer
        assert digits[size:] == "0" * (len(digits) - size)
        # None after one that is missing.
        assert reasons == [*(reason for reason in reasons if reason is not None), *[None] * (4 - len(told))]
    if size > 31:
        assert max(numbers) > 127, "more than two words of bits are meant to be drawn"


def test_a_scorecard_of_too_many_bins_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = scorecard(1)
    card["characteristics"][0]["bins"][0]["bin"] = 14
    inline = "{{ scorecard_scores('applicants', fromjson('" + json.dumps(card) + "')) }}"
    with pytest.raises(AssertionError, match="inline query"):
        dbt_in_process.compiled(tmp_path, "--inline", inline)
    assert "x00 has a bin 14, and 0 to 13 can be kept" in capsys.readouterr().out
