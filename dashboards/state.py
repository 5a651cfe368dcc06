"""Filters, which live in the URL: a view can be sent to a colleague as it is, and Back leads to the view before.

Streamlit's own binding replaces the address where a filter changes, so that Back skips the step, and takes filters out
of it before another page is opened, so that Back finds none. Here a filter that changes writes the address, a step of
the history each, and a page that is opened, by a link or by Back, takes its filters from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import streamlit as st

from dashboards import shown

ANY = "all"
PAGE = "page"  # of a list; other filters begin with the first
ARRIVED = "arrived-with"  # what the address said when the page was drawn as a whole
TAKEN = "taken-from-the-address"  # filters of the page that is open, with the value that leaves no trace in the address
TIMES = "times-arrived"
LEFT = "left-for-{}"  # under which the filters of a list are kept while one thing of it is open


def arrive() -> None:
    """A page is drawn as a whole: its filters are those of the address, whatever they were before."""
    st.session_state[ARRIVED] = st.query_params.to_dict()
    st.session_state[TAKEN] = {}
    st.session_state[TIMES] = times_arrived() + 1


def times_arrived() -> int:
    """How often a page was drawn as a whole: what is marked in a table of that name holds until the next time."""
    return int(st.session_state.get(TIMES, 0))


def choice(key: str, label: str, options: Sequence[str], *, about: str = "") -> str | None:
    """One of some values, or all of them, which is None and leaves no trace in the URL."""
    unknown = _take(key, [ANY, *options])
    chosen = st.selectbox(label, [ANY, *options], key=key, on_change=_changed, args=(key,), help=about or None)
    _say(unknown, label, ANY)
    return None if chosen in (None, ANY) else chosen


def one_of(
    key: str, label: str, options: Sequence[str], *, about: str = "", written: Callable[[str], str] = str
) -> str:
    """One of some values, the first unless another is chosen; the URL has the value, whatever is written for it."""
    unknown = _take(key, options)
    chosen = st.selectbox(
        label, options, key=key, on_change=_changed, args=(key,), help=about or None, format_func=written
    )
    chosen = chosen if chosen in options else options[0]
    _say(unknown, label, written(chosen))
    return chosen


def switch(key: str, label: str, options: Sequence[str], *, written: Callable[[str], str] = str) -> str:
    """One of a few values, all of them in sight; the first unless another is chosen."""
    unknown = _take(key, options)
    marked: str | None = st.segmented_control(
        label, options, required=True, key=key, on_change=_changed, args=(key,), format_func=written
    )
    chosen = marked if marked is not None and marked in options else options[0]
    _say(unknown, label, written(chosen))
    return chosen


def words(key: str, label: str, *, placeholder: str = "") -> str | None:
    """What to search for; None where nothing was typed."""
    _take(key, None)
    typed = st.text_input(label, key=key, placeholder=placeholder, on_change=_changed, args=(key,), type="search")
    return (typed or "").strip() or None


def page_number(pages: int) -> int:
    """The page of a list, 1 and up."""
    unknown = _take(PAGE, range(1, max(pages, 1) + 1))
    number = int(st.pagination(max(pages, 1), key=PAGE, on_change=_changed, args=(PAGE,)))
    _say(unknown, "Page", str(number))
    return number


def choose(key: str, value: str) -> None:
    """Set a filter from elsewhere than the filter itself."""
    st.session_state[key] = value
    _changed(key)


def _take(key: str, options: Sequence[Any] | None) -> str | None:
    """Once for each time that the page is opened, set a filter to what the URL asks for; gives what no list knows."""
    taken = st.session_state.setdefault(TAKEN, {})
    default = options[0] if options else ""
    if key in taken and (options is None or st.session_state.get(key) in options):
        return None
    asked = None if key in taken else st.session_state.get(ARRIVED, {}).get(key)
    taken[key] = default
    known: dict[Any, Any] = {asked: asked} if options is None else {str(option): option for option in options}
    st.session_state[key] = default if asked is None else known.get(asked, default)
    return None if asked is None or asked in known else str(asked)


def _changed(key: str) -> None:
    """Write the filters of the page into the URL, in one step: all, as another may have changed on the way here."""
    taken = st.session_state.get(TAKEN, {})
    if key != PAGE and PAGE in taken:
        st.session_state[PAGE] = 1
    now = {name: st.session_state.get(name) for name in taken}
    told = {name: str(now[name]) for name in taken if now[name] not in (None, "", taken[name])}
    others = {name: value for name, value in st.query_params.to_dict().items() if name not in taken}
    if others | told != st.query_params.to_dict():
        st.query_params.from_dict(others | told)


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
    st.query_params.from_dict(st.session_state.pop(LEFT.format(key), {}))


def shut(key: str) -> None:
    """What was open beside a list is so no more; the filters stay."""
    st.query_params.pop(key, None)
