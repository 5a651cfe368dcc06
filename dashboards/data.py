"""The published file, read-only by its real path; queries are the files in queries/, and what they gave is kept.

A real path never changes its content (clientele/publishing/versions.py), so it is the key of all that is kept: a
publication or a return to an earlier one is another path, and shows on the next interaction.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import streamlit as st

from clientele.publishing.versions import Published, sequence_of

log = logging.getLogger(__name__)

QUERIES = Path(__file__).with_name("queries")
# Of one file; a page sorts a million customers in a third of it.
MEMORY = "192MB"
CHUNK = 10  # of DuckDB's vectors, of 2,048 rows each
ORDER = re.compile(r"/\*order\*/.*?/\*end\*/", re.DOTALL)
# A comment or a text, which are passed over, or a parameter and its name.
PARAMETER = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\$([a-z_][a-z_0-9]*)")
# What DuckDB raises where a file that opened is damaged further in; a checksum that is wrong is an error of no kind.
DAMAGE = (
    duckdb.Error, duckdb.IOException, duckdb.SerializationException, duckdb.FatalException, duckdb.InternalException,
)  # fmt: skip


class NothingPublishedError(Exception):
    """There is no published file to read; the message says what to do."""


class UnreadableError(Exception):
    """There is a published file that cannot be read: damaged, gone, or of a newer DuckDB."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(f"publication {version} cannot be read: reload the page")


class TooMuchError(Exception):
    """A query needs more memory than a page has."""

    def __init__(self) -> None:
        super().__init__(f"this needs more than the {MEMORY} of memory that a page has: choose fewer by a filter")


class NotInPublicationError(Exception):
    """The published file was made before the tables were that a query reads."""

    def __init__(self, relation: str, *, is_column: bool = False) -> None:
        self.relation = relation
        self.is_column = is_column
        super().__init__(f"this publication has no {relation}")


@dataclass(frozen=True)
class Publication:
    """Which version of the tables readers see, and what it was made from."""

    path: str
    version: str
    snapshot_date: date | None
    published_at: datetime | None
    models: Mapping[str, str]
    currency: str

    def versions_of(self, models: Sequence[str]) -> dict[str, list[str]]:
        """The versions of the champions of some models that are there; a model in parts has several."""
        found: dict[str, list[str]] = {}
        for name, version in self.models.items():
            if name in models or name.split(".")[0] in models:
                found.setdefault(name.split(".")[0], []).append(version)
        return found


@dataclass(frozen=True)
class Result:
    """The rows of a query, and the query as it was asked: its name, SQL and parameters."""

    name: str
    sql: str
    params: Mapping[str, Any]
    rows: pd.DataFrame
    part: str = ""  # which of several figures of the query its columns are for, in the name of a file

    @property
    def question(self) -> str:
        """The SQL with values in place of its parameters, to be run anywhere over the published file as it is."""

        def written(found: re.Match[str]) -> str:
            return str(duckdb.ConstantExpression(self.params.get(found[1]))) if found[1] else found[0]

        return PARAMETER.sub(written, self.sql)

    def one(self) -> dict[str, Any]:
        """The only row, or the first; empty where there is none."""
        return {} if self.rows.empty else {str(k): _plain(v) for k, v in self.rows.iloc[0].to_dict().items()}


def home() -> Path:
    """The warehouse whose publication is shown: CLIENTELE_HOME, else warehouse/."""
    return Path(os.environ.get("CLIENTELE_HOME", "warehouse"))


def current_path(where: Path | None = None) -> str:
    """The real path of the published file now. Raises NothingPublishedError where there is none."""
    link = (where or home()).resolve() / "published" / "current.duckdb"
    path = link.resolve()
    if not path.exists():
        raise NothingPublishedError(str(link))
    return str(path)


def newer_versions(path: str) -> list[str]:
    """Publications that are kept and newer than the one that readers see, as after a return to an earlier one."""
    kept = Published(Path(path).parent.parent.parent)
    return [other for other in kept.versions() if sequence_of(other) > sequence_of(Path(path).parent.name)]


def traces(where: Path | None = None) -> list[str]:
    """What there is of a warehouse in whose folder nothing published is found: its folders and files, by name."""
    root = where or home()
    published = Published(root)
    was_published = bool(published.current() or published.versions())
    return [
        *(["published"] if was_published else []),
        *(name for name in ("build.duckdb", "lake") if (root / name).exists()),
    ]


def is_current(path: str) -> bool:
    """Whether readers are still to see that file."""
    try:
        return current_path() == path
    except NothingPublishedError:
        return False


# Two, so that readers of the version before are not cut off while it is switched.
@st.cache_resource(max_entries=2, show_spinner=False)
def _connection(path: str) -> duckdb.DuckDBPyConnection:
    try:
        # No other file is read and no extension fetched, whatever a query says.
        settings: dict[str, Any] = {"memory_limit": MEMORY, "threads": 2, "enable_external_access": False}
        return duckdb.connect(path, read_only=True, config=settings)
    except duckdb.Error as error:
        raise _unreadable(path, error) from error


