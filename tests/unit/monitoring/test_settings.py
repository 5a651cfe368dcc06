from pathlib import Path

import pytest

from clientele.contract import PROJECT_ROOT
from clientele.monitoring.settings import RANGES, Settings, SettingsError
from clientele.running import effective_vars


def test_every_var_stands_in_the_project_within_its_range(tmp_path: Path) -> None:
    assert set(RANGES) <= set(effective_vars(tmp_path))
    assert Settings.of_home(tmp_path).seed == 42


def test_the_vars_of_the_warehouse_come_over_those_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "vars.yml").write_text("drift_psi_from: 0.33\n")
    assert Settings.of_home(tmp_path).drift_psi_from == 0.33


@pytest.mark.parametrize("value", ["much", 0, 99, True, None])
def test_a_threshold_that_cannot_be_says_what_it_may_be(value: object) -> None:
    with pytest.raises(SettingsError, match=r"drift_psi_from is .*: choose a number from 0.01 to 5"):
        Settings.of(effective_vars(PROJECT_ROOT / "tests") | {"drift_psi_from": value})


def test_rows_are_whole_numbers() -> None:
    with pytest.raises(SettingsError, match="drift_sample_rows is 1500.5: choose a whole number from 1,000"):
        Settings.of(effective_vars(PROJECT_ROOT / "tests") | {"drift_sample_rows": 1500.5})


def test_a_name_alone_is_no_list_of_names() -> None:
    with pytest.raises(SettingsError, match=r"drift_error_on is 'feat_orders': write a list"):
        Settings.of(effective_vars(PROJECT_ROOT / "tests") | {"drift_error_on": "feat_orders"})
