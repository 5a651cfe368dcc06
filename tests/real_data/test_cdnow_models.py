"""CDNOW and Online Retail: the purchase models against what was published on them.

Fader, Hardie & Lee (2005) fit BG/NBD and Pareto/NBD on the repeat purchases of 39 weeks (days with a purchase count
once) and look at the 39 weeks that follow; Fader & Hardie (2013) fit Gamma-Gamma on the repeat buyers of the former.
The BTYD package prints expectations for single customers and by frequency.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from clientele.ml.bg_nbd import BgNbd
from clientele.ml.gamma_gamma import GammaGamma
from clientele.ml.histories import Histories
from clientele.ml.pareto_nbd import ParetoNbd

CUT, WEEKS = date(1997, 9, 30), 39
# Holdout purchases by calibration purchases 0 to 6 and 7 or more: realised, and as each model expects them.
BUYERS = [1_411, 439, 214, 100, 62, 38, 29, 64]
REALISED = [0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359]
BG_NBD_EXPECTS = [0.225, 0.523, 1.044, 1.520, 2.164, 2.654, 3.505, 6.157]
PARETO_NBD_EXPECTS = [0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403]


@dataclass
class Sample:
    """Weeks as the unit of time; `weekly` counts repeat purchases of all customers by week of 1997 and 1998."""

    histories: Histories
    later: np.ndarray
    repeat_value: np.ndarray
    first_week: np.ndarray
    weekly: np.ndarray


@pytest.fixture(scope="module")
def cdnow(real_data: Path) -> Sample:
    spent: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for line in (real_data / "cdnow" / "CDNOW_sample.txt").read_text().splitlines():
        master, _, day, _, dollars = line.split()
        spent[master][date.fromisoformat(day)] += float(dollars)
    x, t_x, age, later, value, first_week, weekly = [], [], [], [], [], [], np.zeros(80)
    for days in spent.values():
        first, *repeats = sorted(days)
        known = [day for day in repeats if day <= CUT]
        x.append(len(known))
        t_x.append(((known[-1] if known else first) - first).days / 7)
        age.append((CUT - first).days / 7)
        later.append(len(repeats) - len(known))
        value.append(np.mean([days[day] for day in known]) if known else np.nan)
        first_week.append((first - date(1996, 12, 31)).days / 7)
        for day in repeats:
            weekly[(day - date(1997, 1, 1)).days // 7] += 1
    histories = Histories(np.array(x, dtype=float), np.array(t_x), np.array(age))
    return Sample(histories, np.array(later), np.array(value), np.array(first_week), weekly)


@pytest.fixture(scope="module")
def bg_nbd(cdnow: Sample) -> BgNbd:
    return BgNbd.fit(cdnow.histories)


@pytest.fixture(scope="module")
def pareto_nbd(cdnow: Sample) -> ParetoNbd:
    return ParetoNbd.fit(cdnow.histories)


def test_bg_nbd_is_the_published_one(bg_nbd: BgNbd) -> None:
    assert [round(value, 3) for value in (bg_nbd.r, bg_nbd.alpha, bg_nbd.a, bg_nbd.b)] == [0.243, 4.414, 0.793, 2.426]
    assert round(bg_nbd.log_likelihood, 1) == -9582.4
    assert (bg_nbd.converged, bg_nbd.has_dropout) == (True, True)


def test_pareto_nbd_is_the_published_one(pareto_nbd: ParetoNbd) -> None:
    fitted = [round(value, 3) for value in (pareto_nbd.r, pareto_nbd.alpha, pareto_nbd.s, pareto_nbd.beta)]
    assert fitted == [0.553, 10.578, 0.606, 11.669]
    assert round(pareto_nbd.log_likelihood, 1) == -9595.0


def test_gamma_gamma_is_the_published_one(cdnow: Sample) -> None:
    assert (cdnow.histories.x > 0).sum() == 946
    fitted = GammaGamma.fit(cdnow.histories.x, cdnow.repeat_value)
    assert (round(fitted.p, 2), round(fitted.q, 2), round(fitted.gamma, 1)) == (6.25, 3.74, 15.4)


@pytest.mark.parametrize(("name", "mae", "ratio"), [("bg_nbd", 0.786, 0.879), ("pareto_nbd", 0.755, 0.885)])
def test_holdout(cdnow: Sample, request: pytest.FixtureRequest, name: str, mae: float, ratio: float) -> None:
    expected = request.getfixturevalue(name).expected_purchases(cdnow.histories, WEEKS)
    assert np.abs(expected - cdnow.later).mean() == pytest.approx(mae, abs=0.001)
    assert expected.sum() / cdnow.later.sum() == pytest.approx(ratio, abs=0.001)


@pytest.mark.parametrize(("name", "curve"), [("bg_nbd", BG_NBD_EXPECTS), ("pareto_nbd", PARETO_NBD_EXPECTS)])
def test_the_curve_by_frequency(cdnow: Sample, request: pytest.FixtureRequest, name: str, curve: list[float]) -> None:
    expected = request.getfixturevalue(name).expected_purchases(cdnow.histories, WEEKS)
    groups = [np.minimum(cdnow.histories.x, 7) == x for x in range(8)]
    assert [group.sum() for group in groups] == BUYERS
    assert [cdnow.later[group].mean() for group in groups] == pytest.approx(REALISED, abs=0.001)
    assert [expected[group].mean() for group in groups] == pytest.approx(curve, abs=0.001)


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_cumulative_repeat_purchases_until_week_78(cdnow: Sample, request: pytest.FixtureRequest, name: str) -> None:
    model, worst = request.getfixturevalue(name), 0.0
    starts, customers = np.unique(cdnow.first_week, return_counts=True)
    for week in (39, 52, 65, 78):
        expected = customers @ model.expected_total(np.maximum(week - starts, 0))
        worst = max(worst, abs(expected / cdnow.weekly[:week].sum() - 1))
    assert worst < 0.06


def test_single_customers_as_btyd_prints_them() -> None:
    """Its parameters are estimates of its own, the same to three digits."""
    known = {"log_likelihood": 0, "standard_errors": {}, "converged": True, "has_dropout": True, "message": "",
             "n_iterations": 0}  # fmt: skip
    one = Histories(np.array([26.0]), np.array([30.86]), np.array([31.0]))
    bg_nbd = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, **known)
    pareto_nbd = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669, **known)
    assert bg_nbd.expected_purchases(one, 52)[0] == pytest.approx(25.76, abs=0.01)
    assert bg_nbd.p_alive(one)[0] == pytest.approx(0.9689, abs=1e-4)
    assert bg_nbd.expected_total(np.array([52.0]))[0] == pytest.approx(1.444, abs=0.003)
    assert pareto_nbd.expected_purchases(one, 52)[0] == pytest.approx(25.46, abs=0.01)
    assert pareto_nbd.p_alive(one)[0] == pytest.approx(0.9979, abs=1e-4)
    assert pareto_nbd.expected_total(np.array([52.0]))[0] == pytest.approx(1.473, abs=0.001)


@pytest.mark.parametrize("model", [BgNbd, ParetoNbd])
def test_online_retail_sees_no_dropout(real_data: Path, model: type[BgNbd] | type[ParetoNbd]) -> None:
    """Nobody leaves a wholesaler within the seven months: valid, said, and finite for every customer."""
    with duckdb.connect() as con:
        rows = con.execute(
            "with days as (select CustomerID as c, InvoiceDate::date as d, sum(Quantity::int * UnitPrice::double) as v "
            f"from read_csv('{real_data}/online_retail/online_retail.csv.gz', all_varchar = true) "
            "where CustomerID is not null and InvoiceDate < '2011-07-10' group by all having v > 0) "
            "select count(*) - 1 as x, max(d) - min(d) as t_x, date '2011-07-10' - min(d) as age from days group by c"
        ).fetchnumpy()
    histories = Histories(rows["x"], rows["t_x"], rows["age"])
    assert len(histories) == 3_009
    fitted = model.fit(histories)
    assert (fitted.converged, fitted.has_dropout) == (True, False)
    assert fitted.message.startswith("converged to no dropout")
    assert np.isfinite(list(fitted.standard_errors.values())[:2]).all()
    for values in (fitted.expected_purchases(histories, 153), fitted.probability_of_no_purchase(histories, 153)):
        assert np.isfinite(values).all()
        assert (values >= 0).all()
