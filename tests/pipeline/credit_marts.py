"""What becomes of credit where no scorecard can be fitted: tables that are there, typed and empty, and a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import yaml

from clientele.contract import PROJECT_ROOT

MODELS = PROJECT_ROOT / "dbt_project" / "models"
SCHEMAS = {"marts/credit/_credit__models.yml": "marts", "governance/_fairness__models.yml": "governance"}


def promised() -> dict[str, dict[str, str]]:
    """Types by column of every contracted table of credit, by schema.name."""
    return {
        f"{schema}.{model['name']}": {column["name"]: column["data_type"] for column in model["columns"]}
        for path, schema in SCHEMAS.items()
        for model in yaml.safe_load((MODELS / path).read_text())["models"]
    }


def assert_waiting(home: Path, because: str) -> None:
    """No version was promoted, the registry says why, and every table of credit holds no rows of the right types."""
    with duckdb.connect(str(home / "build.duckdb"), read_only=True) as connection:

        def query(sql: str) -> list[tuple[Any, ...]]:
            return connection.execute(sql).fetchall()

        versions = query("select algorithm, status, message from governance.model_registry where model_name = 'credit'")
        assert [row[:2] for row in versions] == [("scorecard", "failed")]
        assert because in versions[0][2]
        assert query("select count(*) from ml.ml_credit__scores") == [(0,)]
        for table, columns in promised().items():
            found = {name: kind for name, kind, *_ in query(f"describe {table}")}
            wanted = {name: query(f"select typeof(null::{kind})")[0][0] for name, kind in columns.items()}
            assert found == wanted, table
            assert query(f"select count(*) from {table}") == [(0,)], table
