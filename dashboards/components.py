"""What pages are made of: their head, cards of figures, charts with their data and query, and empty states."""

from __future__ import annotations

import copy
import json
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache, partial, wraps
from io import BytesIO
from typing import Any
from urllib.parse import quote

import altair as alt
import pandas as pd
import streamlit as st
from altair.utils import schemapi
from streamlit.delta_generator import DeltaGenerator

from dashboards import access, data, shown, trust
from dashboards.data import Publication, Result

# Whether charts are held against the schema, as tests do.
CHECKED = False
schemapi.DEBUG_MODE = CHECKED

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
RISK_COLOURS = {"high": "#d55e00", "medium": "#e69f00", "low": "#009e73"}
HEIGHT = 280
NARROW = "containerSize()[0] < 500"  # a telephone, as a chart knows it
MANY = 40  # days or months, beyond which a line shows no points
# Pixels of a row of a table, and of one whose texts wrap, as Streamlit lets them above 64; rows that show at once.
ROW, TALL_ROW, MOST_ROWS = 35, 66, 10
# Kinds of columns of numbers, and how each is written; those of SHARES are shown times a hundred.
HELD = "\u00a0"  # a space that no line breaks at
NUMBERS = {
    "number": "localized", "decimal": "%.2f", "share": "%.1f %%", "percent": "%.0f %%", "change": "%+,d",
    "share change": "%+.1f %%",
}  # fmt: skip
SHARES = ("share", "percent", "share change")
# On a telephone the words of a table would lie over the title of its panel; its rows are below it as CSV.
STYLE = "<style>@media (max-width: 640px) { [data-testid=stElementToolbar] { display: none; } }</style>"
LOADING = "Load it: write a mapping for it (`clientele map FILE`), then `clientele load mapping.yml`."


@dataclass(frozen=True)
class Card:
    """A figure: what it is called, how it is written, lines below it (bounds, change, of what), and what it means."""

    label: str
    value: str
    notes: Sequence[str] = ()
    about: str = ""


def is_dark() -> bool:
    """Whether whoever is looking has the dark theme."""
    theme = st.context.theme
    return theme is not None and theme.type == "dark"


def accent() -> str:
    """The colour of what is not told apart by colour."""
    return "#56b4e9" if is_dark() else "#0072b2"


def on_shade(column: str, turns_at: tuple[float, float]) -> Any:
    """The colour of a number on a cell whose shade grows with a column: shades end light on dark, dark on light.

    It turns at a value of the column, in the light and in the dark theme.
    """
    light, dark = alt.value("#ffffff"), alt.value("#000000")
    above, below = (dark, light) if is_dark() else (light, dark)
    return alt.condition(alt.datum[column] > turns_at[is_dark()], above, below)


def of_most(most: float) -> tuple[float, float]:
    """Where `on_shade` turns on a cell whose shade is that of the theme, from 0 to the highest value."""
    return 0.58 * most, 0.5 * most


def fragment(draw: Callable[..., None]) -> Callable[..., None]:
    """A part of a page that is drawn anew by itself when one of its own filters changes; takes the publication first.

    Where something was published since, the whole page is drawn anew.
    """

    @wraps(draw)
    def part(publication: Publication, *args: Any, **kwargs: Any) -> None:
        if not data.is_current(publication.path):
            st.rerun()
        # Streamlit shows what a part raises in its place, and does not let it through.
        try:
            draw(publication, *args, **kwargs)
        except data.UnreadableError as error:
            unreadable(error.version)
        except data.TooMuchError as error:
            too_much(error)

    return st.fragment(part)


def unreadable(version: str) -> None:
    """In place of what needs a file that is there and cannot be read."""
    st.title("What was published cannot be read", anchor=False)
    st.markdown(
        f"There is a publication, `{version}`, but its file is damaged or was written by a newer version of DuckDB than"
        " this one reads. No figure was lost: it is made from the warehouse, and earlier publications are kept.\n\n"
        "- To see the publication before: `clientele rollback`\n"
        "- To publish anew what was built: `clientele publish`\n\n"
        "What the file said when it was opened stands in the log of the dashboards. Reload this page afterwards."
    )


