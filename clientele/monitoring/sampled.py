"""Evidently's measures and reports over fixed, seeded samples."""

from __future__ import annotations

import hashlib
import importlib
import math
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from clientele.monitoring.subjects import Column
from clientele.querying import quoted_name

# Effect sizes, not p-values: a test of significance finds any difference once rows are many.
METHODS = {"numeric": "wasserstein", "category": "jensenshannon", "boolean": "jensenshannon"}
MEASURES = {"wasserstein": "wasserstein", "jensenshannon": "jensen_shannon"}
DIGITS = 9  # categories are summed in the order of a hash, which differs between processes in the last digit
# Evidently's own script, 3.5 MB in each of its reports.
SCRIPT, LIBRARY = re.compile(r"<script>(.*?)</script>", re.DOTALL), "window.drawDashboard="


@dataclass(frozen=True)
class Sample:
    """The values of one column on both sides, without nulls: float64, or text as objects."""

    column: Column
    reference: npt.NDArray[Any]
    current: npt.NDArray[Any]

    @property
    def why_not(self) -> str:
        """Why Evidently is not asked: it fails on empty columns, and divides by the spread of constant ones."""
        for name, values in (("reference", self.reference), ("snapshot", self.current)):
            if not len(values):
                return f"the sample of the {name} holds no value"
        return "the sample of the reference holds one value only" if _is_constant(self.reference) else ""


def draw(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[Column], *, rows: int, seed: int
) -> dict[str, npt.NDArray[Any]]:
    """Values by column of at most `rows` rows of a relation, the same at every call; nulls left out."""
    if not columns:
        return {}
    values = ", ".join(f"{column.sql} as {quoted_name(column.name)}" for column in columns)
    table = connection.sql(
        f"select {values} from ({relation})"
        f" order by md5('{seed}|' || customer_id || '|' || snapshot_date), customer_id, snapshot_date limit {rows}"
    ).to_arrow_table()
    return {
        column.name: table[column.name].drop_null().to_numpy()
        if column.column_type == "numeric"
        else np.array(table[column.name].drop_null().to_pylist(), dtype=object)
        for column in columns
    }


def samples(
    connection: duckdb.DuckDBPyConnection,
    *,
    reference: str,
    current: str,
    columns: Sequence[Column],
    newest: date,
    rows: int,
    seed: int,
) -> list[Sample]:
    """Both sides of each column: pooled ones from all days of the reference, others from its newest."""
    on_newest = f"select * from ({reference}) where snapshot_date = date '{newest}'"
    drawn = draw(connection, reference, [c for c in columns if c.is_pooled], rows=rows, seed=seed)
    drawn |= draw(connection, on_newest, [c for c in columns if not c.is_pooled], rows=rows, seed=seed)
    now = draw(connection, current, columns, rows=rows, seed=seed)
    return [Sample(column, drawn[column.name], now[column.name]) for column in columns]


def measure(sample: Sample) -> float:
    """Evidently's score: the Wasserstein distance in standard deviations of the reference, or that of Jensen-Shannon.

    Raises whatever Evidently raises, and ValueError for a score that is no number.
    """
    with np.errstate(all="ignore"):
        import pandas as pd
        from evidently.legacy.calculations.stattests import get_stattest
        from evidently.legacy.core import ColumnType

        kind = ColumnType.Numerical if sample.column.column_type == "numeric" else ColumnType.Categorical
        reference, current = pd.Series(sample.reference), pd.Series(sample.current)
        test = get_stattest(reference, current, kind, METHODS[sample.column.column_type])
        score = float(test(reference, current, kind, None).drift_score)
    if not math.isfinite(score):
        raise ValueError(f"Evidently's score is {score}")
    return round(score, DIGITS)


def write_report(samples: Sequence[Sample], thresholds: Mapping[str | None, float], path: Path) -> None:
    """Evidently's HTML report of the columns of `samples`; `thresholds` by name. Raises whatever Evidently raises.

    Its script is kept once, beside the days, rather than in each report.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    html = _report(samples, thresholds)
    path.write_text(_with_script_beside(html, path.parent.parent), encoding="utf-8")


def _report(samples: Sequence[Sample], thresholds: Mapping[str | None, float]) -> str:
    with np.errstate(all="ignore"):
        from evidently import DataDefinition, Dataset, Report
        from evidently.metrics import ValueDrift

        numeric = [s.column.name for s in samples if s.column.column_type == "numeric"]
        texts = [s.column.name for s in samples if s.column.column_type != "numeric"]
        definition = DataDefinition(numerical_columns=numeric, categorical_columns=texts)
        reference, current = (
            Dataset.from_pandas(_side_by_side({s.column.name: getattr(s, side) for s in samples}), definition)
            for side in ("reference", "current")
        )
        metrics = [
            ValueDrift(column=s.column.name, method=METHODS[s.column.column_type], threshold=thresholds[s.column.name])
            for s in samples
        ]
        return Report(metrics).run(current, reference).get_html_str(as_iframe=False)


def _side_by_side(columns: Mapping[str, npt.NDArray[Any]]) -> Any:
    """Columns of different lengths as one frame; each is compared by itself, so that rows need not belong together."""
    import pandas as pd

    return pd.DataFrame({name: pd.Series(values) for name, values in columns.items()})


def _with_script_beside(html: str, folder: Path) -> str:
    found = next((script for script in SCRIPT.finditer(html) if LIBRARY in script[1]), None)
    if not found:
        return html  # another Evidently: the report holds all it needs
    script = found[1].encode()
    name = f"evidently-{hashlib.sha256(script).hexdigest()[:12]}.js"
    if not (folder / name).exists():
        (folder / name).write_bytes(script)
    return html[: found.start()] + f'<script charset="utf-8" src="../{name}"></script>' + html[found.end() :]


def _is_constant(values: npt.NDArray[Any]) -> bool:
    return bool((values == values[0]).all())


@contextmanager
def quiet() -> Iterator[None]:
    """Around all measures and reports, as warnings are muted for all threads: Evidently's are no news to the user.

    It reports home unless told otherwise, and threads that import it together wait for each other for ever.
    """
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("evidently.metrics")
        yield
