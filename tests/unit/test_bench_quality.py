"""The bench of quality reports what it measured this time."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from bench.quality import credit_demo, truth
from bench.quality.page import Options, Section


def test_a_warehouse_of_an_earlier_run_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, ran = tmp_path / "warehouse", list[str]()
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "mapping.yml").touch()
    home.mkdir()
    (home / "build.duckdb").touch()

    def command(arguments: list[str], **_: Any) -> None:
        assert not (home / "build.duckdb").exists()
        ran.append(arguments[1])

    monkeypatch.setattr(truth.subprocess, "run", command)
    truth._build(tmp_path, home, Options())
    assert ran == ["load", "run"]


@pytest.mark.parametrize(("defaulted", "is_as_expected"), [(0, False), (4, False), (10, True), (20, False)])
def test_a_band_is_judged_by_what_chance_makes_and_not_by_its_bounds(defaulted: int, is_as_expected: bool) -> None:
    """A hundred customers at a tenth; the bounds of 0 to 0.4 hold every one of these rates."""
    n = 100
    table = pa.table(
        {
            "band": ["D"] * n, "is_default": [k < defaulted for k in range(n)],
            "pd": [0.1] * n, "pd_lower": [0.0] * n, "pd_upper": [0.4] * n,
        }
    )  # fmt: skip
    section = Section("demo", "demo")
    credit_demo._bands(table, section)
    of = section.results["bands"]["D"]
    assert (of["is_inside"], of["is_as_expected"]) == (True, is_as_expected)
    assert [target.is_met for target in section.targets][0]


@pytest.mark.parametrize(("n_off", "is_met"), [(0, True), (1, True), (2, False)])
@pytest.mark.parametrize("n_bands", [4, 5])
def test_one_band_may_be_off_by_chance(n_bands: int, n_off: int, is_met: bool) -> None:
    n = 100
    bands = [band for band in "ABCDE"[:n_bands] for _ in range(n)]
    table = pa.table(
        {
            "band": bands, "is_default": [k % n < (50 if k < n * n_off else 10) for k in range(len(bands))],
            "pd": [0.1] * len(bands), "pd_lower": [0.0] * len(bands), "pd_upper": [0.9] * len(bands),
        }
    )  # fmt: skip
    section = Section("demo", "demo")
    credit_demo._bands(table, section)
    assert section.targets[1].is_met == is_met
