"""``clientele run --select`` in a warehouse of which only some tables were ever built."""

from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from clientele import cli


def test_some_tables_alone_need_no_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb.connect(str(tmp_path / "build.duckdb")).close()
    (tmp_path / "vars.yml").write_text("reporting_currency: EUR\n")
    monkeypatch.setattr(cli, "_build", lambda *_, **__: None)
    done = CliRunner().invoke(cli.app, ["run", "--home", str(tmp_path), "--select", "+feat_orders"])
    assert (done.exit_code, "no summary: not every table was ever built" in done.output) == (0, True)
    whole = CliRunner().invoke(cli.app, ["run", "--home", str(tmp_path)])
    assert isinstance(whole.exception, duckdb.CatalogException)
