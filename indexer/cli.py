"""The `indexer` command, for operators and for machines (`--json`).

Exit codes: 0 fine, 1 drift or dead letters, 2 usage, 3 refused, 4 a store is unreachable.
"""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, NoReturn

import orjson
import typer
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import OpenSearchException
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.bulk import EngineUnavailable
from indexer.generations import PromotionFailed
from indexer.reindex import ReindexRefused, reindex
from indexer.run import reason, run, wait
from indexer.status import Status, read_status
from schemas.settings import Settings
from stores.answers import Epoch
from stores.cache import open_cache
from stores.database import open_database
from stores.logs import configure_logs
from stores.search import open_search

DRIFT, REFUSED, UNREACHABLE = 1, 3, 4
ENGINE_TIMEOUT_S = 60.0  # an operator waits longer than a visitor

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Keep the search index level with Postgres."
)


@app.command("run")
def run_command() -> None:
    """Index changes as they are committed; run any number of these."""
    settings = Settings()
    configure_logs(settings.log_level, json=settings.log_json)
    asyncio.run(_run(settings))


@app.command("reindex")
def reindex_command(
    restart: Annotated[
        bool, typer.Option("--restart/--resume", help="Whether to drop what a killed run has filled.")
    ] = False,
) -> None:
    """Build a new generation from the table and let searches go to it."""
    _execute(_reindex(Settings(), restart=restart))


@app.command("status")
def status_command(
    watch: Annotated[bool, typer.Option("--watch", help="Again every second, until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what waits, what was refused and what is served."""
    _execute(_status(Settings(), watch=watch, as_json=as_json))


async def _run(settings: Settings) -> None:
    _collect_garbage_seldom()
    await run(settings, _asked_to_stop())


async def _reindex(settings: Settings, *, restart: bool) -> None:
    _collect_garbage_seldom()
    with _progress_bar() as bar:
        task = bar.add_task("", total=None)

        async def show(written: int, total: int) -> None:
            bar.update(task, completed=written, total=total)

        async with _stores(settings) as (engine, search), open_cache(settings) as cache:
            epoch = Epoch(cache, settings.index_alias)
            name = await reindex(engine, search, settings, progress=show, restart=restart, epoch=epoch)
    typer.echo(f"{name} is live.")


async def _status(settings: Settings, *, watch: bool, as_json: bool) -> None:
    stop = _asked_to_stop()
    async with _stores(settings) as (engine, search):
        while True:
            status = await read_status(engine, search, settings)
            _show(status, as_json=as_json, clear=watch)
            if not watch or await wait(stop, seconds=1):
                break
    if status.problems:
        raise typer.Exit(DRIFT)


def _collect_garbage_seldom() -> None:
    """Documents come by the thousand and hold no cycles: looking for some is a fifth of the work."""
    gc.freeze()
    gc.set_threshold(100_000)


def _asked_to_stop() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


@asynccontextmanager
async def _stores(settings: Settings) -> AsyncIterator[tuple[AsyncEngine, AsyncOpenSearch]]:
    engine = open_database(settings, statement_timeout_ms=0)
    search = open_search(settings, timeout_s=ENGINE_TIMEOUT_S)
    try:
        yield engine, search
    finally:
        await search.close()
        await engine.dispose()


def _execute(command: Coroutine[None, None, None]) -> None:
    """Run a command to its exit code, with a sentence in place of a traceback where one says enough."""
    try:
        asyncio.run(command)
    except (ReindexRefused, PromotionFailed) as error:
        _give_up(REFUSED, str(error))
    except (EngineUnavailable, OpenSearchException, DBAPIError, PoolTimeout) as error:
        _give_up(UNREACHABLE, f"A store is not available: {reason(error)}")


def _give_up(code: int, sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


class RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f} rows/s")


def _progress_bar() -> Progress:
    columns = (BarColumn(), MofNCompleteColumn(), RateColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _show(status: Status, *, as_json: bool, clear: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(status.to_json()))
        return
    console = Console()
    if clear:
        console.clear()
    console.print(_table(status), *status.problems, sep="\n")


def _table(status: Status) -> Table:
    table = Table("", "", title=f"{status.alias} -> {status.alias_target or 'nothing'}", show_header=False)
    table.add_row("lag", f"{status.lag_s:.1f} s")
    table.add_row("pending", f"{status.depth:,}")
    table.add_row("dead letters", f"{status.dead_letters:,}")
    table.add_row("rows", f"{status.rows:,}")
    table.add_row("documents", f"{status.documents:,}")
    for generation in status.generations:
        table.add_row(generation.state, f"{generation.name} {generation.error or ''}")
    return table


if __name__ == "__main__":
    app()
