"""What pages are made of: their head, cards of figures, charts with their data and query, and empty states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from altair.utils import schemapi

from dashboards import access, data, shown
from dashboards.data import Publication, Result

# Whether charts are held against the schema. Tests do; at every click it would take half of the server's time.
CHECKED = False
schemapi.DEBUG_MODE = CHECKED

RISK_COLOURS = {"high": "#d55e00", "medium": "#e69f00", "low": "#009e73"}
HEIGHT = 300
LOADING = "Load it: write a mapping for it (`clientele map FILE`), then `clientele load mapping.yml`."


@dataclass(frozen=True)
class Card:
    """A figure: what it is called, how it is written, its bounds or change, and what it means."""

    label: str
    value: str
    note: str = ""
    about: str = ""


def is_dark() -> bool:
    """Whether whoever is looking has the dark theme."""
    theme = st.context.theme
    return theme is not None and theme.type == "dark"


def accent() -> str:
    """The colour of what is not told apart by colour."""
    return "#56b4e9" if is_dark() else "#0072b2"


def on_shade(column: str, more_than: float) -> Any:
    """The colour of a number on a cell whose shade grows with a column: shades end light on dark, dark on light."""
    light, dark = alt.value("#ffffff"), alt.value("#1b2733")
    above, below = (dark, light) if is_dark() else (light, dark)
    return alt.condition(alt.datum[column] > more_than, above, below)


def head(title: str, lead: str, publication: Publication, models: Sequence[str] = ()) -> None:
    """The title of a page, what it answers, and which state of the tables it shows."""
    st.title(title, anchor=False)
    st.markdown(lead)
    versions = [f"{name} `{version}`" for name, version in publication.models.items() if name.split(".")[0] in models]
    told = [
        f"Snapshot **{shown.day(publication.snapshot_date)}**",
        f"publication `{publication.version}`, published {shown.moment(publication.published_at)}",
        *(["models " + ", ".join(versions)] if versions else []),
    ]
    st.caption(" · ".join(told))


def cards(figures: Sequence[Card]) -> None:
    """Figures side by side, all of one size; one below the other where there is no room."""
    for column, card in zip(st.columns(len(figures)), figures, strict=True):
        column.metric(
            card.label,
            card.value,
            delta=card.note or None,
            delta_color="off",
            delta_arrow="off",
            help=card.about or None,
            border=True,
            height="stretch",
        )


def asked(publication: Publication, name: str, **params: Any) -> Result | None:
    """The rows of a query, without columns that are hidden from whoever is looking.

    Says so in their place where the publication is older than the query, and gives None.
    """
    try:
        found = data.ask(publication.path, name, **params)
    except data.NotInPublicationError as error:
        too_old(error.relation)
        return None
    hidden = access.hidden_columns()
    return replace(found, rows=found.rows.drop(columns=[*hidden & set(found.rows)])) if hidden else found


def too_old(relation: str) -> None:
    """In place of what needs a table that the publication does not hold."""
    st.info(
        f"This publication has no `{relation}`: it was made before this page could show it. The next daily run"
        " (`clientele daily`) publishes it.",
        icon=":material/history:",
    )


def panel(
    title: str,
    result: Result | None,
    draw: Callable[[pd.DataFrame], None],
    *,
    about: str = "",
    needs: Sequence[str] = (),
    publication: Publication,
    empty: str = "Nothing to show for these filters.",
    key: str = "",
) -> None:
    """A framed chart or table with its title, meaning, data and query; an empty state where there are no rows."""
    if result is None:
        return
    with st.container(border=True, height="stretch"):
        # The definition is one hover away, at the title.
        st.markdown(f"**{title}**", help=about or None)
        if result.rows.empty:
            nothing(publication, needs, empty)
            return
        draw(result.rows)
        source(result, key)


def source(result: Result, key: str = "") -> None:
    """The query behind a figure and its rows as CSV; written out only when somebody asks for them."""
    rows = result.rows
    with st.popover("Data and query", type="tertiary", icon=":material/database:"):
        st.caption(f"`dashboards/queries/{result.name}.sql`, {shown.plural(len(rows), 'row')}")
        with st.container(horizontal=True):
            st.download_button(
                "CSV", lambda: rows.to_csv(index=False).encode(), file_name=f"{result.name}.csv", mime="text/csv",
                key=f"csv-{result.name}{key}", on_click="ignore", icon=":material/download:",
            )  # fmt: skip
            st.download_button(
                "SQL", result.question, file_name=f"{result.name}.sql", mime="text/plain",
                key=f"sql-{result.name}{key}", on_click="ignore", icon=":material/download:",
            )  # fmt: skip
        st.code(result.question, language="sql")


def nothing(publication: Publication, needs: Sequence[str], otherwise: str) -> None:
    """What to know where there is nothing to see: the sources that are missing and how to load them, else a reason."""
    missing = missing_sources(publication, needs)
    if missing:
        named = "; ".join(f"`{entity}` ({meaning.rstrip('.').lower()})" for entity, meaning in missing)
        noun = "source was" if len(missing) == 1 else "sources were"
        st.info(f"The {noun} never loaded: {named}. {LOADING}", icon=":material/upload_file:")
    else:
        st.info(otherwise, icon=":material/info:")


def missing_sources(publication: Publication, needs: Sequence[str]) -> list[tuple[str, str]]:
    """Those of the sources that never had a row, with what a row of each is."""
    try:
        status = data.ask(publication.path, "source_status").rows
    except data.NotInPublicationError:
        return []
    absent = status[status["entity"].isin(needs) & ~status["is_loaded"].astype(bool)]
    return list(zip(absent["entity"], absent["description"], strict=True))


def meaning(publication: Publication, table: str, column: str) -> str:
    """What a column means, for a hover: from dbt's documentation."""
    return data.definition(publication.path, table, column)


