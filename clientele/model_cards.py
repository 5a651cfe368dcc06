"""Model cards: prose kept by hand in docs/models, and between its markers the figures of a warehouse.

A card is Markdown with blocks such as::

    <!-- figures: periods -->
    whatever the command wrote last
    <!-- /figures -->

`write_cards` replaces what stands in the blocks and leaves the rest as it is.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from clientele.contract import PROJECT_ROOT
from clientele.querying import open_build

CARDS = PROJECT_ROOT / "docs" / "models"
BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- /figures -->)", re.DOTALL)
MOST_FEATURES = 10

# Columns of model_performance that say what was measured, and what follows from the others; all else are measurements.
KEYS = (
    "model_name", "model_version", "algorithm", "is_champion", "period", "protocol", "horizon",
    "auc_lower", "auc_upper",
)  # fmt: skip
GROUP = ("group_name", "group_value")
HEADS = {
    "model_name": "model", "period": "snapshot", "horizon": "horizon, days", "n": "customers",
    "base_rate": "realised rate", "auc": "AUC", "pr_auc": "PR-AUC", "brier": "Brier", "log_loss": "log loss",
    "ece": "ECE", "lift_10": "lift at 10 %", "mae": "MAE", "gini": "Gini", "bounds_coverage": "coverage of bounds",
    "value_lower": "from", "value_upper": "to",
}  # fmt: skip

Row = Mapping[str, Any]


class UnknownBlockError(Exception):
    """A card asks for figures that nothing makes."""


def write_cards(home: Path, out: Path = CARDS) -> list[Path]:
    """Write every card of docs/models to `out` with the figures of the warehouse in `home`; returns their paths.

    Raises NoBuildError where nothing was built or a run holds the build, UnknownBlockError for a block of no known
    name.
    """
    out.mkdir(parents=True, exist_ok=True)
    written = []
    with open_build(home) as connection:
        for card in sorted(CARDS.glob("*.md")):
            text = fill(card.read_text(encoding="utf-8"), card.stem, connection, name=home.as_posix())
            written.append(out / card.name)
            written[-1].write_text(text, encoding="utf-8")
    return written


def fill(card: str, model: str, connection: duckdb.DuckDBPyConnection, *, name: str) -> str:
    """A card with the figures of a model, of all its kinds (churn: churn.contractual and churn.non_contractual).

    `name` is what to call the warehouse that `connection` reads. Raises UnknownBlockError.
    """
    warehouse = _Warehouse(connection, model, name)

    def block(match: re.Match[str]) -> str:
        opening, asked, closing = match.groups()
        if asked not in BLOCKS:
            raise UnknownBlockError(f"{model}.md: no figures are called {asked}: there are {', '.join(BLOCKS)}")
        return f"{opening}{BLOCKS[asked](warehouse)}\n{closing}"

    return BLOCK.sub(block, card)


class _Warehouse:
    """What a warehouse has on record of one model."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, model: str, name: str) -> None:
        self.connection, self.model, self.name = connection, model, name

    def rows(self, table: str, order_by: str) -> list[dict[str, Any]]:
        """Rows of a governance table about the model; none where the table is not there."""
        return self.query(
            table, f"where split_part(model_name, '.', 1) = $model order by {order_by}", {"model": self.model}
        )

    def query(self, table: str, rest: str = "", parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """`from table rest`, as dicts; none where the table is not there."""
        schema, bare = table.split(".")
        known = "select 1 from information_schema.tables where table_schema = $schema and table_name = $bare"
        if not self.connection.execute(known, {"schema": schema, "bare": bare}).fetchall():
            return []
        result = self.connection.execute(f"from {table} {rest}", parameters or {})
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def versions(self) -> list[dict[str, Any]]:
        """Versions of each kind's last fit, and whatever else scores."""
        rows = self.rows("governance.model_registry", "model_name, fit_number, algorithm")
        last: dict[str, int] = {row["model_name"]: row["fit_number"] for row in rows}
        return [row for row in rows if row["is_champion"] or row["fit_number"] == last[row["model_name"]]]

    def performance(self) -> list[dict[str, Any]]:
        """Measurements of these versions."""
        of = {(row["model_name"], row["model_version"]) for row in self.versions()}
        rows = self.rows(
            "governance.model_performance",
            "model_name, horizon, period, algorithm, group_name, try_cast(group_value as integer), group_value",
        )
        return [row for row in rows if (row["model_name"], row["model_version"]) in of]

    def nothing(self) -> str:
        """What to say where there is nothing to show."""
        return f"`{self.name}` has none on record. Fit with `clientele train {self.model}`, then `clientele cards`."


def _source(warehouse: _Warehouse) -> str:
    landings = warehouse.query("governance.landings", "order by entity, batch")
    sums: dict[str, int] = {}
    for row in landings:
        sums[row["entity"]] = sums.get(row["entity"], 0) + row["rows_landed"]
    files = {
        file for row in landings if row["entity"] in ("customers", "orders") for file in json.loads(row["source_files"])
    }
    landed = ", ".join(f"{sums[entity]:,} {entity}" for entity in ("customers", "orders") if entity in sums)
    versions = warehouse.versions()
    days = sorted({str(row["fitted_for"]) for row in versions})
    features = sorted({row["feature_version"] for row in versions})
    lines = [f"Figures of the warehouse `{warehouse.name}`, written by `clientele cards`."]
    if landed:
        lines.append(f"Landed: {landed} ({', '.join(f'`{file}`' for file in sorted(files))}).")
    if versions:
        lines.append(f"Fitted for the snapshot {', '.join(days)}, on features of version {_codes(features)}.")
        scoring = [
            f"`{row['model_version']}` ({row['model_name']}, {row['algorithm']})"
            for row in versions
            if row["is_champion"]
        ]
        lines.append(f"What scores: {', '.join(scoring) or 'nothing yet'}.")
    return "\n".join(lines)


def _versions(warehouse: _Warehouse) -> str:
    made = [
        {
            "model": row["model_name"],
            "version": f"`{row['model_version']}`",
            "algorithm": row["algorithm"],
            "role": _role(row),
            "horizon, days": row["horizon_days"] or None,
            "rows": row["n_rows"],
            "learnt from": row["learnt_from"],
            "to": row["learnt_to"],
            "calibrated on": row["calibrated_on"],
            "seed": row["seed"],
        }
        for row in warehouse.versions()
    ]
    return _table(made) if made else warehouse.nothing()


def _role(row: Row) -> str:
    role = "**champion**" if row["is_champion"] else row["status"]
    return f"{role}, pinned" if row["is_pinned"] else role


def _gates(warehouse: _Warehouse) -> str:
    made = [
        {"model": row["model_name"], "algorithm": row["algorithm"], "gate": gate.replace("_", " "), "outcome": outcome}
        for row in warehouse.versions()
        for gate, outcome in json.loads(row["gates_json"] or "{}").items()
    ]
    made += [
        {"model": row["model_name"], "algorithm": row["algorithm"], "gate": "message", "outcome": row["message"]}
        for row in warehouse.versions()
        if row["message"]
    ]
    return _table(made) if made else warehouse.nothing()


def _candidates(warehouse: _Warehouse) -> str:
    rows = _newest([row for row in warehouse.performance() if row["group_name"] == "all"])
    return _measured(rows, ("model_name", "horizon", "period", "algorithm")) if rows else warehouse.nothing()


def _periods(warehouse: _Warehouse) -> str:
    rows = [row for row in warehouse.performance() if row["is_champion"] and row["group_name"] == "all"]
    return _measured(rows, ("model_name", "horizon", "period", "protocol")) if rows else warehouse.nothing()


def _groups(warehouse: _Warehouse) -> str:
    rows = _newest([row for row in warehouse.performance() if row["is_champion"]])
    grouped = [row for row in rows if row["group_name"] != "all"]
    return _measured(grouped, ("model_name", "horizon", "period", *GROUP)) if grouped else warehouse.nothing()


def _features(warehouse: _Warehouse) -> str:
    catalog = {row["feature"]: row for row in warehouse.query("governance.feature_catalog")}
    rows = warehouse.rows("governance.model_feature_importance", "model_name, importance_rank, feature")
    made = [
        {
            "model": row["model_name"],
            "rank": row["importance_rank"],
            "feature": f"`{row['feature']}`",
            "importance": row["importance"],
            "legal class": catalog.get(row["feature"], {}).get("legal_class"),
            "meaning": catalog.get(row["feature"], {}).get("description"),
        }
        for row in rows
        if row["is_champion"] and row["importance_rank"] <= MOST_FEATURES and row["importance"]
    ]
    return _table(made) if made else "The champion reads no feature, or its importances are not on record."


def _challengers(warehouse: _Warehouse) -> str:
    rows = warehouse.query(
        "marts.credit_challengers",
        "where $model = 'credit' qualify fit_number = max(fit_number) over ()"
        " order by population, algorithm, compared_with, metric",
        {"model": warehouse.model},
    )
    if not rows:
        return warehouse.nothing()
    names = ("algorithm", "population", "metric", "compared_with", "value", "value_lower", "value_upper", "message")
    n_rows = {row["population"]: (row["n_rows"], row["n_defaults"]) for row in rows}
    (n, bad), (known, known_bad) = n_rows["all"], n_rows.get("emotion_known", (0, 0))
    coverage = (
        f"Some emotion is known of {known:,} of {n:,} rows of the backtest, and of {known_bad:,} of {bad:,} defaults."
    )
    return f"{coverage}\n\n{_table([{name: row[name] for name in names} for row in rows])}"


def _calibration(warehouse: _Warehouse) -> str:
    """Of each band what the champion's newest backtest told, and what came, with the exact interval of its rate."""
    rows = warehouse.query(
        "ml.ml_credit__backtest",
        "as told inner join seeds.credit_bands as bands on told.pd >= bands.pd_from and told.pd < bands.pd_to"
        " select bands.band, count(*) as customers, avg(told.pd) as predicted,"
        " count(*) filter (where told.is_default) as defaulted"
        " where $model = 'credit' group by bands.band order by bands.band",
        {"model": warehouse.model},
    )
    if not rows:
        return warehouse.nothing()
    for row in rows:
        row["observed"] = row["defaulted"] / row["customers"]
        row["from"], row["to"] = _exact(row["defaulted"], row["customers"])
    return _table(rows)


def _exact(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share by Clopper and Pearson (1934). Of 0 of 10 it is 0 to 0.308."""
    from scipy.stats import beta

    lower = float(beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0
    return lower, float(beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0


BLOCKS: dict[str, Callable[[_Warehouse], str]] = {
    "source": _source,
    "versions": _versions,
    "gates": _gates,
    "candidates": _candidates,
    "periods": _periods,
    "groups": _groups,
    "features": _features,
    "challengers": _challengers,
    "calibration": _calibration,
}


def _newest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the newest period that each model and horizon was measured on."""
    newest: dict[tuple[Any, Any], Any] = {}
    for row in rows:
        key = (row["model_name"], row["horizon"])
        newest[key] = max(row["period"], newest.get(key, row["period"]))
    return [row for row in rows if row["period"] == newest[row["model_name"], row["horizon"]]]


def _measured(rows: Sequence[Row], keys: Sequence[str]) -> str:
    metrics = [name for name in rows[0] if name not in (*KEYS, *GROUP)]
    shown = [{name: row[name] for name in (*keys, *metrics)} for row in rows]
    for row in shown:
        row["n"] = None if row["n"] is None else int(row["n"])
    return _table(shown)


def _table(rows: Sequence[Row]) -> str:
    """Markdown of rows; columns without any value are left out."""
    names = [name for name in rows[0] if any(_cell(row[name]) for row in rows)]
    lines = [_line(HEADS.get(name, name.replace("_", " ")) for name in names), _line("---" for _ in names)]
    return "\n".join([*lines, *(_line(_cell(row[name]) for name in names) for row in rows)])


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return (f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3f}") if math.isfinite(value) else ""
    return f"{value:,}" if isinstance(value, int) else str(value)


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
