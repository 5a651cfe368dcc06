"""What the monitoring found, as checks of the assets that it is about."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pyarrow.compute as pc

from clientele.contract import load_contract
from clientele.records import Records
from dagster_project.defs.monitoring.assets import DRIFT
from dagster_project.defs.warehouse.assets import MONITORED
from dagster_project.warehouse import HOME

Row = dict[str, Any]
WORST = 10
_ORDER = ("skipped", "pass", "warn", "fail")


def _specs() -> list[dg.AssetCheckSpec]:
    """One check an asset and kind: of errors, only those that the var drift_error_on names stop a publication."""
    about = [("drift", key) for key in MONITORED]
    about += [("performance", key) for key in MONITORED if key.path[-1].endswith("__scores")]
    for entity in load_contract():
        if not entity.clock_is_planned:
            about += [(kind, dg.AssetKey([entity.domain, entity.name])) for kind in ("volume", "freshness")]
    return [
        dg.AssetCheckSpec(kind, asset=key, additional_deps=[DRIFT], description=DESCRIPTIONS[kind])
        for kind, key in about
    ]


DESCRIPTIONS = {
    "drift": "How far the snapshot lies from what the champion learnt from, column by column.",
    "performance": "Matured scores against what came: AUC, Brier score, calibration.",
    "volume": "Rows a day against those of the same weekday before: robust z-score.",
    "freshness": "Days since the last event, against the usual gap of the source.",
}
# What was measured for a check: kinds of subjects, and of a source by which measure.
MEASURED: dict[str, tuple[str, ...]] = {
    "drift": ("features", "model_inputs", "scores"),
    "performance": ("performance",),
    "volume": ("source robust_z",),
    "freshness": ("source age_days",),
}


@dg.multi_asset_check(specs=_specs(), name="monitoring_checks", can_subset=True)
def monitoring_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Show what this run recorded, or where it recorded nothing of an asset, what was recorded last."""
    records = Records(HOME)
    # Years of records: dbt's own checks, and measures of runs that are not shown, never become rows of Python.
    checks = records.read("check_results", where=pc.field("check_type").isin(list(MEASURED)))
    found = _by_check(checks.to_pylist(), context.run.run_id)
    shown = sorted({row["run_id"] for rows in found.values() for row in rows})
    measured = _by_table(records.read("drift_results", where=pc.field("run_id").isin(shown)).to_pylist())
    for key in context.selected_asset_check_keys:
        yield _result(key, found.get((key.asset_key.path[-1], key.name), []), measured)


def _by_check(rows: list[Row], run_id: str) -> dict[tuple[str, str], list[Row]]:
    """Rows by table and kind of check: of this run, else of the last that made the check."""
    last: dict[tuple[str, str], tuple] = {}
    of_run: dict[tuple, list[Row]] = {}
    for row in rows:
        name = (row["asset_name"].rpartition(".")[2], row["check_type"])
        run = (row["run_id"] == run_id, row["evaluated_at"], row["run_id"])
        last[name] = max(last.get(name, run), run)
        of_run.setdefault((name, run), []).append(row)
    return {name: of_run[name, run] for name, run in last.items()}


def _by_table(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    """Measurements by run and table; a subject is a table, or a table and a kind of customers, or a source."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["run_id"], row["subject"].partition(".")[0]), []).append(row)
    return found


def _is_measured_for(check: str, row: Row) -> bool:
    kind = row["subject_kind"]
    return (f"{kind} {row['measure']}" if kind == "source" else kind) in MEASURED[check]


def _result(key: dg.AssetCheckKey, rows: list[Row], measured: dict[tuple[str, str], list[Row]]) -> dg.AssetCheckResult:
    if not rows:
        return dg.AssetCheckResult(
            asset_key=key.asset_key, check_name=key.name, passed=True, description="not made: nothing to compare yet"
        )
    worst = max(rows, key=lambda row: _ORDER.index(row["status"]))
    of_table = measured.get((worst["run_id"], key.asset_key.path[-1]), [])
    of_check = [row for row in of_table if _is_measured_for(key.name, row)]
    missed = sorted(
        (row for row in of_check if row["status"] in ("warn", "fail") and row["value"] is not None),
        key=lambda row: -abs(row["value"]) / abs(row["threshold"] or 1),
    )
    metadata: dict[str, Any] = {"checked_at": f"{worst['evaluated_at']:%Y-%m-%d %H:%M} UTC", "run": worst["run_id"]}
    if missed:
        metadata["worst"] = dg.MarkdownMetadataValue(_as_table(missed[:WORST]))
    if of_table:
        folder = HOME / "reports" / "drift" / f"{of_table[0]['snapshot_date']}"
        table = key.asset_key.path[-1]
        for report in sorted([*folder.glob(f"{table}.html"), *folder.glob(f"{table}.*.html")]):
            # No link: browsers do not follow one from a page to a file.
            metadata[f"report {report.stem}"] = dg.PathMetadataValue(report)
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=worst["status"] in ("pass", "skipped"),
        severity=dg.AssetCheckSeverity.ERROR if worst["status"] == "fail" else dg.AssetCheckSeverity.WARN,
        description="; ".join(row["message"] for row in rows if row["message"]) or None,
        metadata=metadata,
    )


def _as_table(rows: list[Row]) -> str:
    lines = ["| column | measure | over | value | from |", "|---|---|---|---:|---:|"]
    lines += [
        f"| {row['column_name'] or ''} | {row['measure']} | {row['basis']} | {row['value']:.3g} | {threshold:.3g} |"
        for row in rows
        for threshold in [row["threshold"] or 0.0]
    ]
    return "\n".join(lines)
