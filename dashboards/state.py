"""Filters, which live in the URL: a view can be sent to a colleague as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

ANY = "all"


def choice(key: str, label: str, options: Sequence[str], *, about: str = "") -> str | None:
    """One of some values, or all of them, which is None and leaves no trace in the URL."""
    chosen = st.selectbox(label, [ANY, *options], key=key, bind="query-params", help=about or None)
    return None if chosen in (None, ANY) else chosen


def one_of(
    key: str, label: str, options: Sequence[str], *, about: str = "", written: Callable[[str], str] = str
) -> str:
    """One of some values, the first unless another is chosen."""
    chosen = st.selectbox(label, options, key=key, bind="query-params", help=about or None, format_func=written)
    return chosen if chosen in options else options[0]


def switch(key: str, label: str, options: Sequence[str], *, written: Callable[[str], str] = str) -> str:
    """One of a few values, all of them in sight; the first unless another is chosen."""
    chosen = st.segmented_control(
        label, options, default=options[0], required=True, key=key, bind="query-params", format_func=written
    )
    return chosen if chosen in options else options[0]


def words(key: str, label: str, *, placeholder: str = "") -> str | None:
    """What to search for; None where nothing was typed."""
    typed = st.text_input(label, key=key, placeholder=placeholder, bind="query-params", type="search")
    return (typed or "").strip() or None


def page_number(key: str, pages: int) -> int:
    """The page of a list, 1 and up."""
    return int(st.pagination(max(pages, 1), key=key, bind="query-params"))


def open_one(key: str) -> str | None:
    """What is open by its id, from the URL."""
    return st.query_params.get(key)


def open_it(key: str, name: str) -> None:
    """Open something by its id, which the URL then names."""
    st.query_params[key] = name


def close(key: str) -> None:
    """Back to the list."""
    st.query_params.pop(key, None)