def vega(chart: Any, height: int = HEIGHT, alt_text: str = "") -> None:
    """Draw a chart as wide as there is room, in the colours of the theme."""
    chart = chart.properties(height=height).configure_axis(labelLimit=190, titlePadding=8)
    chart = chart.configure_view(strokeOpacity=0)
    if not CHECKED:
        # Streamlit asks for the dictionary without a word on validation; a chart takes attributes for its own fields.
        object.__setattr__(chart, "to_dict", partial(chart.to_dict, validate=False))
    st.altair_chart(chart, width="stretch", alt=alt_text or None)


@dataclass(frozen=True)
class Column:
    """A column of a table: its title, how its values are written, and how wide it is."""

    label: str
    kind: str = "text"
    width: int | None = None

    def configured(self, about: str) -> Any:
        """As Streamlit wants it, with the definition for the hover."""
        kinds = st.column_config
        options: dict[str, Any] = {"help": about or None, "width": self.width}
        match self.kind:
            case "number":
                return kinds.NumberColumn(self.label, format="localized", **options)
            case "share":
                return kinds.NumberColumn(self.label, format="%.1f %%", **options)
            case "day":
                return kinds.DateColumn(self.label, format="D MMM YYYY", **options)
            case "moment":
                return kinds.DatetimeColumn(self.label, format="D MMM YYYY, HH:mm", **options)
            case "tick":
                return kinds.CheckboxColumn(self.label, **options)
        return kinds.TextColumn(self.label, **options)


def table(publication: Publication, rows: pd.DataFrame, of: str, columns: dict[str, Column], **options: Any) -> Any:
    """A table of some columns, each with its definition, from the docs of the table `of`, on hover."""
    shares = [name for name, column in columns.items() if column.kind == "share" and name in rows]
    return st.dataframe(
        rows[[name for name in columns if name in rows]].assign(**{name: rows[name] * 100 for name in shares}),
        column_config={name: column.configured(meaning(publication, of, name)) for name, column in columns.items()},
        hide_index=True,
        width="stretch",
        **options,
    )


def text(label: str, width: int | None = None) -> Column:
    """A column of words."""
    return Column(label, width=width)


def figure(label: str) -> Column:
    """A column of numbers."""
    return Column(label, "number")


def amount(label: str, currency: str) -> Column:
    """A column of money."""
    return Column(f"{label} ({currency})", "number")


def part(label: str) -> Column:
    """A column of shares."""
    return Column(label, "share")


def when(label: str) -> Column:
    """A column of days."""
    return Column(label, "day")
