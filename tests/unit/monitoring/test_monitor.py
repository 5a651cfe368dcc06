from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clientele.cli import app
from clientele.monitoring.monitor import models_drifted, monitor
from clientele.monitoring.results import Measurement, SubjectResult, record
from clientele.monitoring.settings import Settings, SettingsError
from clientele.records import Records
from tests.unit.monitoring.conftest import DAY

Change = Callable[[str], None]
SHIFT = f"update features.feat_orders set n_orders_30d = n_orders_30d + 1 where snapshot_date = '{DAY}'"


def test_everything_is_recorded_once_a_run(home: Path, settings: Settings, change: Change) -> None:
    change(SHIFT)
    for _ in range(2):
        results = monitor(home, run_id="a_run", settings=settings)
    checks = {row["check_name"]: row for row in Records(home).read("check_results").to_pylist()}
    assert len(checks) == len(results)
    drift = checks["drift_feat_orders"]
    assert (drift["run_id"], drift["asset_name"], drift["check_type"]) == ("a_run", "feat_orders", "drift")
    assert (drift["severity"], drift["status"]) == ("warn", "warn")
    assert drift["message"].startswith("n_orders_30d psi")
    assert {row["snapshot_date"] for row in checks.values()} == {DAY}
    rows = Records(home).read("drift_results").to_pylist()
    assert len(rows) == sum(len(result.measurements) for result in results)
    assert {row["subject_kind"] for row in rows} == {"features", "model_inputs", "scores", "performance"}


def test_a_name_that_no_check_goes_by_is_an_error(home: Path, settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"drift_error_on names feat_order, which no check goes by.*feat_orders"):
        monitor(home, settings=replace(settings, drift_error_on=("feat_order",)))


def put(
    home: Path, day: int, *, kind: str = "model_inputs", measure: str = "drifted_column_share", value: float = 0.5,
    status: str = "pass", version: str = "v1", run: str = "",
) -> None:  # fmt: skip
    """A recorded day of one model."""
    measurement = Measurement(measure, value=value, status=status)
    result = SubjectResult(
        "subject", "subject", kind, "drift", date(2025, 6, day), model_name="churn.non_contractual",
        model_version=version, measurements=[measurement],
    )  # fmt: skip
    record(home, [result], run or f"run_{day}")


def test_a_model_has_drifted_after_some_days_running(tmp_path: Path, settings: Settings) -> None:
    for day in (1, 2, 3):
        put(tmp_path, day)
    assert models_drifted(tmp_path, 3, settings) == ["churn.non_contractual"]
    assert models_drifted(tmp_path, 4, settings) == []


def test_a_day_without_drift_starts_anew(tmp_path: Path, settings: Settings) -> None:
    for day, share in ((1, 0.5), (2, 0.1), (3, 0.5)):
        put(tmp_path, day, value=share)
    assert models_drifted(tmp_path, 2, settings) == []


def test_a_new_version_starts_anew(tmp_path: Path, settings: Settings) -> None:
    put(tmp_path, 1)
    put(tmp_path, 2)
    put(tmp_path, 3, version="v2")
    assert models_drifted(tmp_path, 2, settings) == []
    assert models_drifted(tmp_path, 1, settings) == ["churn.non_contractual"]


def test_the_last_check_of_a_day_counts(tmp_path: Path, settings: Settings) -> None:
    put(tmp_path, 1, run="first")
    put(tmp_path, 1, run="second", value=0.0)
    assert models_drifted(tmp_path, 1, settings) == []


@pytest.mark.parametrize(
    ("kind", "measure", "status", "drifted"),
    [
        ("scores", "psi", "warn", True),
        ("scores", "psi", "pass", False),
        ("performance", "ece", "fail", True),
        ("model_inputs", "psi", "warn", False),  # one column is not a fifth of them
        ("features", "psi", "warn", False),
    ],
)
def test_what_counts_as_drift(
    tmp_path: Path, settings: Settings, kind: str, measure: str, status: str, drifted: bool
) -> None:
    put(tmp_path, 1, kind=kind, measure=measure, status=status)
    assert bool(models_drifted(tmp_path, 1, settings)) is drifted


def test_without_records_nothing_has_drifted(tmp_path: Path, settings: Settings) -> None:
    assert models_drifted(tmp_path, 1, settings) == []


def test_times_are_utc(tmp_path: Path) -> None:
    put(tmp_path, 1)
    (row,) = Records(tmp_path).read("check_results").to_pylist()
    assert abs((datetime.now(UTC).replace(tzinfo=None) - row["evaluated_at"]).total_seconds()) < 60


def test_the_command_names_columns_numbers_and_reports(home: Path, change: Change) -> None:
    change(SHIFT)
    done = CliRunner().invoke(app, ["drift", "--home", str(home)], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    for text in ("feat_orders", "n_orders_30d", "3.91", "reports", "2025-06-01", "next:", "skipped"):
        assert text in done.output


def test_the_command_ends_with_1_where_an_error_was_asked_for(home: Path, change: Change) -> None:
    change(SHIFT)
    (home / "vars.yml").write_text("drift_error_on: [feat_orders]\n")
    assert CliRunner().invoke(app, ["drift", "--home", str(home)]).exit_code == 1


@pytest.mark.parametrize(("option", "message"), [("yesterday", "is no day"), ("2025-01-01", "was not built")])
def test_the_command_says_which_days_there_are(home: Path, option: str, message: str) -> None:
    done = CliRunner().invoke(app, ["drift", "--home", str(home), "--snapshot-date", option])
    assert done.exit_code == 2
    assert message in done.output