def days_axis(ticks: int = 6, pattern: str = "%-d %b") -> alt.Axis:
    """An axis of days or months: the year stands below the first and below each January."""
    year = "datum.index == 0 || month(datum.value) == 0 ? timeFormat(datum.value, '%Y') : ''"
    return alt.Axis(tickCount=ticks, labelExpr=f"[timeFormat(datum.value, '{pattern}'), {year}]", labelFlush=False)


def counts_axis() -> alt.Axis:
    """An axis of whole numbers: 200, 1,500, 20k."""
    written = "abs(datum.value) < 10000 ? format(datum.value, ',.0f') : format(datum.value, '~s')"
    return alt.Axis(tickCount=5, tickMinStep=1, labelExpr=written)


def label_room() -> alt.ExprRef:
    """Pixels for the names of rows: less on a telephone."""
    return alt.ExprRef(f"{NARROW} ? 125 : 260")


def beside(names: Sequence[str], width: int = 22) -> alt.Axis:
    """An axis of the names of rows: in lines on a telephone, which stand around the middle of their row."""
    lines = {name: textwrap.wrap(name, width, break_long_words=False) for name in names}
    written = f"({json.dumps(lines)}[datum.label] || [datum.label])"
    offsets = [
        {"test": f"{NARROW} && length({written}) == {number}", "value": -6 * (number - 1)}
        for number in sorted({len(those) for those in lines.values()} - {1})
    ]
    return alt.Axis(
        labelExpr=f"{NARROW} ? {written} : datum.label",
        labelOffset={"condition": offsets, "value": 0} if offsets else alt.Undefined,
        labelLimit=label_room(),
        labelOverlap=False,
    )


def in_lines(names: Sequence[str], width: int) -> str:
    """What an axis writes for names upright below it: in lines, but in one on a telephone, where they turn."""
    lines = json.dumps({name: textwrap.wrap(name, width, break_long_words=False) for name in names})
    return f"{NARROW} ? datum.label : {lines}[datum.label] || datum.label"


def below(names: Sequence[str], width: int = 14) -> alt.Axis:
    """An axis of names below a map: in lines where there is room, turned on a telephone."""
    return alt.Axis(
        labelExpr=in_lines(names, width),
        labelAngle=alt.ExprRef(f"{NARROW} ? -90 : 0"),
        labelAlign=alt.ExprRef(f"{NARROW} ? 'right' : 'center'"),
        labelBaseline=alt.ExprRef(f"{NARROW} ? 'middle' : 'top'"),
        labelLimit=alt.ExprRef(f"{NARROW} ? 110 : 200"),
        labelOverlap=False,
    )


def by_the_day(base: alt.Chart, tips: Sequence[Any], height: int = HEIGHT) -> alt.Chart:
    """What to hover over, from top to bottom, a day each: a band or line would tell of its first day wherever it is."""
    return base.mark_rule(strokeWidth=12, opacity=0).encode(y=alt.value(0), y2=alt.value(height), tooltip=[*tips])


def diverging() -> list[str]:
    """Orange below, blue above, and the background between; so that `ink` can be read on all of it."""
    return ["#b34700", "#1a232d", "#1f6f9f"] if is_dark() else ["#e2905f", "#f7f7f7", "#4fa3d6"]


def ink() -> Any:
    """The colour of a number on a cell of `diverging` shades."""
    return alt.value("#ffffff" if is_dark() else "#1b2733")


def rising() -> list[str]:
    """From what needs no look, over a threshold, to what does."""
    return ["#1b3a56", "#b98a2f", "#ff9a5c"] if is_dark() else ["#e8f1f8", "#f6c26b", "#b34700"]


