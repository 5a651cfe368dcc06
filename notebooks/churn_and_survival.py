"""Churn: is the probability right, and does it find them? Survival: how long until the next purchase?

Open with `marimo edit notebooks/churn_and_survival.py`; reads the warehouse of CLIENTELE_HOME, default demo/warehouse.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium")

with app.setup:
    import os
    from pathlib import Path

    import altair as alt
    import duckdb
    import marimo as mo
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from clientele.contract import PROJECT_ROOT
    from clientele.ml import churn, metrics, periods
    from clientele.ml.classifier import Classifier
    from clientele.querying import open_build

    home = Path(os.environ.get("CLIENTELE_HOME") or PROJECT_ROOT / "demo" / "warehouse")
    GROUPS = 20  # of equal size, by probability
    HORIZONS = (30, 60, 90, 180)


@app.function
def read(sql: str) -> pa.Table | None:
    """The rows of a query, or None where the warehouse lacks a table or column of it."""
    with open_build(home) as connection:
        try:
            return connection.sql(sql).to_arrow_table()
        except (duckdb.CatalogException, duckdb.BinderException):
            return None


@app.function
def backtest(churn_type: str) -> dict | None:
    """What the champion's algorithm says of the newest snapshot whose outcome is known, from what was known then.

    None where nothing can be measured.
    """
    champions = read(f"from governance.model_registry where is_champion and model_name = 'churn.{churn_type}'")
    rows = read(f"from ml.ml_churn__training_set where churn_type = '{churn_type}' order by snapshot_date, customer_id")
    if not champions or not rows:
        return None
    champion, examples = champions.to_pylist()[0], churn.examples_of(rows)
    horizon, seed, algorithm = (champion[name] for name in ("horizon_days", "seed", "algorithm"))
    days = sorted(set(examples.snapshot_dates.astype("datetime64[D]").tolist()))
    period = periods.backtests(days, horizon)[0]
    fitted = Classifier.fit(examples, period, churn.learners(churn_type, horizon)[algorithm], seed)
    *_, test = periods.masks(period, examples.snapshot_dates, examples.fold)
    probability, *_ = fitted.score(examples.columns(fitted.model)[test], max(period.test))
    recency = rows["recency_days"].to_numpy()[test].astype(float)
    return {
        "day": max(period.test), "horizon": horizon, "algorithm": algorithm, "protocol": period.protocol,
        "probability": probability, "churned": examples.y[test], "recency": np.nan_to_num(recency, nan=np.inf),
    }  # fmt: skip


@app.function
def calibration(probability: np.ndarray, churned: np.ndarray) -> pd.DataFrame:
    """Equal groups by probability: mean probability, realised rate and its 95 % Wilson interval."""
    parts = np.array_split(np.argsort(probability, kind="stable"), min(GROUPS, len(probability)))
    n = np.array([part.size for part in parts])
    rate = np.array([churned[part].mean() for part in parts])
    z = 1.96
    middle = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    means = [probability[part].mean() for part in parts]
    return pd.DataFrame(
        {"customers": n, "predicted": means, "realised": rate, "lower": middle - half, "upper": middle + half}
    )


@app.function
def lifts(scores: dict[str, np.ndarray], churned: np.ndarray) -> pd.DataFrame:
    """Churn rate among the share of customers that a score puts first, over the rate of all."""
    shares = np.arange(0.05, 1.001, 0.05)
    return pd.DataFrame(
        [
            {"order": name, "share": share, "lift": metrics.lift(score, churned, share=share)}
            for name, score in scores.items()
            for share in shares
        ]
    )


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    # Churn and survival

    Read from `{home}`. The score of today's customers has no outcome yet. So the champion's algorithm is fitted once
    more as it would have been at the newest snapshot whose outcome is known by now (half a minute for 20,000 rows), and
    is compared with what came.
    """)


@app.cell
def _():
    tested = backtest("non_contractual")
    if tested is None:
        told = (
            f"Nothing to measure in `{home}`: no churn champion, or no label has matured. Run `clientele train churn`."
        )
    else:
        measured = metrics.of_probabilities(tested["probability"], tested["churned"])
        told = (
            f"{tested['algorithm']} at {tested['day']} ({tested['protocol']}): {measured['n']:,.0f} customers, of whom "
            f"{measured['base_rate']:.1%} were lost within {tested['horizon']} days. AUC {measured['auc']:.3f}, "
            f"Brier {measured['brier']:.3f}, ECE {measured['ece']:.3f}."
        )
    mo.md(told)
    return (tested,)


