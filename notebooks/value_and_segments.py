"""CLV: does foretold value come, and who holds it? Segments: how do their customers differ?

Open with `marimo edit notebooks/value_and_segments.py`; reads the warehouse of CLIENTELE_HOME, default demo/warehouse.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium")

with app.setup:
    import json
    import os
    from pathlib import Path

    import altair as alt
    import duckdb
    import marimo as mo
    import numpy as np
    import pandas as pd
    import yaml

    from clientele.contract import PROJECT_ROOT
    from clientele.querying import open_build

    home = Path(os.environ.get("CLIENTELE_HOME") or PROJECT_ROOT / "demo" / "warehouse")
    settings = home / "vars.yml"
    currency = (
        yaml.safe_load(settings.read_text(encoding="utf-8"))["reporting_currency"] if settings.exists() else "EUR"
    )


@app.function
def read(sql: str) -> pd.DataFrame | None:
    """The rows of a query, or None where the warehouse lacks a table of it or holds no such rows."""
    with open_build(home) as connection:
        try:
            rows = connection.execute(sql).df()
        except (duckdb.CatalogException, duckdb.BinderException):
            return None
    return None if rows.empty else rows


@app.function
def value_tenths(performance: list[dict]) -> pd.DataFrame:
    """Tenths by foretold value at the newest measured snapshot of each horizon: mean foretold and realised spend."""
    tenths = pd.DataFrame([row for row in performance if row["group_name"] == "value_tenth"])
    if tenths.empty:
        return tenths
    tenths = tenths[tenths["period"] == tenths.groupby("horizon")["period"].transform("max")]
    realised = tenths["mean_realised"].astype(float)
    sides = {"foretold": realised * (1 + tenths["bias"].astype(float)), "realised": realised}
    tenths = tenths.assign(
        tenth=tenths["group_value"].astype(int), window=tenths["horizon"].astype(str) + " days", **sides
    )
    return tenths.melt(
        ["period", "window", "tenth", "n"], list(sides), var_name="spend", value_name="mean_spend"
    ).dropna()


@app.function
def concentration(value: np.ndarray) -> pd.DataFrame:
    """Share of all value that the first customers hold, the most valuable first, at each hundredth of customers."""
    held = np.cumsum(np.sort(value)[::-1]) / value.sum()
    share = np.linspace(0, 1, 101)
    return pd.DataFrame(
        {"customers": share, "value": np.interp(share * len(value), np.arange(len(value) + 1), [0, *held])}
    )


@app.function
def profiles(segments: pd.DataFrame) -> pd.DataFrame:
    """Each segment's mean of each trait, and that mean over the mean of all customers."""
    traits = [name for name in segments if name.endswith("_mean") and name != "sureness_mean"]
    long = segments.melt(["segment_name", "n_customers"], traits, var_name="trait", value_name="mean").dropna()
    long["mean"] = long["mean"].astype(float)
    sums = long.assign(total=long["mean"] * long["n_customers"]).groupby("trait")[["total", "n_customers"]].sum()
    long["ratio"] = long["mean"] / long["trait"].map(sums["total"] / sums["n_customers"])
    long["trait"] = long["trait"].str.removesuffix("_mean").str.replace("_", " ")
    return long.replace([np.inf, -np.inf], np.nan).dropna()


@app.cell(hide_code=True)
def _():
    mo.md(f"""
    # Value and segments

    Read from `{home}`; money is in {currency}.

    ## Does foretold value come?

    Customers in tenths by what was foretold at an earlier snapshot, and what they brought until the horizon had passed
    (orders less refunds). Well made, the bars of a tenth are alike and grow from left to right. What was foretold for a
    tenth that brought nothing at all is not on record.
    """)


@app.cell
def _():
    _champion = read("select performance_json from governance.model_registry where is_champion and model_name = 'clv'")
    tenths_data = value_tenths(json.loads(_champion["performance_json"][0]) if _champion is not None else [])
    return (tenths_data,)


