"""What is checked for drift, found in the catalog of the build: feature groups, inputs of models, their scores."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from clientele.monitoring import references
from clientele.querying import quoted_name

KEYS = {"customer_id", "snapshot_date", "lake_batch"}
# Of a scores table: who scored, when, and the words on it. None of them is a prediction.
STAMPS = {"model_name", "model_version", "algorithm", "feature_version", "run_id", "scored_at", "churn_type"}
# How a credit score came about: constants of the scorecard, and bins that hardly two customers share.
STAMPS |= {"bin_words", "base_points", "factor", "pd_offset"}
# By this column models are split into parts, which have champions of their own: churn.contractual.
PART_COLUMN = "churn_type"
NUMERIC_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
FLOAT_TYPES = ("FLOAT", "DOUBLE")


@dataclass(frozen=True)
class Column:
    """A column that is compared.

    `is_pooled`: with all days of the reference; else with its newest day alone, as what is counted since the beginning
    grows by nature.
    """

    name: str
    column_type: str  # numeric, category, boolean
    is_float: bool = False
    is_pooled: bool = True

    @property
    def sql(self) -> str:
        """Its value as double or text; null for what is no finite number."""
        name = quoted_name(self.name)
        if self.column_type != "numeric":
            return f"cast({name} as varchar)"
        value = f"cast({name} as double)"
        return f"case when isfinite({name}) then {value} end" if self.is_float else value


@dataclass(frozen=True)
class Champion:
    """The version in use of a model or of a part of one, from its registry."""

    model: str  # the folder it lives in: churn
    model_name: str  # churn.contractual
    model_version: str
    fitted_for: date
    horizon_days: int
    learnt_from: date | None
    learnt_to: date | None
    n_rows: int
    features: tuple[str, ...]

    @property
    def part(self) -> str:
        """The word behind the dot, contractual of churn.contractual; empty for a model that has no parts."""
        return self.model_name.partition(".")[2]


@dataclass(frozen=True)
class Subject:
    """Two sides of a comparison, as SELECTs that hold customer_id, snapshot_date and the columns.

    With `scored_by`, `reference` are customers whom that champion has still to score. `met` is a second reference of
    the inputs of a model: customers of days that had come when it was fitted and that it has not learnt from.
    """

    table: str
    kind: str  # features, model_inputs, scores
    columns: tuple[Column, ...] = ()
    reference: str = ""
    met: str = ""
    current: str = ""
    part: str = ""
    model_name: str | None = None
    model_version: str | None = None
    scored_by: Champion | None = None
    why_not: str = ""  # why it cannot be compared

    @property
    def name(self) -> str:
        """The table, with the part of the model where it has parts."""
        return f"{self.table}.{self.part}" if self.part else self.table


class Catalog:
    """What the build holds, asked once. `day` is the snapshot that is checked."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, day: date) -> None:
        self.connection, self.day = connection, day
        self.tables: dict[str, dict[str, str]] = {}
        rows = connection.execute(
            "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()"
            " where not internal order by all"
        ).fetchall()
        for table, column, data_type in rows:
            self.tables.setdefault(table, {})[column] = data_type
        self.windows = self._windows()
        self.training_days = self._training_days()
        self.champions = [champion for model in self.models() for champion in self._champions(model)]

    def models(self) -> list[str]:
        """Models that can say who their champion is."""
        names = (name.removeprefix("ml.ml_") for name in self.tables if name.startswith("ml.ml_"))
        return sorted(name.removesuffix("__champion") for name in names if name.endswith("__champion"))

    def columns(self, table: str, leave_out: Iterable[str] = ()) -> tuple[Column, ...]:
        """The columns of a table that can be compared: numbers, flags and texts that are no keys, by name."""
        found = (self._column(name, data_type) for name, data_type in self.tables.get(table, {}).items())
        return tuple(column for column in found if column and column.name not in KEYS | set(leave_out))

    def _column(self, name: str, data_type: str) -> Column | None:
        window = self.windows.get(name, "")
        pooled = not window or window.isdigit()
        if data_type in FLOAT_TYPES:
            return Column(name, "numeric", is_float=True, is_pooled=pooled)
        if data_type in NUMERIC_TYPES or data_type.startswith("DECIMAL"):
            return Column(name, "numeric", is_pooled=pooled)
        types = {"VARCHAR": "category", "BOOLEAN": "boolean"}
        return Column(name, types[data_type], is_pooled=pooled) if data_type in types else None

    def _windows(self) -> Mapping[str, str]:
        """Windows of the features, by name: days, lifetime or state."""
        if "governance.feature_catalog" not in self.tables:
            return {}
        rows = self.connection.execute("select feature, feature_window from governance.feature_catalog").fetchall()
        return {feature: window or "" for feature, window in rows}

    def _training_days(self) -> list[date]:
        """Those before the day that is checked, oldest first."""
        if references.SPINE not in self.tables:
            return []
        rows = self.connection.execute(
            f"select distinct snapshot_date from {references.SPINE} where is_training and snapshot_date < ? order by 1",
            [self.day],
        ).fetchall()
        return [row[0] for row in rows]

    def has_scored(self, champion: Champion) -> bool:
        """Whether the scores of the day are those of this version."""
        rows = self.connection.execute(
            f"select count(*) from ml.ml_{champion.model}__scores"
            " where model_name = ? and model_version = ? and snapshot_date = ?",
            [champion.model_name, champion.model_version, self.day],
        ).fetchall()
        return bool(rows[0][0])

    def _champions(self, model: str) -> list[Champion]:
        if f"ml.ml_{model}__fit" not in self.tables:
            return []
        rows = self.connection.execute(
            "select fits.model_name, fits.model_version, fits.fitted_for, fits.horizon_days, fits.learnt_from,"
            f" fits.learnt_to, fits.n_rows, fits.features_json from ml.ml_{model}__fit as fits"
            f" inner join ml.ml_{model}__champion as champions using (model_name, model_version, fit_number)"
            " order by fits.model_name"
        ).fetchall()
        return [Champion(model=model, **_champion(row)) for row in rows]