def head(
    title: str, lead: str, publication: Publication, models: Sequence[str] = (), *, says_if_trusted: bool = True
) -> None:
    """The title of a page, what it answers, which state of the tables it shows, and whether it wants care."""
    st.html(STYLE)
    st.title(title, anchor=False)
    st.markdown(lead)
    versions = [
        f"{name} {' '.join(f'`{v}`' for v in found)}" for name, found in publication.versions_of(models).items()
    ]
    told = [
        f"Snapshot **{shown.day(publication.snapshot_date)}**",
        f"publication `{publication.version}`, published {shown.moment(publication.published_at)}",
        *(["models " + ", ".join(versions)] if versions else []),
    ]
    st.caption(" · ".join(told))
    if says_if_trusted:
        trusted(publication)


def trusted(publication: Publication) -> None:
    """In a line that and why figures want care, where they do; the page on models and data says all of it."""
    try:
        health = data.ask(publication.path, "models_health").rows
    except data.NotInPublicationError:
        return
    if health.empty:
        return
    said = trust.hint(data.Result("models_health", "", {}, health).one(), publication.published_at)
    if said:
        more = " More on [Models and data](models)." if access.may_see("models") else ""
        st.caption(f":material/warning: {said}{more}")


def cards(publication: Publication, figures: Sequence[Card], *results: Result, models: Sequence[str] = ()) -> None:
    """Figures side by side, all of one size, with what they came from; two in a row on a telephone.

    As text: st.metric is fetched by itself, and shows half a second after the words around it.
    """
    with st.container(gap="xsmall"):
        for number, (column, card) in enumerate(zip(in_a_row("cards", len(figures)), figures, strict=True)):
            with column.container(border=True, height="stretch", gap=None, key=f"card-{number}"):
                st.markdown(card.label, help=card.about or None)
                st.markdown("### " + shown.dollars(card.value), anchors=False)
                if notes := [shown.dollars(note) for note in card.notes if note]:
                    st.caption("  \n".join(notes))
        source(publication, *results, models=models, key="cards")


def ask(publication: Publication, name: str, **params: Any) -> Result:
    """The rows of a query, without columns that are hidden from whoever is looking."""
    found = data.ask(publication.path, name, **params)
    hidden = access.hidden_columns()
    return replace(found, rows=found.rows.drop(columns=[*hidden & set(found.rows)])) if hidden else found


def asked(publication: Publication, name: str, **params: Any) -> Result | None:
    """The same; where the publication is older than the query, or it takes too much, says so and gives None."""
    try:
        return ask(publication, name, **params)
    except data.NotInPublicationError as error:
        too_old(error.relation, is_column=error.is_column)
    except data.TooMuchError as error:
        too_much(error)
    return None


def too_much(error: data.TooMuchError) -> None:
    """In place of what needs more memory than a page has."""
    st.warning(f"Not shown: {error}.", icon=":material/memory:")


def too_old(relation: str, *, is_column: bool = False) -> None:
    """In place of what needs a table, or a column of one, that the publication does not hold."""
    lacks = "lacks something that this figure needs" if is_column else f"has no `{relation}`"
    st.info(
        f"This publication {lacks}: it was made before this page could show it. The next daily run"
        " (`clientele daily`) publishes it.",
        icon=":material/history:",
    )


def in_a_row(key: str, spec: int | Sequence[float]) -> Sequence[DeltaGenerator]:
    """Columns of which a telephone shows two in a row."""
    with st.container(key=f"two-in-a-row-{key}"):
        return st.columns(spec)


def panel(
    title: str,
    result: Result | tuple[Result, ...] | None,
    draw: Callable[[pd.DataFrame], None],
    *,
    publication: Publication,
    about: str = "",
    needs: Sequence[str] = (),
    models: Sequence[str] = (),
    empty: str = "Nothing to show for these filters.",
) -> None:
    """A framed chart or table: title, meaning, data and query, versions; an empty state where there are no rows.

    Of several results the rows of the first are drawn, and all can be had as data and query.
    """
    if result is None:
        return
    first, *others = result if isinstance(result, tuple) else (result,)
    with st.container(border=True, height="stretch", gap="xsmall"):
        # The definition is one hover away, at the title.
        st.markdown(f"**{title}**", help=about or None)
        if first.rows.empty:
            nothing(publication, needs, empty)
            return
        draw(first.rows)
        source(publication, first, *others, models=models, key=f"{title}-{first.name}")


