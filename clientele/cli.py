"""The command line. Each command is thin and imports what it needs when it runs."""

from __future__ import annotations

from datetime import datetime
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
    typer.echo(f"next: {again if check else 'clientele run'}{_at(home)}")


def _say(console, status, text: str) -> None:  # type: ignore[no-untyped-def]
    status.update(text)
    if not console.is_terminal or text.startswith("waiting"):
        console.print(text, markup=False, highlight=False)


def _fail(message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code=2)


@app.command("map")
def map_command(
    files: Annotated[list[Path], typer.Argument(help="Exports: csv, csv.gz, parquet, jsonl, xlsx.")],
    out: Annotated[Path, typer.Option(help="Where to write the mapping.")] = Path("mapping.yml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
) -> None:
    """Draft a mapping from FILES, with a question wherever they do not say what they mean."""
    from clientele.landing import LandingError
    from clientele.mapping_draft import draft_mapping, input_files

    try:
        files = input_files(files)
        if out.exists() and not force:
            _fail(f"{out} is there already; give another --out, or --force to overwrite it")
        draft = draft_mapping(files, out)
    except LandingError as error:
        _fail(str(error))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(draft.text, encoding="utf-8")
    for entity, names in draft.entities.items():
        typer.echo(f"{entity}: from {', '.join(names)}")
    for name, why in draft.unknown.items():
        typer.echo(f"not mapped: {name}: {why}")
    typer.echo(f"{out}: {len(draft.entities)} entities, {draft.questions} questions, each marked with ?")
    typer.echo(f"next: clientele load {out} --check")


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


@app.command("run")
def run_command(
    home: HomeOption = Path("warehouse"),
    select: Annotated[str | None, typer.Option(help="Only these models (dbt selection syntax).")] = None,
    full_refresh: Annotated[bool, typer.Option("--full-refresh", help="Forget what was built, start anew.")] = False,
    snapshot_date: Annotated[
        str | None, typer.Option(help="Day to build, YYYY-MM-DD; default: the first on which all data is visible.")
    ] = None,
) -> None:
    """Build and test every table over the lake, then sum up."""
    import duckdb
    from rich.console import Console

    console = Console()
    _build(console, home, select=select, full_refresh=full_refresh, snapshot_date=snapshot_date)
    try:
        _sum_up(console, home)
    except duckdb.CatalogException:
        if not select:
            raise
        console.print("no summary: not every table was ever built, which `clientele run` does")


@app.command("train")
def train_command(
    models: Annotated[list[str] | None, typer.Argument(help="Models to fit anew, such as churn; default: all.")] = None,
    home: HomeOption = Path("warehouse"),
) -> None:
    """Fit models anew on all that has matured, promote what passes its gates, score with it."""
    from rich.console import Console

    from clientele.fitting import fitted_models

    if unknown := sorted(set(models or []) - set(fitted_models())):
        _fail(f"no model is called {', '.join(unknown)}: there are {', '.join(fitted_models())}")
    console = Console()
    _build(console, home, refit=",".join(models or ["all"]))
    registry = "select model_name, algorithm, status, message, gates_json from governance.model_registry"
    console.print("\nnext:")
    console.print(f'  {_called_as()} query "{registry}"{_at(home)}', markup=False, highlight=False, soft_wrap=True)


@app.command("daily")
def daily_command(
    first: Annotated[str | None, typer.Option("--from", help="First day to build, as 2026-01-31.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day to build; default: the newest there is.")] = None,
    home: HomeOption = Path("warehouse"),
) -> None:
    """The daily run through Dagster: land the drop folder, build, test, watch for drift, audit, publish."""
    from clientele.running import run_daily

    if code := run_daily(home, first, last):
        raise typer.Exit(code=code)
    typer.echo(f"next: {_called_as()} status{_at(home)}, or look at the run: make ui WAREHOUSE={home}")


@app.command("cards")
def cards_command(
    home: HomeOption = Path("warehouse"),
    out: Annotated[Path, typer.Option(help="Folder to write the cards to.")] = Path("docs/models"),
) -> None:
    """Write the model cards anew, with the figures of the warehouse."""
    from clientele.model_cards import UnknownBlockError, write_cards
    from clientele.querying import NoBuildError

    try:
        written = write_cards(home, out)
    except (NoBuildError, UnknownBlockError) as error:
        _fail(str(error))
    for card in written:
        typer.echo(card)


@app.command("drift")
def drift_command(
    home: HomeOption = Path("warehouse"),
    snapshot_date: Annotated[
        str | None, typer.Option(help="Day to check, YYYY-MM-DD; default: the newest that was built.")
    ] = None,
) -> None:
    """Check the newest snapshot: drift, performance of models, volume and freshness of sources."""
    from datetime import date

    from rich.console import Console

    from clientele.monitoring.drift import NoSnapshotError
    from clientele.monitoring.monitor import monitor
    from clientele.monitoring.results import FAIL
    from clientele.monitoring.settings import SettingsError
    from clientele.monitoring.shown import show
    from clientele.querying import NoBuildError

    console = Console()
    try:
        day = date.fromisoformat(snapshot_date) if snapshot_date else None
    except ValueError:
        _fail(f"--snapshot-date {snapshot_date} is no day: write it as 2026-01-31")
    try:
        with console.status("comparing") as status:
            results = monitor(home, snapshot_date=day, progress=lambda name: status.update(f"comparing {name}"))
    except (NoBuildError, NoSnapshotError, SettingsError) as error:
        _fail(str(error))
    show(console, results)
    reports = next((result.report.parent for result in results if result.report), None)
    if reports:
        console.print(f"reports: {reports}/<subject>.html", markup=False, highlight=False, soft_wrap=True)
    best = "select subject, column_name, measure, value, threshold, message from governance.drift_results"
    console.print(
        f"\nnext:\n  {_called_as()} query \"{best} where status in ('warn', 'fail')\"{_at(home)}",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip
    if any(result.status == FAIL for result in results):
        raise typer.Exit(code=1)


@app.command("query")
def query_command(
    sql: Annotated[str, typer.Argument(help="A query, such as: select * from marts.customer_profile")],
    home: HomeOption = Path("warehouse"),
    limit: Annotated[int, typer.Option(help="Rows to print at most.")] = 20,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for a file or another program.")] = False,
    published: Annotated[bool, typer.Option("--published", help="Query what is published, not the build.")] = False,
) -> None:
    """Query the tables that were built. Rows too wide for the terminal are printed column by column."""
    import duckdb

    from clientele.querying import NoBuildError, query, show

    try:
        columns, rows = query(home, sql, limit, published=published)
    except (NoBuildError, duckdb.Error) as error:
        _fail(str(error))
    show(columns, rows, csv=csv)
    if not csv:
        more = f", more may follow: --limit {limit * 10}" if len(rows) == limit else ""
        typer.echo(f"{len(rows)} rows{more}")


@app.command("explain")
def explain_command(
    customer_id: Annotated[str, typer.Argument(help="The customer.")],
    home: HomeOption = Path("warehouse"),
    snapshot_date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: the newest.")] = None,
) -> None:
    """Why a customer has the credit score they have: what was used, points, reasons, versions and consents."""
    from clientele.explaining import CannotExplainError, explain, lines
    from clientele.querying import NoBuildError
    from clientele.running import VarsError, effective_vars

    try:
        day = snapshot_date.date() if snapshot_date else None
        names = ("load_grace_hours", "reporting_currency", "jurisdiction", "credit_probation_days")
        told = {name: effective_vars(home)[name] for name in names}
        explanation = explain(home, customer_id, day, **told)
    except (CannotExplainError, NoBuildError, VarsError) as error:
        _fail(str(error))
    for line in lines(explanation):
        typer.echo(line)


@app.command("publish")
def publish_command(
    home: HomeOption = Path("warehouse"),
    memory: Annotated[str, typer.Option(help="Memory limit of the copy.")] = "1GB",
) -> None:
    """Let readers see what was built, if every check of it passed: all of it at once, or none."""
    from rich.console import Console

    from clientele.dbt_manifest import NoManifestError
    from clientele.locks import HeldError
    from clientele.publishing.errors import PublishingError
    from clientele.publishing.publication import RefusedError, publish
    from clientele.publishing.report import show_publication, show_refusal
    from clientele.querying import NoBuildError

    console = Console()
    try:
        with console.status("publishing") as progress:
            done = publish(home, memory=memory, say=progress.update)
    except RefusedError as refused:
        show_refusal(console, refused.audit)
        raise typer.Exit(code=1) from refused
    except (HeldError, NoBuildError, NoManifestError, PublishingError) as error:
        _fail(str(error))
    show_publication(console, done)
    typer.echo(f"next: {_called_as()} status{_at(home)}")


@app.command("rollback")
def rollback_command(
    version: Annotated[str | None, typer.Argument(help="Version to return to; default: the one before.")] = None,
    home: HomeOption = Path("warehouse"),
) -> None:
    """Let readers see an earlier version again, at once."""
    from clientele.publishing.errors import PublishingError
    from clientele.publishing.rollback import rollback

    try:
        manifest = rollback(home, version)
    except (PublishingError, OSError) as error:
        _fail(str(error))
    typer.echo(f"readers see {manifest['version']}, snapshot {manifest['snapshot_date']}")
    typer.echo(f"next: mend what was wrong, then {_called_as()} run{_at(home)} and {_called_as()} publish{_at(home)}")


@app.command("status")
def status_command(home: HomeOption = Path("warehouse")) -> None:
    """What readers see, what can be returned to, and whether the build may be published."""
    from rich.console import Console

    from clientele.publishing.errors import PublishingError
    from clientele.publishing.report import show_status
    from clientele.publishing.status import status

    try:
        found = status(home)
    except PublishingError as error:
        _fail(str(error))
    show_status(Console(), found, command=_called_as(), at=_at(home))


@app.command("dashboards")
def dashboards_command(
    home: HomeOption = Path("warehouse"),
    port: Annotated[int, typer.Option(help="Port on the address.")] = 8501,
    address: Annotated[
        str, typer.Option(help="Address to listen on; one that others reach (0.0.0.0) needs a login.")
    ] = "127.0.0.1",
    without_login: Annotated[
        bool, typer.Option("--without-login", help="Show all customers to whoever reaches the address.")
    ] = False,
) -> None:
    """Open the dashboards over what is published; each publication shows on the next click."""
    from clientele.serving import OpenToOthersError, refuse_unknown_readers, serve_dashboards

    try:
        if not without_login:
            refuse_unknown_readers(address)
    except OpenToOthersError as error:
        _fail(str(error))
    serve_dashboards(home, address=address, port=port)


@app.command("rejects")
def rejects_command(
    entity: Annotated[str | None, typer.Argument(help="Only this entity.")] = None,
    home: HomeOption = Path("warehouse"),
    limit: Annotated[int, typer.Option(help="Rows to print at most.")] = 20,
) -> None:
    """Show the rows that loads refused, newest load first: file, row, reason and the row itself."""
    from clientele.querying import rejects, show

    columns, rows = rejects(home, entity, limit)
    show(columns, rows)
    more = f", more may follow: --limit {limit * 10}" if len(rows) == limit else ""
    typer.echo(f"{len(rows)} rows{more}. Mend the file or the mapping and load it again.")


@app.command("quickstart")
def quickstart_command(
    folder: Annotated[Path, typer.Option(help="Folder of the demo company and its warehouse.")] = Path("demo"),
    customers: Annotated[int, typer.Option(help="Customers of the demo company.")] = 5_000,
) -> None:
    """The whole way on a demo company: exports, landing, the daily run, summary."""
    import os
    import time

    from rich.console import Console

    from clientele.demo import write_demo
    from clientele.landing import load
    from clientele.landing.inbox import drop_into
    from clientele.running import run_daily

    console, exports, home = Console(), folder / "exports", folder / "warehouse"
    seconds = {"set-up": float(os.environ.get("CLIENTELE_SETUP_SECONDS", "0"))}
    started = time.monotonic()
    with console.status("writing the exports of the demo company"):
        mapping = write_demo(exports, customers)
    seconds["demo company"] = time.monotonic() - started
    started = time.monotonic()
    with console.status("landing") as status:
        report = load(mapping, home=home, progress=status.update)
    report.show(console)
    console.print("(The demo company hands over dirty rows on purpose.)")
    drop_into(home, "demo", exports)
    seconds["land"] = time.monotonic() - started
    started = time.monotonic()
    code = run_daily(home)
    seconds["daily run"] = time.monotonic() - started
    if code:
        raise typer.Exit(code=code)
    phases = ", ".join(f"{phase} {taken:.0f} s" for phase, taken in seconds.items())
    console.print(f"\n{phases}: {sum(seconds.values()):.0f} s in all\n")
    _sum_up(console, home)


def _build(console, home: Path, **options) -> None:  # type: ignore[no-untyped-def]
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from clientele.running import CannotRunError, build

    columns = (
        TextColumn("building"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    try:
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("dbt starts")

            def advance(done: int, total: int, name: str) -> None:
                bar.update(task, completed=done, total=total, description=name)

            report = build(home, progress=advance, **options)
    except CannotRunError as error:
        _fail(str(error))
    if not report.models_built and report.succeeded:
        _fail(f"no model matches --select {options.get('select')}: `clientele run` builds all")
    console.print(f"built {report.models_built} tables, {report.tests_passed} tests passed")
    for warning in report.warnings:
        console.print(f"warning: {warning}", markup=False, soft_wrap=True)
    if not report.succeeded:
        _fail("\n".join(report.errors))


def _sum_up(console, home: Path) -> None:  # type: ignore[no-untyped-def]
    from clientele.publishing.report import show_published
    from clientele.publishing.status import status
    from clientele.running import warehouse_vars
    from clientele.summary import show

    show(console, home, warehouse_vars(home)["reporting_currency"])
    current = status(home).current
    if current:
        console.print()
        show_published(console, current)
    at = _at(home)
    console.print("\nnext:")
    clientele, catalog = _called_as(), "governance.feature_catalog"
    best = (
        "select customer_id, rfm_segment, n_orders, total_spent from marts.customer_profile order by total_spent desc"
    )
    lines = [
        f'{clientele} query "{best}"{at}',
        f'{clientele} query "select * from marts.value_at_risk order by value_at_risk_rank"{at}',
        f'{clientele} query "select feature, feature_window, description from {catalog}" --limit 200{at}',
        f"{clientele} status{at}   what readers see, and what warned",
        f"make ui WAREHOUSE={home}   Dagster's page of all tables, checks and runs, on 127.0.0.1:3000",
        f"{clientele} map YOUR_FILES...   drafts the mapping of your own data",
    ]
    for line in lines:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    if current:
        # Last, as it is what most people want next.
        opened = f"{clientele} dashboards{at}, then http://127.0.0.1:8501"
        console.print(f"\nopen the dashboards: {opened}", markup=False, highlight=False, soft_wrap=True)


def _at(home: Path) -> str:
    return "" if home == Path("warehouse") else f" --home {home}"


def _called_as() -> str:
    """How the user can call this command again: by its name if it is on the path, else as now."""
    import os
    import shutil
    import sys

    return "clientele" if shutil.which("clientele") else os.path.relpath(sys.argv[0])
