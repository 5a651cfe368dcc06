"""What pages show of a publication: a new one, one of before, an older, a damaged or a foreign file, and none."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from rich.console import Console
from streamlit.testing.v1 import AppTest

from clientele.cli import _sum_up
from clientele.publishing.versions import DATABASE, Published
from dashboards import components, data
from tests.dashboards import WITHIN_S, asked, figures, opened


def test_a_publication_and_a_rollback_show_at_once(
    built_company: Path, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(empty / "published", home / "published", symlinks=True)
    app = opened(home, "overview", monkeypatch)
    assert "Customers" not in figures(app)
    shutil.copytree(
        Path(data.current_path(built_company)).parent, home / "published" / "2026-01-01-0002", symlinks=True
    )
    Published(home).switch_to("2026-01-01-0002")
    assert "Customers" in figures(app.run())
    Published(home).switch_to("2026-01-01-0001")
    assert "Customers" not in figures(app.run())


def test_a_file_that_does_not_name_its_publication_shows_no_other(built_company: Path, tmp_path: Path) -> None:
    folder = tmp_path / "published" / "2026-01-01-0009"
    folder.mkdir(parents=True)
    shutil.copyfile(data.current_path(built_company), folder / DATABASE)
    Published(tmp_path).switch_to("2026-01-01-0009")
    found = data.publication(data.current_path(tmp_path))
    assert (found.version, found.snapshot_date, found.models) == ("2026-01-01-0009", None, {})


def test_what_needs_more_memory_than_a_page_has_says_so(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = data.current_path(company)
    sql = "select list(range) from range(40_000_000)"
    with pytest.raises(data.TooMuchError, match="192MB"):
        data.fetch(path, sql, {})
    fetch = data.fetch

    def too_much(path: str, asked_for: str, params: Any) -> pd.DataFrame:
        return fetch(path, sql if "cohort_retention" in asked_for else asked_for, params)

    monkeypatch.setattr(data, "fetch", too_much)
    data._kept.clear()
    assert "choose fewer" in opened(company, "value", monkeypatch).warning[0].value
    data._kept.clear()


def test_too_much_for_a_page_is_no_traceback(lender: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = data.ask

    def too_much(path: str, name: str, **params: Any) -> data.Result:
        if name == "credit_summary":
            raise data.TooMuchError
        return ask(path, name, **params)

    monkeypatch.setattr(data, "ask", too_much)
    assert "choose fewer" in opened(lender, "credit", monkeypatch).warning[0].value


def test_too_much_for_a_part_of_a_page_is_no_traceback(lender: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENTELE_HOME", str(lender))
    part = """
from dashboards import components, data

@components.fragment
def part(publication):
    raise data.TooMuchError

part(data.publication(data.current_path()))
"""
    app = AppTest.from_string(part, default_timeout=WITHIN_S).run()
    assert (len(app.exception), "choose fewer" in app.warning[0].value) == (0, True)


def test_without_a_publication_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(tmp_path, "overview", monkeypatch)
    assert app.title[0].value == "Nothing is published yet"
    assert "make run" in app.markdown[0].value


def test_what_was_published_and_is_gone_is_said_to_be_gone(
    company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a session that saw it, in one that did not, and where of the warehouse the build alone is left."""
    shutil.copytree(company / "published", tmp_path / "published", symlinks=True)
    version = Published(tmp_path).current()
    app = opened(tmp_path, "overview", monkeypatch)
    shutil.rmtree(tmp_path / "published" / version)
    for seen in (app.run(), opened(tmp_path, "overview", monkeypatch)):
        assert seen.title[0].value == "What was published cannot be reached"
        assert "make run" not in seen.markdown[0].value
    assert version in app.markdown[0].value
    shutil.rmtree(tmp_path / "published")
    (tmp_path / "build.duckdb").touch()
    app = opened(tmp_path, "overview", monkeypatch)
    assert app.title[0].value == "Nothing is published here"
    assert "clientele publish" in app.markdown[0].value


def test_rows_are_downloaded_with_what_they_came_from(company: Path) -> None:
    publication = data.publication(data.current_path(company))
    rows = components.with_source(publication, pd.DataFrame({"n": [1]}), ("clv",))
    assert list(rows) == ["n", "snapshot_date", "clv_model_version", "publication"]
    assert rows["publication"][0] == publication.version
    own = pd.DataFrame({"snapshot_date": [publication.snapshot_date], "model_version": ["a"]})
    assert list(components.with_source(publication, own, ("clv",))) == [*own, "publication"]


HEADERS, BLOCK = 3 * 4096, 262_144  # bytes of a DuckDB file


@pytest.mark.parametrize("damage", ["headers", "rows of a table"])
def test_a_damaged_file_is_said_to_be_one(
    damage: str, built_company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "published" / "2026-01-01-0001"
    folder.mkdir(parents=True)
    content = bytearray(Path(data.current_path(built_company)).read_bytes())
    blocks = asked(
        built_company,
        "select distinct block_id from pragma_storage_info('marts.customer_directory') where block_id is not null",
    )
    assert blocks
    places = [(HEADERS + block * BLOCK, BLOCK) for (block,) in blocks] if damage != "headers" else [(0, HEADERS)]
    for start, length in places:
        content[start : start + length] = b"\x5a" * length
    (folder / "clientele.duckdb").write_bytes(content)
    Published(tmp_path).switch_to("2026-01-01-0001")
    monkeypatch.setenv("CLIENTELE_HOME", str(tmp_path))
    app = AppTest.from_string("from dashboards.app import show\nshow('customers')", default_timeout=WITHIN_S).run()
    assert [error.value for error in app.exception] == []
    assert app.title[-1].value == "What was published cannot be read"
    told = app.markdown[-1].value
    assert "`2026-01-01-0001`" in told
    assert "clientele rollback" in told
    assert str(tmp_path) not in told


def test_a_file_that_is_older_than_the_dashboards_is_read_as_far_as_it_goes(
    built_company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "published" / "2026-01-01-0001"
    folder.mkdir(parents=True)
    shutil.copyfile(data.current_path(built_company), folder / "clientele.duckdb")
    with duckdb.connect(str(folder / "clientele.duckdb")) as connection:
        for table in ("marts.customer_health_overview", "marts.segment_flows", "governance.column_docs"):
            connection.execute(f"drop table {table}")
    Published(tmp_path).switch_to("2026-01-01-0001")
    assert "`customer_health_overview`" in opened(tmp_path, "overview", monkeypatch).info[0].value
    assert figures(opened(tmp_path, "segments", monkeypatch))["Segments"] != "0"


def test_a_run_ends_with_the_address_of_the_dashboards(built_company: Path) -> None:
    said = io.StringIO()
    _sum_up(Console(file=said, width=200), built_company)
    assert said.getvalue().rstrip().splitlines()[-1].endswith(", then http://127.0.0.1:8501")