@st.fragment
def source(publication: Publication, *results: Result, models: Sequence[str] = (), key: str) -> None:
    """What a figure came from: snapshot, publication, versions; queries, and rows as CSV, once they are asked for."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"source-{key}"):
        told = st.popover(
            "Data and query", type="tertiary", icon=":material/database:", on_change="rerun", key=f"data-{key}"
        )
        st.caption(stamp(publication, models), width="content")
    if not told.open:
        return
    with told:
        for result in results:
            rows = with_source(publication, result.rows, models)
            file = "_".join(filter(None, (result.name, result.part, publication.version)))
            sql = f"-- Publication {stamp(publication, models)}\n{result.question}"
            st.caption(f"`dashboards/queries/{result.name}.sql`, {shown.plural(len(rows), 'row')}")
            with st.container(horizontal=True):
                st.download_button(
                    "CSV", partial(csv_file, [rows]), file_name=f"{file}.csv", mime="text/csv",
                    key=f"csv-{result.name}-{key}", on_click="ignore", icon=":material/download:",
                )  # fmt: skip
                st.download_button(
                    "SQL", sql, file_name=f"{file}.sql", mime="text/plain",
                    key=f"sql-{result.name}-{key}", on_click="ignore", icon=":material/download:",
                )  # fmt: skip
            st.code(sql, language="sql")


def stamp(publication: Publication, models: Sequence[str] = ()) -> str:
    """Which state of the tables a figure shows: snapshot, publication, and (in short) versions of models."""
    versions = [f"{name} {' '.join(v[:7] for v in found)}" for name, found in publication.versions_of(models).items()]
    return " · ".join([shown.day(publication.snapshot_date), publication.version, *versions])


def with_source(publication: Publication, rows: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """Rows with what they came from, where they do not say it themselves: snapshot, publication, versions of models."""
    told: dict[str, Any] = {"snapshot_date": publication.snapshot_date} | {
        f"{name}_model_version": " ".join(found) for name, found in publication.versions_of(models).items()
    }
    if "model_version" in rows:
        told = {"snapshot_date": publication.snapshot_date}
    told = {name: value for name, value in told.items() if name not in rows} | {"publication": publication.version}
    return rows.assign(**told)


def csv_file(chunks: Iterable[pd.DataFrame]) -> BytesIO:
    """Rows as a file of CSV, written as they come; in memory, where Streamlit keeps what is downloaded."""
    file = BytesIO()
    for number, rows in enumerate(chunks):
        # All that may hold a text: one of an enum is a category.
        kinds = rows.select_dtypes(exclude=["number", "bool", "datetime"])
        texts = {name: kinds[name].astype(object).map(shown.cell) for name in kinds}
        file.write(rows.assign(**texts).to_csv(index=False, header=number == 0).encode())
    file.seek(0)
    return file


def nothing(publication: Publication, needs: Sequence[str], otherwise: str) -> None:
    """What to know where there is nothing to see: the sources that are missing and how to load them, else a reason."""
    missing = missing_sources(publication, needs)
    if missing:
        named = "; ".join(f"`{entity}` ({meaning.rstrip('.').lower()})" for entity, meaning in missing)
        noun = "source was" if len(missing) == 1 else "sources were"
        st.info(f"The {noun} never loaded: {named}. {LOADING}", icon=":material/upload_file:")
    else:
        st.info(otherwise, icon=":material/info:")


def compared_day(rows: pd.DataFrame) -> str:
    """The earlier day that rows are compared with, and whether readers saw it: 31 Dec 2025 (built, never published)."""
    seen = "published" if rows["is_earlier_published"].iloc[0] else "built, never published"
    return f"{shown.day(rows['earlier_date'].iloc[0])} ({seen})"


def more_days(publication: Publication) -> str:
    """How to come by earlier days, to be compared with the newest."""
    newest = publication.snapshot_date or date(2026, 1, 1)
    return (
        "`clientele daily` adds one a day,"
        f" `clientele daily --from {newest - timedelta(days=31)} --home WAREHOUSE` those of the month before"
    )


def missing_sources(publication: Publication, needs: Sequence[str]) -> list[tuple[str, str]]:
    """Those of the sources that never had a row, with what a row of each is."""
    try:
        status = data.ask(publication.path, "source_status").rows
    except data.NotInPublicationError:
        return []
    absent = status[status["entity"].isin(needs) & ~status["is_loaded"].astype(bool)]
    return list(zip(absent["entity"], absent["description"], strict=True))


def meaning(publication: Publication, table: str, column: str = "") -> str:
    """What a column means, or what is shown of a table as a whole, for a hover: from dbt's documentation."""
    if not column:
        return data.table_definition(publication.path, table)
    return data.definition(publication.path, table, column)


