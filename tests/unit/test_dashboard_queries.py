"""The queries of the dashboards read published tables alone, and the lineage of dbt reaches the pages they are for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot
import yaml
from sqlglot import exp

from clientele.contract import PROJECT_ROOT
from dashboards.pages import PAGES

QUERIES = sorted((PROJECT_ROOT / "dashboards" / "queries").glob("*.sql"))
EXPOSURES = yaml.safe_load((PROJECT_ROOT / "dbt_project/models/marts/_exposures.yml").read_text())["exposures"]
TABLE = re.compile(r"\b(?:from|join)\s+([a-z_]+\.[a-z_]+|[a-z_]+\(\))")


def tables_of(path: Path) -> set[str]:
    return set(TABLE.findall(path.read_text()))


def pages_that_ask(name: str) -> set[str]:
    code = {page: (PROJECT_ROOT / "dashboards" / "views" / f"{page}.py").read_text() for page in PAGES}
    code["customers"] += (PROJECT_ROOT / "dashboards" / "views" / "one_customer.py").read_text()
    shared = "".join((PROJECT_ROOT / "dashboards" / f"{module}.py").read_text() for module in ("data", "components"))
    asks = re.compile(rf'\b(?:ask(?:ed)?|in_chunks)\(\s*(?:publication|publication\.path|path),\s*"{name}"')
    return set(PAGES) if asks.search(shared) else {page for page, text in code.items() if asks.search(text)}


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_reads_marts_and_governance_alone(path: Path) -> None:
    tables = tables_of(path) - {"duckdb_tables()"}
    assert all(table.startswith(("marts.", "governance.")) for table in tables)


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_is_asked_by_a_page_and_an_exposure_of_that_page(path: Path) -> None:
    pages = pages_that_ask(path.stem)
    assert pages
    depends_on = {exposure["name"]: set(exposure["depends_on"]) for exposure in EXPOSURES}
    tables = {table.split(".")[1] for table in tables_of(path) if not table.endswith("()")}
    for page in pages:
        missing = {table for table in tables if f"ref('{table}')" not in depends_on[f"dashboard_{page}"]}
        assert missing == set(), page


@pytest.mark.parametrize("page", PAGES)
def test_an_exposure_names_no_table_that_its_page_does_not_read(page: str) -> None:
    read = {
        f"ref('{table.split('.')[1]}')"
        for path in QUERIES
        if page in pages_that_ask(path.stem)
        for table in tables_of(path)
        if not table.endswith("()")
    }
    (exposure,) = [exposure for exposure in EXPOSURES if exposure["name"] == f"dashboard_{page}"]
    assert set(exposure["depends_on"]) - read == set()


@pytest.mark.parametrize("page", PAGES)
def test_an_exposure_names_the_queries_of_its_page(page: str) -> None:
    (exposure,) = [exposure for exposure in EXPOSURES if exposure["name"] == f"dashboard_{page}"]
    assert exposure["config"]["meta"]["queries"] == [path.stem for path in QUERIES if page in pages_that_ask(path.stem)]


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_computes_no_metric_of_its_own(path: Path) -> None:
    """What it shows stands in a mart as it is; how many customers free filters leave cannot."""
    query = sqlglot.parse_one(path.read_text(), dialect="duckdb")
    computed = [
        column.sql()
        for column in query.selects
        if column.find(exp.AggFunc, exp.Window, exp.Div, exp.Mul, exp.Sub, exp.Add)
    ]
    assert computed == (["COUNT(*) AS n_customers"] if path.stem == "customers_count" else [])
