"""The page on campaigns: which one is open, and how they compare."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from clientele.publishing.versions import DATABASE, Published
from tests.dashboards import a_campaign, asked, charted, opened


def test_a_campaign_in_the_address_is_opened(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign, channel, name = a_campaign(company)
    address = {"channel": channel, "period": "all"}
    app = opened(company, "campaigns", monkeypatch, **address, campaign=campaign)
    assert f"{name} by day" in [header.value for header in app.subheader]
    ((days, clicks),) = asked(
        company,
        f"select count(*), sum(clicks) from marts.campaign_performance_daily where campaign_id = '{campaign}'",
    )
    assert clicks > 0
    drawn = [
        pa.ipc.open_stream(chart.proto.data.data).read_pandas()
        for chart in app.get("vega_lite_chart")
        if chart.proto.alt == "Click-through rate over time, with bounds"
    ]
    assert days in [len(rows) for rows in drawn if "performance_date" in rows]
    app = opened(company, "campaigns", monkeypatch, **address)
    assert not any("by day" in header.value for header in app.subheader)
    app = opened(company, "campaigns", monkeypatch, **address, campaign="nothing")
    assert "nothing did not run" in app.info[0].value


def test_the_campaign_that_is_open_stays_so_where_another_publication_lists_it_elsewhere(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(company / "published", tmp_path / "published", symlinks=True)
    before = Published(tmp_path).current()
    campaigns = asked(
        company,
        "select campaign_id, campaign_name from marts.campaign_summary where period = 'last_365_days'"
        " order by roas desc nulls last, campaign_id",
    )
    campaign, name = campaigns[-1]
    newer = f"{before[:-4]}9999"
    shutil.copytree(tmp_path / "published" / before, tmp_path / "published" / newer)
    with duckdb.connect(str(tmp_path / "published" / newer / DATABASE)) as connection:
        # Without the first of them, so that every row has another number, and the last number no row.
        connection.execute("delete from marts.campaign_summary where campaign_id = ?", [campaigns[0][0]])
    app = opened(tmp_path, "campaigns", monkeypatch, campaign=campaign)
    for version in (newer, before):
        Published(tmp_path).switch_to(version)
        app.run()
        assert [error.value for error in app.exception] == []
        assert version in app.caption[0].value
        assert f"{name} by day" in [header.value for header in app.subheader]
        assert app.query_params["campaign"] == campaign


def test_campaigns_are_compared_by_what_they_return(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(company, "campaigns", monkeypatch, period="all")
    expected = asked(
        company,
        "select campaign_id, roas, roas_lower, roas_upper, cost_amount from marts.campaign_summary"
        " where period = 'all_time' order by roas desc nulls last, campaign_id",
    )
    told = next(table.value for table in app.dataframe if "roas" in table.value)
    assert pd.api.types.is_float_dtype(told["roas"])  # as which a head sorts it
    assert list(told["roas"]) == pytest.approx([math.nan if r[1] is None else r[1] for r in expected], nan_ok=True)
    assert list(told["roas_lower"]) == ["" if r[2] is None else f"{r[2]:,.2f} to {r[3]:,.2f}" for r in expected]
    drawn = charted(app, "Return on ad spend by campaign, with bounds")
    most = sorted((r for r in expected if r[1] is not None), key=lambda r: -r[4])[:30]
    assert list(drawn["roas"]) == pytest.approx(sorted((r[1] for r in most), reverse=True))
    by_month = charted(app, "Return on ad spend over time, with bounds").set_index("performance_month")["roas"]
    months = asked(company, "select performance_month from marts.channel_performance_monthly where channel = 'all'")
    assert by_month.notna().sum() == len(months)
    # A month without campaigns breaks the line.
    assert len(by_month) == (by_month.index.max().to_period("M") - by_month.index.min().to_period("M")).n + 1
