"""Filters, which live in the URL: a view can be sent to a colleague as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import streamlit as st

from dashboards import shown

ANY = "all"
LEFT = "left-for-{}"  # under which the filters of a list are kept while one thing of it is open


def choice(key: str, label: str, options: Sequence[str], *, about: str = "") -> str | None:
    """One of some values, or all of them, which is None and leaves no trace in the URL."""
    unknown = _unknown(key, [ANY, *options])
    chosen = st.selectbox(label, [ANY, *options], key=key, bind="query-params", help=about or None)
    _say(unknown, label, ANY)
    return None if chosen in (None, ANY) else chosen


def one_of(
    key: str, label: str, options: Sequence[str], *, about: str = "", written: Callable[[str], str] = str
) -> str:
    """One of some values, the first unless another is chosen."""
    unknown = _unknown(key, map(written, options))
    chosen = st.selectbox(label, options, key=key, bind="query-params", help=about or None, format_func=written)
    chosen = chosen if chosen in options else options[0]
    _say(unknown, label, written(chosen))
    return chosen


def switch(key: str, label: str, options: Sequence[str], *, written: Callable[[str], str] = str) -> str:
    """One of a few values, all of them in sight; the first unless another is chosen."""
    unknown = _unknown(key, map(written, options))
    chosen = st.segmented_control(
        label, options, default=options[0], required=True, key=key, bind="query-params", format_func=written
    )
    chosen = chosen if chosen in options else options[0]
    _say(unknown, label, written(chosen))
    return chosen


def words(key: str, label: str, *, placeholder: str = "") -> str | None:
    """What to search for; None where nothing was typed."""
    typed = st.text_input(label, key=key, placeholder=placeholder, bind="query-params", type="search")
    return (typed or "").strip() or None


def page_number(key: str, pages: int) -> int:
    """The page of a list, 1 and up."""
    return int(st.pagination(max(pages, 1), key=key, bind="query-params"))


def _unknown(key: str, known: Iterable[str]) -> str | None:
    """What the URL asks for and no list knows; the filter itself takes it out of the URL."""
    asked = st.query_params.get(key)
    return None if asked is None or asked in known else asked


def _say(unknown: str | None, label: str, instead: str) -> None:
    """That a filter of the URL does not hold, and what holds instead."""
    if unknown is not None:
        st.warning(
            f"{label}: there is no *{shown.plain(unknown)}* here. Shown is *{shown.plain(instead)}*.",
            icon=":material/filter_alt_off:",
        )


def open_one(key: str) -> str | None:
    """What is open by its id, from the URL."""
    return st.query_params.get(key)


def open_it(key: str, name: str) -> None:
    """Open something by its id, which the URL then names; filters beside it stay."""
    st.query_params[key] = name


def leave_for(key: str, name: str, filters: Iterable[str]) -> None:
    """Open something in place of a list: the URL names it alone, in one step, so that Back leads to the list.

    Of the URL the filters of the list are kept, and nothing else that someone wrote there.
    """
    left = st.query_params.to_dict()
    st.session_state[LEFT.format(key)] = {kept: left[kept] for kept in filters if kept in left}
    st.query_params.from_dict({key: name})


def close(key: str) -> None:
    """Back to the list, as it was left."""
    for name, value in st.session_state.pop(LEFT.format(key), {}).items():
        st.session_state[name] = int(value) if name == "page" else value
    st.query_params.pop(key, None)
