"""The dashboards: which pages there are, who sees them, and what stands there before anything is published.

Start with `make dashboards`, or `clientele dashboards --home WAREHOUSE`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

import streamlit as st

from dashboards import access, components, data, shown, state
from dashboards.pages import PAGES

UNKNOWN = "unknown-page"  # that the address named when it was opened
SEEN = "seen"  # the version that this session saw last
ICON = Path(__file__).with_name("icon.png")
# What the theme cannot say: less room above the title, figures that shrink before they are cut off, what a figure came
# from at the foot of its panel, two cards or filters in a row on a telephone; and no search and no menus in the list of
# customers, which would look at the rows of one page alone: Streamlit has no option for that.
STYLE = """<style>
.stMainBlockContainer { padding-top: 4.2rem; padding-bottom: 3rem; }
[class*="st-key-card-"] [data-testid="stMarkdownContainer"] { margin-bottom: 0; }
[class*="st-key-card-"] h3 { font-size: clamp(1.4rem, 2.2vw, 2rem); font-weight: 400; padding: 0.15rem 0 0.35rem; }
[class*="st-key-source-"] { gap: 0 0.75rem; }
[data-testid="stLayoutWrapper"]:has(> * > * > [class*="st-key-source-"]) { margin-top: auto; }
.st-key-customer-list [data-testid="stElementToolbar"], .st-key-customer-list .gdg-search-bar,
body:has(.st-key-customer-list) [data-testid="stDataFrameColumnMenu"] { display: none; }
@media (max-width: 640px) {
    .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; }
    [class*="st-key-two-in-a-row"] [data-testid="stHorizontalBlock"] { gap: 0.6rem; }
    [class*="st-key-two-in-a-row"] [data-testid="stColumn"] { min-width: calc(50% - 0.3rem); flex-basis: 0; }
}
</style>"""


def show(name: str) -> None:
    """Show a page over what is published now, or say that nothing is."""
    state.arrive()
    try:
        publication = data.publication(data.current_path())
        st.session_state[SEEN] = publication.version
        page: Callable[[data.Publication], None] = import_module(f"dashboards.views.{name}").page
        page(publication)
    except data.NothingPublishedError:
        nothing_published()
    except data.UnreadableError as error:
        components.unreadable(error.version)
    except data.TooMuchError as error:
        components.too_much(error)


def nothing_published() -> None:
    """In place of all pages while there is no published file: why, as far as the folder tells, and what to do."""
    before, there = st.session_state.get(SEEN), data.traces()
    if before or "published" in there:
        gone(before)
    elif there:
        st.title("Nothing is published here", anchor=False)
        st.markdown(
            f"Of this warehouse there is {' and '.join(f'`{name}`' for name in there)}, but nothing that was published:"
            " nothing was yet, or it was removed or moved.\n\n"
            "- To publish what was built: `clientele publish`, after a `clientele run` where there is no build\n"
            "- If it was published before: bring its folder `published` back, or publish anew\n\n"
            "This page shows the figures as soon as they are there: reload it."
        )
    else:
        never_published()


def gone(before: str | None) -> None:
    """In place of all pages where there was a published file, of that version if this session has seen it."""
    st.title("What was published cannot be reached", anchor=False)
    was = f"Publication `{before}` was there a moment ago" if before else "Something was published"
    st.markdown(
        f"{was}, and its file is not to be found now: it was removed or moved, or its disk cannot be reached.\n\n"
        "- See whether the folder `published` of the warehouse is there and can be read\n"
        "- To see a publication that is kept: `clientele status`, then `clientele rollback`\n"
        "- To publish anew what was built: `clientele publish`\n\n"
        "Reload this page afterwards."
    )


def never_published() -> None:
    """In place of all pages where there is no warehouse yet."""
    st.title("Nothing is published yet", anchor=False)
    st.markdown(
        "The dashboards read what was published, and of this warehouse nothing is.\n\n"
        "- A first look, with a demo company: `make run`\n"
        "- Your own data: `clientele load mapping.yml`, then `clientele run` and `clientele publish`\n"
        "- Another warehouse: `clientele dashboards --home FOLDER`\n\n"
        "This page shows the figures as soon as they are there: reload it."
    )


def unknown_page(is_first: bool) -> None:
    """Say so where the address names a page that is none: Streamlit shows the first in its place, and its address."""
    path = unquote(urlsplit(st.context.url or "").path).strip("/")
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    name = path.removeprefix(base).strip("/").rsplit("/", 1)[-1]
    if not is_first:
        st.session_state.pop(UNKNOWN, None)
    elif name not in ("", *PAGES):
        st.session_state[UNKNOWN] = name
    if unknown := st.session_state.get(UNKNOWN):
        first = next(iter(PAGES.values()))[0]
        st.warning(
            f"Page: there is no *{shown.plain(unknown)}* here. Shown is *{first}*.", icon=":material/filter_alt_off:"
        )


def main() -> None:
    """Show the page that was asked for."""
    # A picture of our own: the browser would fetch a sign's from elsewhere.
    st.set_page_config(page_title="Clientele", page_icon=str(ICON), layout="wide")
    st.html(STYLE)
    may = access.allowed()
    pages = [
        st.Page(partial(show, name), title=title, icon=icon, url_path=name, default=number == 0)
        for number, (name, (title, icon)) in enumerate(PAGES.items())
        if name in may
    ]
    chosen = st.navigation(pages, position="top")
    unknown_page(chosen.url_path == "")
    chosen.run()
    if access.login_is_asked_for():
        st.button("Sign out", on_click=st.logout, type="tertiary")


if __name__ == "__main__":
    main()
