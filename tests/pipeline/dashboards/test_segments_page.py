"""The page on segments, which are known by their ids: sizes, changes and flows."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from dashboards import data, shown
from dashboards.views import segments
from tests.dashboards import asked, charted, figures, opened


def test_sizes_of_segments_stand_beside_those_of_an_earlier_day(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments had other names then, and each as many customers less as its id is high; flows add up to the sizes."""
    changes = dict(asked(company, "select segment_name, segment_id from marts.segments"))
    for since in ("month", "previous"):
        app = opened(company, "segments", monkeypatch, since=since)
        told = next(table.value for table in app.dataframe if "n_customers_change" in table.value)
        assert dict(zip(told["segment_name"], told["n_customers_change"], strict=True)) == changes
        earlier = told["n_customers"] - told["n_customers_change"]
        assert list(told["n_customers_change_share"]) == pytest.approx(list(100 * told["n_customers_change"] / earlier))
        drawn = charted(app, "Flows between segments")
        totals = drawn[drawn["is_total"] & (drawn["segment_name"] != segments.ALL)]
        sizes = told.set_index("segment_name")["n_customers"]
        assert dict(zip(totals["segment_name"], totals["n_customers"], strict=True)) == sizes.to_dict()
        of_all = drawn.set_index(["earlier_segment_name", "segment_name"])["n_customers"][segments.ALL, segments.ALL]
        assert of_all == sizes.sum()


def test_a_segment_that_had_another_name_is_one_line_on_every_page(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id tells which it is: what has its name today had another one then, and what had its name then is another."""
    days = asked(company, "select distinct snapshot_date from marts.customer_health_overview")
    assert len(days) == 3
    for name, number, active in asked(
        company,
        "select segment_name, n_customers, n_active from marts.customer_health_overview"
        " where snapshot_date = (select max(snapshot_date) from marts.customer_health_overview)"
        " and segment_id is not null",
    ):
        app = opened(company, "overview", monkeypatch, segment=name)
        assert figures(app)["Customers"] == shown.number(number)
        assert list(charted(app, "Active customers by day")["n_active"]) == [active] * 3
    sizes = charted(opened(company, "segments", monkeypatch), "Customers of each segment by day")
    names = {name for (name,) in asked(company, "select segment_name from marts.segments")}
    assert set(sizes["segment_name"]) - {"in no segment"} == names
    assert (
        sizes.groupby("segment_name")["n_customers"].max() - sizes.groupby("segment_name")["n_customers"].min()
    ).to_dict() == (dict(asked(company, "select segment_name, segment_id from marts.segments")))


def test_a_segment_that_is_gone_is_no_other_of_the_same_name(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(company / "published", tmp_path / "published", symlinks=True)
    path = data.current_path(tmp_path)
    with duckdb.connect(path) as connection:
        ((name,),) = connection.execute("select min(segment_name) from marts.segments").fetchall()
        connection.execute(
            "insert into marts.customer_health_overview select * replace (90 as segment_id, ? as segment_name)"
            " from marts.customer_health_overview where segment_name = 'all'"
            " and snapshot_date < (select max(snapshot_date) from marts.customer_health_overview)",
            [name],
        )
    sizes = charted(opened(tmp_path, "segments", monkeypatch), "Customers of each segment by day")
    assert sizes["segment_name"].value_counts()[[name, f"{name} (gone)"]].to_list() == [3, 2]


def test_names_of_lines_do_not_lie_on_each_other() -> None:
    placed = segments.names_at(pd.Series({"b": 101, "a": 100, "c": 300}), 10)
    assert placed.to_dict() == {"a": 100, "b": 110, "c": 300}


def test_sizes_over_time_begin_with_the_second_day(
    built_company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(built_company / "published", tmp_path / "published", symlinks=True)
    app = opened(tmp_path, "segments", monkeypatch)
    assert any("begin with the second day" in info.value for info in app.info)
    assert "Customers of each segment by day" not in [chart.proto.alt for chart in app.get("vega_lite_chart")]
