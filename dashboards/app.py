"""The dashboards: which pages there are, who sees them, and what stands there before anything is published.

Start with `make dashboards`, or `clientele dashboards --home WAREHOUSE`.
"""

from __future__ import annotations

import streamlit as st

from dashboards import access, data

# The name of a page in its address, its title and its sign; the first is the one that opens.
PAGES = {
    "overview": ("Overview", ":material/monitor_heart:"),
    "customers": ("Customers", ":material/group:"),
    "segments": ("Segments", ":material/donut_small:"),
    "value": ("Value", ":material/paid:"),
    "credit": ("Credit", ":material/account_balance:"),
    "campaigns": ("Campaigns", ":material/campaign:"),
    "models": ("Models and data", ":material/fact_check:"),
}


def nothing_published(where: str) -> None:
    """In place of all pages while there is no published file."""
    st.title("Nothing is published yet", anchor=False)
    st.markdown(
        f"The dashboards read what was published, and `{where}` cannot be opened.\n\n"
        "- A first look, with a demo company: `make run`\n"
        "- Your own data: `clientele load mapping.yml`, then `clientele run` and `clientele publish`\n"
        "- Another warehouse: `clientele dashboards --home FOLDER`\n\n"
        "This page shows the figures as soon as they are there: reload it."
    )


def main() -> None:
    """Show the page that was asked for."""
    st.set_page_config(page_title="Clientele", page_icon=":material/insights:", layout="wide")
    may = access.allowed(PAGES)
    pages = [
        st.Page(f"pages/{name}.py", title=title, icon=icon, url_path=name, default=name == next(iter(PAGES)))
        for name, (title, icon) in PAGES.items()
        if name in may
    ]
    page = st.navigation(pages, position="top")
    try:
        st.session_state["publication"] = data.publication(data.current_path())
    except data.NothingPublishedError as error:
        nothing_published(str(error))
        return
    page.run()
    if access.login_is_asked_for():
        st.button("Sign out", on_click=st.logout, type="tertiary")


main()
