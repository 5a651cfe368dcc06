"""Signing in by Streamlit's own OIDC, at a real provider on this machine: roles in the token decide what shows."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import httpx
import pytest
from oidc_provider_mock import User, run_server_in_thread

from clientele.publishing.relations import direct_pii_in, relations_of
from clientele.serving import LOGIN
from dashboards import access, data
from dashboards.browser import FIGURE, Watched, free_port, started
from dashboards.pages import PAGES
from tests.dashboards import asked

# Who can sign in, and the roles in their tokens.
PEOPLE = {"ann": ["analyst"], "max": ["manager"], "ria": ["risk"], "zoe": ["intern"], "joe": None}
# That the page of the provider, and none of the dashboards, asks for how it looks.
STYLE_OF_PROVIDER = "https://cdn.jsdelivr.net"


class Served(NamedTuple):
    """Addresses of the dashboards, and of the provider that people sign in at."""

    address: str
    provider: str


@pytest.fixture(scope="module")
def served(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Dashboards that ask for a login, registered with a provider that checks client, secret and redirect address."""
    people = [User(sub=name, claims={"roles": roles} if roles else {}) for name, roles in PEOPLE.items()]
    with run_server_in_thread(require_client_registration=True, require_nonce=True, user_claims=people) as provider:
        port, issuer = free_port(), f"http://127.0.0.1:{provider.server_port}"
        redirect = f"http://127.0.0.1:{port}/oauth2callback"
        client = httpx.post(f"{issuer}/oauth2/clients", json={"redirect_uris": [redirect]}).raise_for_status().json()
        secrets = tmp_path_factory.mktemp("secrets") / "secrets.toml"
        secrets.write_text(
            f'[auth]\nredirect_uri = "{redirect}"\ncookie_secret = "{os.urandom(32).hex()}"\n'
            f'client_id = "{client["client_id"]}"\nclient_secret = "{client["client_secret"]}"\n'
            f'server_metadata_url = "{issuer}/.well-known/openid-configuration"\n'
        )
        told = {LOGIN: "oidc", "STREAMLIT_SECRETS_FILES": str(secrets)}
        with started(company, port=port, environment=told) as (address, _process):
            yield Served(address, issuer)


@pytest.fixture
def page(served: Served, watch: Callable[..., Watched]) -> Watched:
    """A browser in which nobody has signed in yet, and which may speak to the provider as well."""
    return watch(served.address, served.provider, STYLE_OF_PROVIDER)


def sign_in(page: Watched, name: str, path: str = "") -> None:
    page.open(path)
    page.page.get_by_role("button", name="Sign in").click()
    page.page.get_by_role("button", name=name).click()
    page.page.wait_for_url(f"{page.address}/**")
    page.page.get_by_role("button", name="Sign out").wait_for()
    page.settle()


def sign_out(page: Watched) -> None:
    """Here and at the provider, which asks whether that is meant."""
    page.page.get_by_role("button", name="Sign out").click()
    page.page.get_by_role("button", name="End session").click()
    page.page.wait_for_url(f"{page.address}/**")


def pages_in_sight(page: Watched) -> set[str]:
    titles = {title: name for name, (title, _icon) in PAGES.items()}
    return {
        titles[link.inner_text().strip().splitlines()[-1]] for link in page.page.get_by_test_id("stTopNavLink").all()
    }


def words(page: Watched) -> str:
    return page.page.get_by_test_id("stApp").inner_text()


@pytest.mark.parametrize("path", ["", *list(PAGES)[1:], "customers?customer=C1000001"])
def test_whoever_has_not_signed_in_sees_nothing(path: str, page: Watched, company: Path) -> None:
    page.open(path)
    page.page.get_by_role("button", name="Sign in").wait_for()
    assert page.page.locator(FIGURE).count() == 0
    assert page.page.get_by_test_id("stTopNavLink").count() == 0
    assert Path(data.current_path(company)).parent.name not in words(page)


@pytest.mark.parametrize("name", ["ann", "max", "ria"])
def test_the_roles_in_the_token_decide_which_pages_there_are(name: str, page: Watched) -> None:
    sign_in(page, name)
    roles = PEOPLE[name] or []
    assert pages_in_sight(page) == access.pages_of(roles)
    for path in set(PAGES) - access.pages_of(roles):
        # Not by its address either: it is no page of this session, which shows its first one.
        page.page.goto(f"{page.address}/{path}")
        page.page.get_by_text("Page not found").wait_for()
        assert page.page.get_by_role("heading", level=1).first.inner_text() == "Customer health"
    page.errors = [error for error in page.errors if "does not seem to exist" not in error]


