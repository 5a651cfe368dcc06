"""The page on models and data: whether figures can be trusted, and what says so."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clientele.publishing.versions import Published
from dashboards import shown, trust
from dashboards.pages import PAGES
from dashboards.views import models
from tests.dashboards import asked, charted, opened

HEALTHY = {
    "newest_event_at": datetime(2026, 1, 1, 23), "n_checks_passed": 900, "n_checks_warned": 0, "n_checks_failed": 0,
    "n_models": 8, "n_models_drifted": 0, "n_models_due": 0, "drift_checked_for": datetime(2026, 1, 2),
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "level", "said"),
    [
        ({}, "yes", "data until 1 Jan 2026, published within a day"),
        ({"n_checks_warned": 3}, "with care", "no check failed, 3 warned, 900 passed"),
        ({"n_checks_failed": 1}, "no", "1 check failed, 0 warned, 900 passed"),
        ({"n_models_drifted": 2}, "with care", "of 8 models 2 drifted"),
        ({"n_models_due": 1}, "with care", "1 due to be fitted anew"),
        ({"drift_checked_for": None}, "with care", "of 8 models none was looked at for drift yet"),
        (
            {"newest_event_at": datetime(2025, 12, 28)},
            "with care",
            "data until 28 Dec 2025, 5 days before it was published",
        ),
        ({"newest_event_at": datetime(2025, 11, 1)}, "no", "data until 1 Nov 2025, 62 days before it was published"),
        ({"newest_event_at": None}, "no", "no event was ever loaded"),
        ({"n_models": 0}, "yes", "no model scores yet"),
        ({"n_checks_passed": 0}, "with care", "nothing was checked yet"),
    ],
)
def test_whether_figures_can_be_trusted_follows_from_age_checks_and_models(
    changed: dict[str, Any], level: str, said: str
) -> None:
    found, reasons = trust.verdict(HEALTHY | changed, datetime(2026, 1, 2, 6))
    assert found == level
    assert said in reasons
    hint = trust.hint(HEALTHY | changed, datetime(2026, 1, 2, 6))
    assert hint == ("" if level == "yes" else f"**{trust.HINTS[level]}**: {said}.")


def test_every_page_says_in_a_line_that_figures_want_care(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = trust.hint(HEALTHY | {"n_models_due": 1}, datetime(2026, 1, 2, 6)).split(":")[0]
    monkeypatch.setattr(trust, "hint", lambda *_told: f"{lead}: for a test.")
    for page in PAGES:
        said = [caption.value for caption in opened(company, page, monkeypatch).caption if lead in caption.value]
        assert ["for a test. More on [Models and data](models)" in line for line in said] == (
            [] if page == "models" else [True]
        ), page


def test_after_a_rollback_the_publications_name_the_newer_one(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(company / "published", tmp_path / "published", symlinks=True)
    before = Published(tmp_path).current()
    newer = f"{before[:-4]}9999"
    shutil.copytree(tmp_path / "published" / before, tmp_path / "published" / newer)
    for version, is_said in ((newer, False), (before, True)):
        Published(tmp_path).switch_to(version)
        said = [info.value for info in opened(tmp_path, "models", monkeypatch).info]
        assert any("led back" in line and newer in line for line in said) == is_said


def test_the_page_on_models_answers_its_question_first(
    built_company: Path, company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(company, "models", monkeypatch)
    ((passed, warned),) = asked(built_company, "select n_checks_passed, n_checks_warned from governance.data_health")
    (told,) = [element.value for element in (*app.success, *app.warning, *app.error)]
    assert f"{shown.number(warned)} warned, {shown.number(passed)} passed" in told
    messages = asked(
        built_company,
        "select message from governance.check_results where status in ('warn', 'fail')"
        " and run_id in (select run_id from governance.check_counts)",
    )
    words = " ".join(element.value for element in app.markdown)
    assert [message for (message,) in messages if shown.plain(message) not in words] == []


def test_scores_on_record_stand_beside_the_backtests(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ((model, backtests),) = asked(
        company,
        "select model_name, list(auc order by period) from governance.model_performance where auc is not null"
        " and is_champion and group_name = 'all' and model_name like 'churn.%'"
        " group by model_name order by model_name limit 1",
    )
    for measure, title, pattern in (("auc", "AUC", [0.625]), ("ece", "Calibration error", [0.0625])):
        app = opened(company, "models", monkeypatch, model=model, measure=measure)
        drawn = charted(app, f"{title} over time")
        live = drawn[drawn["measured"] == models.LIVE]
        assert list(live[measure]) == pattern
        assert set(drawn["forecast"]) == set(live["forecast"])
        if measure == "auc":
            assert list(drawn[drawn["measured"] == models.BACKTEST][measure]) == pytest.approx(backtests)


def test_an_axis_holds_all_bounds_and_a_number_above_them() -> None:
    for values in ((0.8, 0.62, 0.95), (0.9, 0.9, 0.9), (-0.2, -0.35, 0.04)):
        lowest, highest = models.ends(pd.DataFrame([values]))
        assert lowest <= min(values)
        assert highest > max(values)