@cache
def sql_of(name: str) -> str:
    """The text of a query by its name."""
    return (QUERIES / f"{name}.sql").read_text().strip()


def parameters_of(sql: str) -> list[str]:
    """The names of the parameters of a query, in order of their first use."""
    return list(dict.fromkeys(filter(None, PARAMETER.findall(sql))))


def fetch(path: str, sql: str, params: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of one query over a published file."""
    with _reading(path) as cursor:
        return _numpy(cursor.execute(sql, {name: params.get(name) for name in parameters_of(sql)}).df())


@contextmanager
def _reading(path: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor over a published file; what DuckDB raises says what that means for a reader."""
    try:
        with _connection(path).cursor() as cursor:
            yield cursor
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        is_column = isinstance(error, duckdb.BinderException)
        raise NotInPublicationError(_named_in(error), is_column=is_column) from error
    except duckdb.OutOfMemoryException as error:
        log.error("%s: %s", path, error)
        raise TooMuchError from error
    except duckdb.Error as error:
        if type(error) in DAMAGE:
            raise _unreadable(path, error) from error
        raise


def _unreadable(path: str, error: Exception) -> UnreadableError:
    log.error("%s cannot be read: %s", path, error)
    return UnreadableError(Path(path).parent.name)


def in_chunks(path: str, name: str, **params: Any) -> Iterator[pd.DataFrame]:
    """The rows of the query of that name, some thousands at a time: of a million there are never all in memory."""
    sql = sql_of(name)
    with _reading(path) as cursor:
        cursor.execute(sql, {name: params.get(name) for name in parameters_of(sql)})
        while len(rows := cursor.fetch_df_chunk(CHUNK)):
            yield _numpy(rows)


@st.cache_data(max_entries=300, show_spinner=False)
def _kept(path: str, sql: str, params: tuple[tuple[str, Any], ...]) -> pd.DataFrame:
    return fetch(path, sql, dict(params))


def ask(path: str, name: str, *, order: str | None = None, **params: Any) -> Result:
    """The rows of the query of that name; parameters not given are null, which filters by nothing.

    `order` replaces what stands between /*order*/ and /*end*/ and must come from a list of the page, never from users.
    """
    sql = sql_of(name)
    if order:
        sql = ORDER.sub(order, sql)
    given = {key: value for key, value in params.items() if key in parameters_of(sql)}
    return Result(name, sql, given, _kept(path, sql, tuple(sorted(given.items()))))


def publication(path: str) -> Publication:
    """What the file says of itself; a file that says nothing is known by its path alone."""
    try:
        told = ask(path, "publication", version=Path(path).parent.name).one()
    except NotInPublicationError:
        told = {}
    return Publication(
        path=path,
        version=Path(path).parent.name,
        snapshot_date=_as_date(told.get("snapshot_date")),
        published_at=told.get("published_at"),
        models=json.loads(told.get("models_json") or "{}"),
        currency=setting(path, "reporting_currency", "EUR"),
    )


def setting(path: str, name: str, otherwise: str) -> str:
    """A setting of the warehouse as it was when the tables were built."""
    try:
        rows = ask(path, "settings").rows
    except NotInPublicationError:
        return otherwise
    found = rows.loc[rows["setting"] == name, "setting_value"]
    return otherwise if found.empty else str(found.iloc[0])


def definition(path: str, table: str, column: str) -> str:
    """What a column means, as dbt's documentation says it; empty where the file does not tell."""
    return _definitions(path).get((table, column), "")


@st.cache_resource(max_entries=2, show_spinner=False)
def _definitions(path: str) -> dict[tuple[str, str], str]:
    try:
        docs = ask(path, "column_docs").rows
    except NotInPublicationError:
        return {}
    return dict(zip(zip(docs["table_name"], docs["column_name"], strict=True), docs["description"], strict=True))


def table_definition(path: str, table: str) -> str:
    """What is shown of a table as a whole, likewise."""
    return _table_definitions(path).get(table, "")


@st.cache_resource(max_entries=2, show_spinner=False)
def _table_definitions(path: str) -> dict[str, str]:
    try:
        docs = ask(path, "table_docs").rows
    except NotInPublicationError:
        return {}
    return dict(zip(docs["table_name"], docs["table_definition"], strict=True))


def _numpy(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns of numpy's types, a missing number as nan: DuckDB gives pandas' own where an integer is missing."""
    for name, kind in rows.dtypes.items():
        if isinstance(kind, pd.api.extensions.ExtensionDtype) and pd.api.types.is_numeric_dtype(kind):
            rows[name] = rows[name].astype(float) if rows[name].isna().any() else rows[name].astype(kind.numpy_dtype)
    return rows


def _named_in(error: Exception) -> str:
    text = str(error)
    for pattern in (r"Table with name (\S+) does not exist", r'column "?([\w.]+)"?', r"schema named? \"?(\w+)"):
        if match := re.search(pattern, text):
            return match[1]
    return text.splitlines()[0]


def _as_date(value: Any) -> date | None:
    return value.date() if hasattr(value, "date") else value


def _plain(value: Any) -> Any:
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return None
    return value.item() if hasattr(value, "item") else value