@app.cell
def _(tested):
    mo.stop(tested is None)
    calibration_data = calibration(tested["probability"], tested["churned"])
    _within = f"lost within {tested['horizon']} days"
    _share = f"Share of customers {_within}"
    _x = alt.X("predicted", title=f"Predicted probability of being {_within}, mean of a group").scale(domain=[0, 1])
    _y = alt.Y("realised", title=_share).scale(domain=[0, 1])
    _shown = ["customers", alt.Tooltip("predicted", format=".3f"), alt.Tooltip("realised", format=".3f")]
    _groups = alt.Chart(calibration_data)
    _points = _groups.mark_circle(size=60, opacity=1).encode(_x, _y, tooltip=_shown)
    _bars = _groups.mark_rule().encode(_x, alt.Y("lower", title=_share), alt.Y2("upper"))
    _right = alt.Chart(pd.DataFrame({"predicted": [0, 1], "realised": [0, 1]}))
    _right = _right.mark_line(strokeDash=[4, 4], color="gray").encode(_x, _y)
    calibration_chart = (_right + _bars + _points).properties(
        title=f"Calibration at {tested['day']}: {len(calibration_data)} equal groups, 95 % intervals",
        width=450,
        height=400,
    )
    calibration_chart
    return calibration_chart, calibration_data


@app.cell
def _(tested):
    mo.stop(tested is None)
    lift_data = lifts({"model": tested["probability"], "recency alone": tested["recency"]}, tested["churned"])
    lift_chart = (
        alt.Chart(lift_data)
        .mark_line(point=True)
        .encode(
            alt.X("share", title="Share of customers approached, highest risk first").axis(format="%"),
            alt.Y("lift", title="Lift: churn rate among them, times the rate of all").scale(zero=False),
            alt.Color("order", title="In the order of"),
            tooltip=["order", alt.Tooltip("share", format=".0%"), alt.Tooltip("lift", format=".2f")],
        )
        .properties(title=f"Lift at {tested['day']}", width=450, height=300)
    )
    lift_chart
    return lift_chart, lift_data


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Survival

    For each customer today, the probability that the event has not come yet: the next order, or for subscribers the
    end of the last subscription. Beside it what came of the customers of the last snapshot that lies 180 days back.
    """)


@app.cell
def _():
    _said = ", ".join(f"avg(survival_{days}d) as d{days}" for days in HORIZONS)
    _today = read(f"""
        select churn_type, risk_level || ' risk' as customers, count(*) as n, {_said}
        from marts.customer_churn where survival_{HORIZONS[0]}d is not null group by all
    """)
    _left = ", ".join(f"avg((duration_days > {days} or not is_observed)::int) as d{days}" for days in HORIZONS)
    _then = read(f"""
        select churn_type, 'observed since ' || snapshot_date as customers, count(*) as n, {_left}
        from ml.ml_survival__labels
        where snapshot_date = (
            select max(labels.snapshot_date) from ml.ml_survival__labels as labels, ml.ml_run as run
            where labels.snapshot_date + {max(HORIZONS)} <= run.snapshot_date
        ) group by all
    """)
    _frames = [rows.to_pandas() for rows in (_today, _then) if rows]
    survival_data = pd.DataFrame(columns=["churn_type", "customers", "n", "days", "left"])
    if _today:
        _wide = pd.concat(_frames).assign(d0=1.0)
        survival_data = _wide.melt(["churn_type", "customers", "n"], var_name="days", value_name="left")
        survival_data["days"] = survival_data["days"].str[1:].astype(int)
    return (survival_data,)


@app.cell
def _(survival_data):
    mo.stop(
        survival_data.empty,
        mo.md(f"No survival in `{home}` yet: `clientele train survival` fits it, and the next run scores."),
    )
    survival_chart = (
        alt.Chart(survival_data)
        .mark_line(point=True)
        .encode(
            alt.X("days", title="Days from the snapshot"),
            alt.Y("left", title="Share without the event so far").axis(format="%").scale(domain=[0, 1]),
            alt.Color("customers", title="Customers"),
            alt.Column("churn_type", title=None),
            tooltip=["customers", "n", "days", alt.Tooltip("left", format=".1%")],
        )
        .properties(title="Survival: mean by risk level today, and what was observed", width=330, height=300)
    )
    survival_chart
    return (survival_chart,)


if __name__ == "__main__":
    app.run()
