"""The library knows no dbt and no Dagster, so that its arithmetic can be used and tested without them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clientele.contract import PROJECT_ROOT

LIBRARY = PROJECT_ROOT / "clientele"
FORBIDDEN = ("dbt", "dagster")
# Starts dbt, so it may import it, but only inside a function: `clientele --help` needs no dbt.
STARTS_DBT = LIBRARY / "cli.py"

FILES = sorted(LIBRARY.rglob("*.py"))


def imported_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [node.module or ""]
    return []


def is_forbidden(name: str) -> bool:
    package, *_ = name.split(".")
    return package.startswith(FORBIDDEN)


def walk_outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from walk_outside_functions(child)


def forbidden_imports(source: str, *, inside_functions: bool) -> list[str]:
    tree = ast.parse(source)
    nodes = ast.walk(tree) if inside_functions else walk_outside_functions(tree)
    return [name for node in nodes for name in imported_names(node) if is_forbidden(name)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(LIBRARY)))
def test_imports_no_dbt_or_dagster(file: Path) -> None:
    assert forbidden_imports(file.read_text(encoding="utf-8"), inside_functions=file != STARTS_DBT) == []


def test_an_import_would_be_found() -> None:
    source = "def start():\n    from dbt.cli.main import dbtRunner\n    import dagster_dbt\n"
    assert forbidden_imports(source, inside_functions=True) == ["dbt.cli.main", "dagster_dbt"]
    assert forbidden_imports(source, inside_functions=False) == []
    assert forbidden_imports("if True:\n    import dagster as dg\n", inside_functions=False) == ["dagster"]


def test_whole_library_imports_without_dbt() -> None:
    modules = [".".join(file.relative_to(PROJECT_ROOT).with_suffix("").parts) for file in FILES]
    names = [name.removesuffix(".__init__") for name in modules if not name.endswith("__main__")]
    script = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(sorted(m for m in sys.modules if m.split('.')[0] in {FORBIDDEN!r}))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=PROJECT_ROOT, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"
