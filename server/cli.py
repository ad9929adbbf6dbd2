"""The `casabricks` command: serve the API, import listings.

Exit codes: 0 done, 2 something is wrong with what was asked, 4 a store is unreachable.
"""

import asyncio
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sanic import Sanic
from sanic.mixins import startup
from sanic.worker.loader import AppLoader
from sanic.worker.manager import WorkerManager

from domain.tokens import signing_keys
from schemas.errors import CasaError, DatabaseUnavailable
from schemas.settings import Settings
from server.app import create_app
from server.context import CasaApp
from stores.database import open_database
from stores.logs import configure_logs
from tasks.imports.job import run_import
from tasks.imports.mapping import Mapping, load_mapping
from tasks.imports.reader import count_lines
from tasks.imports.report import Report, render
from tasks.market import compare_prices

USAGE, UNREACHABLE = 2, 4

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The backend of CasaBricks.")
errors = Console(stderr=True)


class PromptManager(WorkerManager):
    """Sanic's manager of workers, which otherwise waits for ever for workers stopped while they start."""

    def _all_workers_ack(self) -> bool:
        return self._shutting_down or bool(super()._all_workers_ack())  # type: ignore[no-untyped-call]


@app.command()
def serve() -> None:
    """Serve the API; settings come from the environment."""
    settings = with_token_secret(Settings())
    startup.WorkerManager = PromptManager  # type: ignore[attr-defined]  # Sanic offers no other way
    loader = AppLoader(factory=partial(create_worker, settings))
    application = loader.load()
    application.prepare(
        host=settings.api_host,
        port=settings.api_port,
        workers=settings.api_workers,
        access_log=False,
        motd=False,
    )
    Sanic.serve(primary=application, app_loader=loader)


def with_token_secret(settings: Settings) -> Settings:
    """All workers of a process sign with one secret; where none is set, tokens end with the process."""
    if not settings.token_secrets:
        return settings.model_copy(update={"jwt_secret": SecretStr(token_hex(32))})
    try:
        signing_keys(*settings.token_secrets)
    except ValueError as weakness:
        errors.print(f"JWT_SECRET: {weakness}.", style="red", highlight=False)
        raise typer.Exit(USAGE) from None
    return settings


def create_worker(settings: Settings) -> CasaApp:
    configure_logs(settings.log_level, json=settings.log_json)
    return create_app(settings)


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="A CSV or JSON lines file.")],
    map_name: Annotated[
        str, typer.Option("--map", help="A mapping file, or the name of one that is shipped.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count, but write nothing.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write every finding to this file, as JSON.")] = None,
) -> None:
    """Load listings from another system's file; every row is accounted for."""
    try:
        found = asyncio.run(load(Settings(), file, load_mapping(map_name), dry_run=dry_run))
    except CasaError as error:
        errors.print(error.detail, style="red", highlight=False)
        raise typer.Exit(UNREACHABLE if isinstance(error, DatabaseUnavailable) else USAGE) from None
    Console().print(render(found))
    if report is not None:
        found.write(report)


async def load(settings: Settings, file: Path, mapping: Mapping, *, dry_run: bool) -> Report:
    """Import the file, then say where its prices stand against their market."""
    engine = open_database(settings, statement_timeout_ms=0)  # a million rows take their time
    try:
        with progress_bar() as bar:
            task = bar.add_task(file.name, total=None)
            bar.update(task, total=count_lines(file))
            found = await run_import(
                engine, file, mapping, dry_run=dry_run, progress=lambda rows: bar.update(task, completed=rows)
            )
        if not dry_run:
            await compare_prices(engine)
    finally:
        await engine.dispose()
    return found


def progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
    )


if __name__ == "__main__":
    app()
