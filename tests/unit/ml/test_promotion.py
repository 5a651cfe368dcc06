"""Who becomes champion, on versions whose losses are made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from clientele.ml import registry
from clientele.ml.periods import OUT_OF_TIME
from clientele.ml.promotion import Key, Losses, choose, hold_against_champion, is_open, log_losses, out_of_time
from clientele.ml.registry import RECIPE, Settings, Version

RUN = {
    "run_id": "a-run", "scored_at": datetime(2026, 3, 1), "snapshot_date": date(2026, 3, 1), "feature_version": "f1",
    "seed": 42, "refit_models": "", "drifted_models": "", "model_max_age_days": 30, "model_max_ece": 0.15,
}  # fmt: skip
NAME, LAST_RESORT = "a_model", "rate"
WINTER, SPRING = ("2025-10-01", "2025-11-01", "2025-12-01"), ("2026-01-01", "2026-02-01", "2026-03-01")
Measured = dict[str, float]  # loss by day


def version(algorithm: str, losses: Measured, horizon: int = 90, **gates: str) -> Version:
    common = {"group_name": "all", "protocol": OUT_OF_TIME, "horizon": horizon}
    performance = [common | {"period": day, "loss": loss} for day, loss in losses.items()]
    return Version(NAME, algorithm, horizon, performance=performance, state={"of": algorithm}, gates=gates)


def losses(performance: Sequence[Any]) -> Losses:
    return {(row["horizon"], row["period"]): row["loss"] for row in out_of_time(performance)}


def on_record(of: Version, *, fitted_for: date = date(2026, 3, 1), number: int = 1, **changes: Any) -> pa.Table:
    """The registry with a champion."""
    settings = Settings.of(RUN | {"snapshot_date": fitted_for}, months=3)
    (row,) = registry.rows([of], [f"{of.algorithm}-1"], of, "first", settings, None)
    return registry.table([row | {"fit_number": number} | changes])


def promoted(
    versions: list[Version], previous: pa.Table | None, measured: Losses | None = None, run: dict[str, Any] = RUN
) -> str | None:
    """Algorithm of the version that takes over; `measured` are losses of a champion, asked by name and key."""

    def champions(stored: Any, keys: Sequence[Key]) -> Losses:
        assert stored["model_name"] == NAME
        return {key: (measured or {})[key] for key in keys}

    hold_against_champion(
        versions,
        Settings.of(run, months=3),
        previous,
        losses=losses,
        measured=champions,
        last_resort=LAST_RESORT,
    )
    mean = {one.algorithm: sum(losses(one.performance).values()) for one in versions}
    chosen = choose(versions, loss=mean, last_resort=LAST_RESORT)
    return chosen.algorithm if chosen else None


def steady(days: Sequence[str], loss: float, spread: float = 0.01) -> Measured:
    return dict(zip(days, (loss - spread, loss, loss + spread), strict=True))


def rivals(days: Sequence[str], loss: float, **gates: str) -> list[Version]:
    """A version and the last resort."""
    return [version("trees", steady(days, loss), **gates), version(LAST_RESORT, steady(days, 0.9))]


def words(of: Version) -> str:
    return of.gates["not_worse_than_champion"]


GOOD = on_record(version("trees", steady(WINTER, 0.5)))
REFUSED = {"calibrated": "failed: ECE 0.3"}


def test_the_last_resort_takes_no_good_champions_place() -> None:
    versions = rivals(SPRING, 0.5, **REFUSED)
    assert promoted(versions, GOOD, {(90, SPRING[-1]): 0.51}) is None
    assert words(versions[1]).startswith("failed: loss 0.9100, 0.5100 of the same customers by the champion trees-1")


def test_the_last_resort_serves_where_nothing_does() -> None:
    assert promoted(rivals(SPRING, 0.5, **REFUSED), None) == LAST_RESORT


def test_the_last_resort_takes_the_place_of_a_champion_that_it_beats() -> None:
    assert promoted(rivals(SPRING, 0.5, **REFUSED), GOOD, {(90, SPRING[-1]): 1.2}) == LAST_RESORT


def test_the_last_resort_does_not_beat_what_noise_may_be() -> None:
    champion = on_record(version("trees", steady(WINTER, 0.895)), fitted_for=date(2026, 3, 1))
    days = ("2025-09-01", "2026-01-01", "2026-02-01")
    assert promoted(rivals(days, 0.5, **REFUSED), champion) is None


def test_the_last_resort_follows_itself() -> None:
    rate = on_record(version(LAST_RESORT, steady(WINTER, 0.9)))
    assert promoted(rivals(SPRING, 0.5, **REFUSED), rate, {(90, SPRING[-1]): 0.91}) == LAST_RESORT


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"recipe": RECIPE - 1}, "recipe changed since the champion trees-1"),
        ({"fitted_for": date(2026, 3, 2)}, "no champion yet"),
        ({"feature_version": "f0"}, "features changed since the champion trees-1"),
        ({"settings_json": '{"months": 2, "seed": 42}'}, "months changed since the champion trees-1"),
    ],
)
def test_what_cannot_be_compared_says_so_and_serves_no_longer(changes: dict[str, Any], why: str) -> None:
    versions = rivals(SPRING, 0.8)
    champion = on_record(version("trees", steady(WINTER, 0.5)), **changes)
    assert promoted(versions, champion) == "trees"
    assert words(versions[0]) == f"not compared: {why}"


def test_a_champion_that_knows_too_much_leaves_the_place_to_the_one_before() -> None:
    before = on_record(version("trees", steady(WINTER, 0.5)))
    later = on_record(version("blend", steady(WINTER, 0.1)), fitted_for=date(2026, 4, 1), number=2)
    versions = rivals(SPRING, 0.5)
    assert promoted(versions, pa.concat_tables([before, later]), {(90, SPRING[-1]): 0.52}) == "trees"
    assert "by the champion trees-1" in words(versions[0])


@pytest.mark.parametrize(("its", "taken_by"), [(0.51, "trees"), (0.5, None)])
def test_a_champion_that_knows_nothing_of_the_newest_day_is_measured_there(its: float, taken_by: str | None) -> None:
    """The version lost .51 on the newest day. What either lost before does not count."""
    assert promoted(rivals(SPRING, 0.5), GOOD, {(90, SPRING[-1]): its}) == taken_by


def test_each_horizon_is_compared_where_the_champion_knows_nothing() -> None:
    """Within 7 days the newest day is one of which it knows nothing; within 90 it is not, and is left out."""
    one = version("trees", {"2026-03-01": 0.6}, horizon=7)
    one.performance += version("trees", {"2025-12-01": 0.1}).performance
    champion = version("trees", {"2026-02-01": 0.6}, horizon=7)
    champion.performance += version("trees", {"2025-12-01": 0.9}).performance
    assert promoted([one], on_record(champion), {(7, "2026-03-01"): 0.5}) is None
    assert words(one).startswith("failed: loss 0.6000, 0.5000 of the same customers")


@pytest.mark.parametrize(("loss", "taken_by"), [(0.5, "trees"), (0.501, None)])
def test_in_the_same_periods_nothing_is_allowed_for_noise(loss: float, taken_by: str | None) -> None:
    assert promoted(rivals(WINTER, loss), GOOD) == taken_by


@pytest.mark.parametrize(("loss", "taken_by"), [(0.515, "trees"), (0.52, None)])
def test_in_other_periods_two_standard_errors_are_allowed(loss: float, taken_by: str | None) -> None:
    """Losses spread by .01 from period to period, so two means of three differ by .0082 (1 s.e.) by chance."""
    versions = rivals(("2025-09-15", "2026-01-15", "2026-02-15"), loss)
    assert promoted(versions, GOOD) == taken_by
    assert "0.016 allowed for noise" in words(versions[0])


def test_a_version_is_not_forgiven_for_being_erratic() -> None:
    versions = [version("trees", dict(zip(SPRING[:2], (0.1, 1.5), strict=True))), version(LAST_RESORT, {SPRING[0]: 2})]
    champion = on_record(version("trees", steady(WINTER, 0.5)))
    assert promoted(versions, champion) is None


def test_one_period_each_is_too_few_to_compare() -> None:
    champion = on_record(version("trees", {"2025-12-01": 0.5}))
    versions = [version("trees", {"2026-01-01": 0.8}), version(LAST_RESORT, {"2026-01-01": 0.9})]
    assert promoted(versions, champion) == "trees"
    assert words(versions[0]) == "not compared: too few periods were measured to tell it from the champion"
    assert words(versions[1]) == "failed: it serves only where nothing else may"


def test_a_gate_that_could_not_be_asked_stands_in_nobodys_way() -> None:
    assert is_open({"calibrated": "passed: x", "not_worse_than_champion": "not compared: y"})
    assert not is_open({"calibrated": "failed: x", "not_worse_than_champion": "not compared: y"})


def test_log_losses_of_periods_with_other_rates_are_comparable() -> None:
    """Knowing the common rate alone is 1, whatever the rate; one class alone tells nothing."""
    common = {"group_name": "all", "protocol": OUT_OF_TIME, "horizon": 30}
    rows = [
        common | {"period": "2026-01-01", "base_rate": 0.5, "log_loss": 0.6931},
        common | {"period": "2026-02-01", "base_rate": 0.1, "log_loss": 0.3251},
        common | {"period": "2026-03-01", "base_rate": 0.0, "log_loss": 0.01},
        common | {"period": "2026-03-01", "base_rate": 0.5, "log_loss": 0.1, "group_name": "country"},
        common | {"period": "2026-03-01", "base_rate": 0.5, "log_loss": 0.1, "protocol": "other customers, same time"},
    ]
    assert log_losses(rows) == pytest.approx({(30, "2026-01-01"): 1.0, (30, "2026-02-01"): 1.0}, abs=1e-3)