@app.cell
def _(tenths_data):
    mo.stop(
        tenths_data.empty,
        mo.md(f"Nothing to compare in `{home}` yet: no value has matured, or no model of it is fitted."),
    )
    tenths_chart = (
        alt.Chart(tenths_data)
        .mark_bar()
        .encode(
            alt.X("tenth:O", title="Tenth of customers by foretold value, 10 the highest"),
            alt.Y("mean_spend", title=f"Mean net spend, {currency} per customer"),
            alt.XOffset("spend"),
            alt.Color("spend", title="Spend"),
            alt.Row("window", title="Window from the snapshot").sort(["90 days", "365 days"]),
            tooltip=["period", "tenth", "spend", alt.Tooltip("mean_spend", format=",.2f"), "n"],
        )
        .properties(title="Value foretold and realised, out of time", width=520, height=220)
        .resolve_scale(y="independent")
    )
    tenths_chart
    return (tenths_chart,)


@app.cell
def _():
    _values = read("select clv_365d from marts.customer_clv where clv_365d is not null")
    mo.stop(_values is None or not _values["clv_365d"].sum(), mo.md(f"No lifetime values in `{home}` yet."))
    concentration_data = concentration(_values["clv_365d"].to_numpy())
    _x = alt.X("customers", title="Share of customers, the most valuable first").axis(format="%")
    _y = alt.Y("value", title="Share of the value of the next 365 days").axis(format="%").scale(domain=[0, 1])
    _equal = alt.Chart(pd.DataFrame({"customers": [0, 1], "value": [0, 1]})).mark_line(strokeDash=[4, 4], color="gray")
    concentration_chart = (alt.Chart(concentration_data).mark_line().encode(_x, _y) + _equal.encode(_x, _y)).properties(
        title="Who holds the value", width=450, height=350
    )
    concentration_chart
    return concentration_chart, concentration_data


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## How do segments differ?

    Each cell is a segment's mean over the mean of all customers, on a log scale: 1 is as everybody, 2 twice as much.
    """)


@app.cell
def _():
    segments_data = read("from marts.segments order by segment_id")
    mo.stop(segments_data is None, mo.md(f"No segments in `{home}` yet: `clientele train segments` fits them."))
    profile_data = profiles(segments_data)
    _shown = profile_data.assign(ratio=profile_data["ratio"].clip(1 / 8, 8))
    profile_chart = (
        alt.Chart(_shown)
        .mark_rect()
        .encode(
            alt.X("trait", title="Trait, mean of the segment").axis(labelAngle=-40),
            alt.Y("segment_name", title="Segment").axis(labelLimit=260),
            alt.Color("ratio", title="Times the mean of all").scale(
                type="log", domain=[1 / 8, 1, 8], range=["#2166ac", "#f7f7f7", "#b2182b"]
            ),
            tooltip=["segment_name", "trait", alt.Tooltip("mean", format=",.2f"), alt.Tooltip("ratio", format=".2f")],
        )
        .properties(title="Profiles of the segments", width=420, height=260)
    )
    profile_chart
    return profile_chart, profile_data, segments_data


@app.cell
def _(segments_data):
    shares_data = segments_data.melt(
        "segment_name", ["customer_share", "spend_share"], var_name="of", value_name="share"
    ).replace({"customer_share": "customers", "spend_share": "spend so far"})
    shares_data["share"] = shares_data["share"].astype(float)
    shares_chart = (
        alt.Chart(shares_data)
        .mark_bar()
        .encode(
            alt.X("share", title="Share of all").axis(format="%"),
            alt.Y("segment_name", title="Segment").axis(labelLimit=260),
            alt.YOffset("of"),
            alt.Color("of", title="Share of"),
            tooltip=["segment_name", "of", alt.Tooltip("share", format=".1%")],
        )
        .properties(title="Size and spend of the segments", width=420, height=260)
    )
    shares_chart
    return shares_chart, shares_data


if __name__ == "__main__":
    app.run()