def _champion(row: Sequence[Any]) -> dict[str, Any]:
    names = (
        "model_name", "model_version", "fitted_for", "horizon_days", "learnt_from", "learnt_to", "n_rows", "features",
    )  # fmt: skip
    return dict(zip(names, [*row[:-1], tuple(json.loads(row[-1] or "[]"))], strict=True))


def find(catalog: Catalog, reference_model: str) -> list[Subject]:
    """All subjects of a build. `reference_model` is the one whose training days feature groups are compared with."""
    subjects = [_feature_group(catalog, table, reference_model) for table in sorted(catalog.tables) if _is_group(table)]
    for champion in catalog.champions:
        subjects += [_inputs(catalog, champion), _scores(catalog, champion)]
    return subjects


def _is_group(table: str) -> bool:
    return table.startswith("features.feat_")


def _feature_group(catalog: Catalog, table: str, reference_model: str) -> Subject:
    name = table.removeprefix("features.")
    champion = _reference_champion(catalog.champions, reference_model)
    if champion is None:
        return Subject(name, "features", why_not="no model has been fitted yet, so that there is no reference")
    spine = "intermediate.int_core__customer_spine"
    return Subject(
        name,
        "features",
        catalog.columns(table),
        reference=f"select features.* from {table} as features"
        f" inner join {spine} as spine using (customer_id, snapshot_date)"
        f" where spine.is_training and features.snapshot_date >= {_date(champion.learnt_from)}"
        f" and features.snapshot_date <= {_date(champion.learnt_to)}"
        f" and features.snapshot_date < {_date(catalog.day)}",
        current=f"select * from {table} where snapshot_date = {_date(catalog.day)}",
        model_name=champion.model_name,
        model_version=champion.model_version,
    )


def _reference_champion(champions: Sequence[Champion], model: str) -> Champion | None:
    """The champion of `model` with most rows, or of any model where that has none."""
    known = [champion for champion in champions if champion.learnt_from and champion.learnt_to]
    wanted = [champion for champion in known if model in (champion.model, champion.model_name)]
    return max(wanted or known, key=lambda champion: champion.n_rows, default=None)