def test_a_manager_sees_figures_of_groups_and_no_single_customer(page: Watched, company: Path) -> None:
    sign_in(page, "max")
    page.page.get_by_test_id("stVegaLiteChart").first.locator("svg").first.wait_for()
    assert page.figure("Customers") == f"{asked(company, 'select count(*) from marts.customer_directory')[0][0]:,}"
    for path in sorted(access.pages_of(["manager"])):
        page.open("" if path == "overview" else path)
        page.page.wait_for_timeout(1_000)
        # A table is drawn on a canvas, and told to screen readers inside of it.
        assert not re.search(r"\bC1\d{6}\b", page.page.content()), path
    page.open("")
    assert "Value at risk by segment" in words(page)
    assert "moved most" not in words(page)


def test_an_analyst_sees_customers_and_nothing_of_their_credit(page: Watched, company: Path) -> None:
    ((customer,),) = asked(company, "select min(customer_id) from marts.customer_directory")
    sign_in(page, "ann")
    page.open(f"customers?customer={customer}")
    assert page.page.get_by_role("heading", level=1).inner_text() == f"Customer {customer}"
    page.page.get_by_text("What the models expect").wait_for()
    assert "What cost credit points" not in words(page)


def test_risk_sees_credit_of_a_customer(page: Watched, company: Path) -> None:
    ((customer,),) = asked(company, "select min(customer_id) from marts.customer_directory")
    sign_in(page, "ria")
    page.open(f"customers?customer={customer}")
    page.page.get_by_text("What cost credit points").wait_for()


@pytest.mark.parametrize("name", ["zoe", "joe"])
def test_an_unknown_role_or_none_sees_nothing_and_can_leave(name: str, page: Watched, company: Path) -> None:
    sign_in(page, name)
    assert "none of the roles" in words(page)
    for path in ("", *list(PAGES)[1:]):
        page.open(path)
        page.page.get_by_text("none of the roles").wait_for()
        assert page.page.locator(FIGURE).count() == 0
        assert page.page.get_by_test_id("stTopNavLink").count() == 0
        assert Path(data.current_path(company)).parent.name not in words(page)
    sign_out(page)
    page.open("")
    page.page.get_by_role("button", name="Sign in").wait_for()


def test_who_signs_out_must_sign_in_again(page: Watched) -> None:
    sign_in(page, "ann")
    sign_out(page)
    page.open("")
    page.page.get_by_role("button", name="Sign in").wait_for()
    assert page.page.locator(FIGURE).count() == 0


def test_a_cookie_that_the_server_did_not_sign_opens_nothing(page: Watched, served: Served) -> None:
    page.page.context.add_cookies(
        [{"name": "_streamlit_user", "value": '{"roles":["analyst"]}', "url": served.address}]
    )
    page.open("")
    page.page.get_by_role("button", name="Sign in").wait_for()
    assert page.page.locator(FIGURE).count() == 0


def test_the_published_file_names_nobody_whatever_the_role(company: Path, built_company: Path) -> None:
    """Neither by its columns, nor by any word in them."""
    people = duckdb.sql(
        "select unnest([full_name, email, phone]) as name"
        f" from read_parquet('{built_company}/lake/raw/batch=1/customers.parquet')"
    ).fetchall()
    names = sorted({name for (name,) in people if name})
    assert len(names) > 500
    reached = [name for name in names if "@" in name or sum(map(str.isdigit, name)) >= 7]
    assert len(reached) > 300
    with duckdb.connect(data.current_path(company), read_only=True) as connection:
        relations = relations_of(connection, connection.execute("select current_database()").fetchall()[0][0])
        assert {str(relation): direct_pii_in(relation) for relation in relations if direct_pii_in(relation)} == {}
        texts = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns()"
            " where data_type = 'VARCHAR' and schema_name in ('marts', 'governance')"
        ).fetchall()
        assert len(texts) > 200
        for schema, table, column in texts:
            told = f'(select distinct "{column}" as told from {schema}.{table})'
            sql = f"select count(*) from {told} where told in (select unnest(?))"
            assert connection.execute(sql, [names]).fetchall() == [(0,)], f"{table}.{column}"
            # In the midst of a message as well; a name may be that of a city.
            sql = f"select count(*) from {told}, (select unnest(?) as reach) where contains(told, reach)"
            assert connection.execute(sql, [reached]).fetchall() == [(0,)], f"{table}.{column}"
            sql = f"select count(*) from {told} where contains(told, ?)"
            assert connection.execute(sql, [str(built_company)]).fetchall() == [(0,)], f"{table}.{column}"


def test_without_a_login_asked_for_nobody_must_sign_in(company: Path, watch: Callable[..., Watched]) -> None:
    with started(company) as (address, _process):
        page = watch(address)
        page.open("")
        assert pages_in_sight(page) == set(PAGES)
        assert page.page.get_by_role("button", name="Sign in").count() == 0
        page.page.close()
