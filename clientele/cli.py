"""The command line. Each command is thin and imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Raw customer data into tables that people trust.")

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="CLIENTELE_HOME", help="Folder that holds the lake and the build.")
]


@app.callback()
def main() -> None:
    """Raw customer data into tables that people trust."""


@app.command("load")
def load_command(
    mapping: Annotated[Path, typer.Argument(help="Mapping file (YAML).")],
    data: Annotated[Path | None, typer.Option(help="Folder of the files; default: the mapping's own.")] = None,
    home: HomeOption = Path("warehouse"),
    history: Annotated[bool, typer.Option("--history", help="Rows were known since their own clock.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Rows are known from this load on.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Land nothing, print the report.")] = False,
    memory: Annotated[str, typer.Option(help="Memory limit of the load.")] = "1GB",
) -> None:
    """Land the files that MAPPING describes."""
    from rich.console import Console

    from clientele.landing import LandingError, load

    console, progress = Console(), Console(stderr=True)
    if history and live:
        _fail("--history and --live exclude each other")
    try:
        with progress.status("loading") as status:
            report = load(
                mapping, data_dir=data, home=home, mode="history" if history else "live" if live else None,
                check=check, memory=memory, progress=lambda text: _say(progress, status, text),
            )  # fmt: skip
    except LandingError as error:
        _fail(str(error))
    report.show(console)
    again = f"clientele load {mapping}" + (f" --data {data}" if data else "")
    typer.echo(f"next: {again if check else 'clientele run'}")


def _say(console, status, text: str) -> None:  # type: ignore[no-untyped-def]
    status.update(text)
    if not console.is_terminal or text.startswith("waiting"):
        console.print(text, markup=False, highlight=False)


def _fail(message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code=2)


@app.command("demo")
def demo_command(
    out: Annotated[Path, typer.Option(help="Folder for the exports, the mapping and the truth.")] = Path("demo"),
    customers: Annotated[int, typer.Option(help="Customers, 50 to 1,000,000.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Another seed is another company.")] = 42,
    as_of: Annotated[str, typer.Option(help="First day without events, YYYY-MM-DD.")] = "2026-01-01",
    years: Annotated[int, typer.Option(help="Years of history before --as-of, 1 to 10.")] = 3,
) -> None:
    """Write a demo company: raw exports, the mapping that lands them, and the truth about every customer."""
    from datetime import date

    from clientele.demo import rows_written, write_demo

    try:
        mapping = write_demo(out, customers, seed, date.fromisoformat(as_of), years, progress=True)
    except ValueError as error:
        _fail(str(error))
    rows, entities = rows_written(out)
    typer.echo(f"{rows:,} rows of {entities} entities in {out}, the truth about them in {out / 'truth'}")
    typer.echo(f"next: clientele load {mapping}")