def meaning_with_bounds(publication: Publication, table: str, column: str) -> str:
    """The same of an estimate that is shown with its bounds."""
    return f"{meaning(publication, table, column)} {meaning(publication, table, f'{column}_lower')}"


def risk_levels(publication: Publication) -> str:
    """From which churn probability on a risk is called high or medium."""
    high, medium = (
        shown.share(float(data.setting(publication.path, f"churn_risk_{level}_from", otherwise)), 0)
        for level, otherwise in (("high", "0.7"), ("medium", "0.4"))
    )
    return f"high from a churn probability of {high} on, medium from {medium} on, low below."


def horizon(publication: Publication) -> str:
    """How far ahead churn is forecast: 90 days."""
    return f"{data.setting(publication.path, 'churn_horizon_days', '90')} days"


def vega(rows: pd.DataFrame, build: Callable[..., Any], *given: Any, height: int = HEIGHT, alt_text: str) -> None:
    """Draw the chart that `build` makes of what is given, over the rows, as wide as there is room.

    What is given must be hashable: a chart is made once for each, since making it takes longer than all else of a page.
    """
    spec = copy.deepcopy(_spec(build, given, height, is_dark(), CHECKED))
    st.vega_lite_chart(rows, spec, width="stretch", alt=alt_text)


@lru_cache(maxsize=512)
def _spec(build: Callable[..., Any], given: tuple[Any, ...], height: int, _dark: bool, checked: bool) -> dict[str, Any]:
    """A chart without its data, in the colours of the theme; held against the schema where that is asked for."""
    chart = build(*given).properties(height=height, padding={"bottom": 4, "right": 16})
    chart = chart.configure_axis(labelLimit=190, titlePadding=8)
    # Else the first and the last label of rows are moved onto their neighbours.
    chart = chart.configure_axisY(labelFlush=False).configure_view(strokeOpacity=0)
    spec = chart.to_dict(validate=checked)
    # In place of altair's row of nothing, what Streamlit fills with the rows.
    for part in (spec, *spec.get("layer", ())):
        part.pop("data", None)
    return {name: part for name, part in spec.items() if name != "datasets"} | {"data": {"name": "source"}}


@dataclass(frozen=True)
class Column:
    """A column of a table: its title, how its values are written, and how wide it is.

    Its definition is that of the documented column `of` where it goes by another name here, in `table` where it is of
    another table than the others, and `about` where no table of dbt's holds it.
    """

    label: str
    kind: str = "text"
    width: int | None = None
    of: str = ""
    table: str = ""
    about: str = ""

    def configured(self, about: str) -> Any:
        """As Streamlit wants it, with the definition for the hover."""
        kinds = st.column_config
        options: dict[str, Any] = {"help": about or None, "width": self.width}
        if self.kind in NUMBERS:
            return kinds.NumberColumn(self.label, format=NUMBERS[self.kind], **options)
        match self.kind:
            case "day":
                return kinds.DateColumn(self.label, format="D MMM YYYY", **options)
            case "moment":
                return kinds.DatetimeColumn(self.label, format="D MMM YYYY, HH:mm", **options)
            case "customer":
                return kinds.LinkColumn(self.label, display_text=r"customer=(.*)$", alignment="left", **options)
            case "tick":
                return kinds.CheckboxColumn(self.label, **options)
            case "estimate":
                return kinds.TextColumn(self.label, alignment="right", **options)
        return kinds.TextColumn(self.label, **options)