def _inputs(catalog: Catalog, champion: Champion) -> Subject:
    table = f"ml_{champion.model}__inputs"
    training, scores = f"ml.ml_{champion.model}__training_set", f"ml.ml_{champion.model}__scores"
    facts: dict[str, Any] = {
        "part": champion.part, "model_name": champion.model_name, "model_version": champion.model_version,
    }  # fmt: skip
    if not champion.features:
        return Subject(table, "model_inputs", why_not="the champion reads no features", **facts)
    if training not in catalog.tables or scores not in catalog.tables or not champion.learnt_to:
        return Subject(table, "model_inputs", why_not="what the champion learnt from is not in the build", **facts)
    if champion.learnt_from and champion.learnt_from >= catalog.day:
        why = "the champion has learnt from the day that is checked alone, which would be compared with itself"
        return Subject(table, "model_inputs", why_not=why, **facts)
    columns = read_by(champion, catalog)
    return Subject(
        table,
        "model_inputs",
        columns,
        reference=learnt_from(catalog, champion, catalog.day),
        met=met_by(champion, columns, unseen_days(catalog.training_days, champion)),
        # Those who were scored, rather than ml_<model>__inputs, which shows the newest day only.
        current=f"select features.* from features.customer_features as features inner join {scores} as scores"
        f" using (customer_id, snapshot_date) where scores.model_name = '{champion.model_name}'"
        f" and scores.snapshot_date = {_date(catalog.day)} and features.snapshot_date = {_date(catalog.day)}",
        **facts,
    )


def learnt_from(catalog: Catalog, champion: Champion, day: date) -> str:
    """A SELECT of the rows that a champion learnt from, but for those of `day`, which is held against them."""
    training = f"ml.ml_{champion.model}__training_set"
    part = f" and {PART_COLUMN} = '{champion.part}'" if PART_COLUMN in catalog.tables[training] else ""
    return (
        f"select * from {training} where snapshot_date >= {_date(champion.learnt_from)}"
        f" and snapshot_date <= {_date(champion.learnt_to)} and snapshot_date < {_date(day)}{part}"
    )


def met_by(champion: Champion, columns: Iterable[Column], days: Sequence[date]) -> str:
    """A SELECT of whom a champion would have been asked about on training days; empty where there are none."""
    names = [column.name for column in columns]
    return references.asked_about(champion.model, champion.part, names, days) if days else ""


def read_by(champion: Champion, catalog: Catalog) -> tuple[Column, ...]:
    """The features a champion reads; all of its training set where its registry row names none by name."""
    there = set(catalog.tables[f"ml.ml_{champion.model}__training_set"])
    columns = [c for c in catalog.columns("features.customer_features") if c.name in there]
    named = [column for column in columns if column.name in champion.features]
    return tuple(named or columns)


def _scores(catalog: Catalog, champion: Champion) -> Subject:
    table = f"ml_{champion.model}__scores"
    subject: dict[str, Any] = {
        "part": champion.part, "model_name": champion.model_name, "model_version": champion.model_version,
    }  # fmt: skip
    if f"ml.{table}" not in catalog.tables:
        return Subject(table, "scores", why_not="nothing was scored yet", **subject)
    if not catalog.has_scored(champion):
        why = f"{catalog.day} has no scores of version {champion.model_version}"
        return Subject(table, "scores", why_not=why, **subject)
    days = days_to_score(catalog.training_days, champion)
    if not days:
        why = "no training day had come when the champion was fitted, whose customers it could score"
        return Subject(table, "scores", why_not=why, **subject)
    return Subject(
        table,
        "scores",
        score_columns(catalog, champion),
        reference=references.asked_about(champion.model, champion.part, champion.features, days),
        current=f"select * from ml.{table} where model_name = '{champion.model_name}'"
        f" and snapshot_date = {_date(catalog.day)}",
        scored_by=champion,
        **subject,
    )


def score_columns(catalog: Catalog, champion: Champion) -> tuple[Column, ...]:
    """What a champion says of a customer that can be compared."""
    columns = catalog.columns(f"ml.ml_{champion.model}__scores", STAMPS)
    return tuple(column for column in columns if not _is_word_on_score(column.name))


def unseen_days(training_days: Sequence[date], champion: Champion) -> list[date]:
    """Training days that had come when the champion was fitted and that it has not learnt from.

    Their windows had not passed: they are out of time, and near to the days that it scores. A model that learns from
    every day, as far as it was followed, leaves none.
    """
    come = _come(training_days, champion)
    return [day for day in come if champion.learnt_to is None or day > champion.learnt_to]


def days_to_score(training_days: Sequence[date], champion: Champion) -> list[date]:
    """The same, or where there are none the newest that had come: it has no other scores to compare with."""
    return unseen_days(training_days, champion) or _come(training_days, champion)[-1:]


def _come(training_days: Sequence[date], champion: Champion) -> list[date]:
    return [day for day in training_days if day <= champion.fitted_for]


def _is_word_on_score(name: str) -> bool:
    return name.startswith("reason_") or name.endswith("_id")


def _date(day: date | None) -> str:
    return f"date '{day}'"
