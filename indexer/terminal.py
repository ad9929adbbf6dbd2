"""Output of the commands: sentences or JSON, a progress bar, and the exit codes that scripts rely on."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

import orjson
import typer
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import OpenSearchException
from psycopg import Error as DriverError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TimeRemainingColumn
from rich.text import Text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.states.generation_state import IllegalMove
from indexer.changes.bulk import EngineUnavailable
from indexer.lifecycle import fill
from indexer.lifecycle.generations import Refused
from indexer.run import reason
from schemas.settings import Settings
from stores.answers import SearchCacheEpoch
from stores.cache import opened_cache
from stores.database import opened_database
from stores.search import opened_search

OK, DRIFT, REFUSED, UNREACHABLE = 0, 1, 3, 4
ENGINE_TIMEOUT_S = 60.0  # an operator waits longer than a visitor

Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of sentences.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")]


@dataclass(frozen=True)
class Outcome:
    facts: Mapping[str, Any]
    """Printed as JSON with `--json`."""
    sentences: Sequence[object]
    """Sentences or tables, printed without `--json`."""
    code: int = OK


@dataclass(frozen=True)
class Stores:
    settings: Settings
    engine: AsyncEngine
    search: AsyncOpenSearch
    epoch: SearchCacheEpoch

    @property
    def alias(self) -> str:
        return self.settings.index_alias


@asynccontextmanager
async def stores(settings: Settings) -> AsyncIterator[Stores]:
    async with (
        opened_database(settings, statement_timeout_ms=0) as engine,
        opened_search(settings, timeout_s=ENGINE_TIMEOUT_S) as search,
        opened_cache(settings) as cache,
    ):
        yield Stores(settings, engine, search, SearchCacheEpoch(cache, settings.index_alias))


def execute(command: Coroutine[None, None, Outcome], *, as_json: bool) -> None:
    """Run a command and exit with its code; expected errors are printed as a sentence, not a traceback."""
    try:
        outcome = asyncio.run(command)
    except (Refused, IllegalMove) as error:
        exit_with_error(REFUSED, str(error), as_json=as_json)
    except (EngineUnavailable, OpenSearchException, DBAPIError, DriverError, PoolTimeout, OSError) as error:
        exit_with_error(UNREACHABLE, f"A store is not available: {reason(error)}", as_json=as_json)
    show(outcome, as_json=as_json)
    raise typer.Exit(outcome.code)


def show(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(outcome.facts))
        return
    console = Console(soft_wrap=True, highlight=False)
    for sentence in outcome.sentences:
        console.print(sentence, markup=False) if isinstance(sentence, str) else console.print(sentence)


def exit_with_error(code: int, sentence: str, *, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(orjson.dumps({"error": sentence}))
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


def stop_event() -> asyncio.Event:
    """Return an event that SIGTERM or SIGINT sets."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


class RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f} rows/s")


@contextmanager
def progress_bar(description: str, *, shown: bool) -> Iterator[fill.Progress]:
    """Show a bar with rate and remaining time on stderr; yield the function that updates it.

    When all is done it says `finishing`, because a command may have more to do.
    """
    columns = (BarColumn(), MofNCompleteColumn(), RateColumn(), TimeRemainingColumn())
    with Progress("{task.description}", *columns, console=Console(stderr=True), disable=not shown) as bar:
        task = bar.add_task(description, total=None)

        async def show_progress(done: int, total: int) -> None:
            now = description if done < total else "finishing"
            bar.update(task, description=now, completed=done, total=total)

        yield show_progress