def table(
    publication: Publication,
    rows: pd.DataFrame,
    of: str,
    columns: dict[str, Column],
    *,
    wraps: bool = False,
    most: int = MOST_ROWS,
    **options: Any,
) -> Any:
    """A table of some columns, each with its definition, from the docs of the table `of`, on hover.

    Where it wraps, a text has room for three lines; at most so many rows show at once.
    """
    row = TALL_ROW if wraps else ROW
    told = rows[[name for name in columns if name in rows]]
    for name in told:
        if columns[name].kind in SHARES:
            told = told.assign(**{name: told[name] * 100})
        elif columns[name].kind == "customer":
            told = told.assign(**{name: [f"customers?customer={quote(str(value), safe='')}" for value in told[name]]})
    return st.dataframe(
        told,
        column_config={
            name: column.configured(column.about or meaning(publication, column.table or of, column.of or name))
            for name, column in columns.items()
        },
        hide_index=True,
        width="stretch",
        placeholder=shown.NOTHING,
        row_height=row if wraps else None,
        # Streamlit finds the height of few rows by itself.
        height=ROW + row * min(len(rows), most) + 3 if wraps or len(rows) > most else "auto",
        **options,
    )


def bounds(told: Mapping[str, Any], column: str, write: Callable[..., str]) -> str:
    """The bounds of the estimate in a column of a row: 30.5 % to 92.2 %; nothing where it has none."""
    return shown.between(*shown.alike(write, told[f"{column}_lower"], told[f"{column}_upper"]))


def estimates(rows: pd.DataFrame, column: str, write: Callable[..., str]) -> list[str]:
    """The estimates of a column, each with its bounds: 71.0 % (30.5 % to 92.2 %)."""
    return [
        shown.with_bounds(*shown.alike(write, value, lower, upper))
        for value, lower, upper in zip(rows[column], rows[f"{column}_lower"], rows[f"{column}_upper"], strict=True)
    ]


def then_and_now(rows: pd.DataFrame, column: str, write: Callable[..., str]) -> list[str]:
    """The earlier and the newest estimates of a column with their bounds, held together where a cell wraps."""
    names = [f"{when}{column}{end}" for end in ("", "_lower", "_upper") for when in ("earlier_", "")]
    told = []
    for values in zip(*(rows[name] for name in names), strict=True):
        then, now, *ends = shown.alike(write, *values)
        lines = [shown.with_bounds(then, *ends[::2]), f"→ {shown.with_bounds(now, *ends[1::2])}"]
        told.append(" ".join(line.replace(" ", HELD) for line in lines))
    return told


def bounded(name: str, label: str, kind: str) -> dict[str, Column]:
    """Three columns that sort as numbers: an estimate, and right beside it the bounds of it."""
    return {
        name: Column(label, kind),
        f"{name}_lower": Column("from", kind),
        f"{name}_upper": Column("to", kind),
    }


def text(label: str, width: int | None = None) -> Column:
    """A column of words."""
    return Column(label, width=width)


def figure(label: str) -> Column:
    """A column of numbers."""
    return Column(label, "number")


def decimal(label: str) -> Column:
    """A column of numbers with two decimals."""
    return Column(label, "decimal")


def amount(label: str, currency: str) -> Column:
    """A column of money."""
    return Column(f"{label} ({currency})", "number")


def part(label: str) -> Column:
    """A column of shares."""
    return Column(label, "share")


def when(label: str) -> Column:
    """A column of days."""
    return Column(label, "day")
