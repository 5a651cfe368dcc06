"""Who may see what: roles from the token of a login, which is off unless asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
import yaml

from clientele.serving import login_is_asked_for
from dashboards.pages import PAGES

ROLES = Path(__file__).with_name("roles.yml")
HIDEABLE = {"customer_id"}  # columns that every page can be drawn without
CLAIM = "CLIENTELE_DASHBOARDS_ROLE_CLAIM"


@cache
def _roles() -> dict[str, dict[str, Any]]:
    return checked_roles(ROLES.read_text())


def checked_roles(text: str) -> dict[str, dict[str, Any]]:
    """Roles, by their names. Raises ValueError for a page or a column that is none: else it would hide nothing."""
    roles = yaml.safe_load(text)
    for role, may in roles.items():
        for key, known in (("pages", set(PAGES)), ("hidden", HIDEABLE)):
            if unknown := sorted(set(may.get(key, ())) - known):
                raise ValueError(
                    f"{ROLES.name}: role {role}: {key}: {', '.join(unknown)} is none of {', '.join(sorted(known))}"
                )
        if "customer_id" in may.get("hidden", ()) and "customers" in may.get("pages", ()):
            raise ValueError(f"{ROLES.name}: role {role}: the page customers cannot be shown with customer_id hidden")
    return roles


def pages_of(roles: Iterable[str]) -> set[str]:
    """The pages that any of the roles may see; an unknown role sees none."""
    return {page for role in roles for page in _roles().get(role, {}).get("pages", ())}


def hidden_from(roles: Iterable[str]) -> set[str]:
    """The columns that none of the roles may see."""
    hidden = [set(_roles()[role].get("hidden", ())) for role in roles if role in _roles()]
    return set.intersection(*hidden) if hidden else set()


def hidden_columns() -> set[str]:
    """The columns that whoever is looking may not see; none without a login."""
    return hidden_from(roles_in(dict(st.user))) if login_is_asked_for() else set()


def may_see(page: str) -> bool:
    """Whether whoever is looking may see a page, and what belongs to it elsewhere."""
    return not login_is_asked_for() or page in pages_of(roles_in(dict(st.user)))


def roles_in(claims: dict[str, Any]) -> list[str]:
    """The roles that a token names, in one claim: a list, or words with spaces or commas between."""
    told = claims.get(os.environ.get(CLAIM, "roles"))
    if isinstance(told, str):
        return told.replace(",", " ").split()
    return [str(role) for role in told] if isinstance(told, list | tuple) else []


def allowed() -> set[str]:
    """The pages that whoever is looking may see; asks to sign in first where that is asked for."""
    if not login_is_asked_for():
        return set(PAGES)
    if not st.user.is_logged_in:
        st.title("Clientele", anchor=False)
        st.markdown("Sign in to see the dashboards.")
        st.button("Sign in", on_click=st.login, type="primary")
        st.stop()
    may = pages_of(roles_in(dict(st.user)))
    if not may:
        st.title("Clientele", anchor=False)
        st.warning(
            f"You are signed in, but your account has none of the roles {', '.join(_roles())}. Ask whoever runs the"
            " sign-in to give you one.",
            icon=":material/lock:",
        )
        st.button("Sign out", on_click=st.logout)
        st.stop()
    return may
