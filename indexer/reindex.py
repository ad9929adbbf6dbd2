"""A new generation while visitors search the old one: create -> fill -> verify -> promote -> sweep."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError
from sqlalchemy import Function, func, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer import generations
from indexer.bulk import EngineUnavailable, GenerationGone
from indexer.conditions import require_no_auto_create
from indexer.drain import drain_all
from indexer.fill import PATIENCE_S, Fill, Progress
from indexer.generations import ForeignGeneration, Refused
from indexer.letters import forgive
from indexer.prune import doomed, prune
from indexer.verify import record
from indexer.verify import verify as compare
from schemas.settings import Settings
from stores.answers import Epoch
from stores.background import meanwhile
from stores.crash_points import crash_here

HEARTBEAT_S = 5.0
IS_HELD = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid())"
)


class ReindexRefused(Refused):
    """Why there is no new live generation; the old one goes on serving."""


async def reindex(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    settings: Settings,
    *,
    progress: Progress,
    restart: bool = False,
    epoch: Epoch | None = None,
    patience_s: float = PATIENCE_S,
) -> str:
    """Build a generation and let searches go to it; its name.

    A run that was killed is gone on with, unless the schema has changed since, or `restart` is asked.

    Raises:
        ReindexRefused: another one is running, or the generation does not hold what the table holds.
        EngineUnavailable: the engine stayed away; run it again.
    """
    alias = settings.index_alias
    async with only_one(engine, alias) as lock:
        await generations.reconcile(engine, search, alias)
        await require_no_auto_create(search, alias)
        # Changes from before the first generation need no index: it is filled with them. Where a release
        # before this one is live its own drains go on until they meet the generation that we register.
        with suppress(ForeignGeneration):
            await drain_all(engine, search, alias=alias, epoch=epoch)
        await still_alone(lock, alias)
        name = await create(engine, search, settings, restart=restart)
        crash_here("after-create")
        try:
            async with meanwhile(heartbeat(engine, name)):
                await fill(Fill(engine, search, alias, name, progress, patience_s, epoch))
                crash_here("after-fill")
                await verify(engine, search, settings, name, epoch)
        except (GenerationGone, NotFoundError, ReindexRefused) as error:
            await still_alone(lock, alias)
            await generations.fail(engine, name, str(error))
            raise ReindexRefused(str(error)) from error
        except EngineUnavailable as error:
            # An engine that answers is there for all but this generation, and changes need not wait for it.
            if await search.ping():
                await still_alone(lock, alias)
                await generations.fail(engine, name, f"It was given up: {error}")
            raise
        crash_here("after-verify")
        await still_alone(lock, alias)
        await generations.promote(engine, search, alias, name, epoch)
        crash_here("after-promote")
        await forgive(engine, search, name)
        await still_alone(lock, alias)
        await sweep(engine, search, alias)
    return name


@asynccontextmanager
async def only_one(engine: AsyncEngine, alias: str) -> AsyncIterator[AsyncConnection]:
    """Hold the lock that lets one reindex run at a time; it ends with its connection, so with the process."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await _take(connection, alias)
        try:
            yield connection
        finally:
            with suppress(SQLAlchemyError):  # then it ends with the connection, as soon as that is noticed
                await connection.execute(select(func.pg_advisory_unlock(_key(alias))))
            await connection.invalidate()


async def still_alone(lock: AsyncConnection, alias: str) -> None:
    """Make sure of the lock, which is lost with its connection; then another reindex may have taken it."""
    try:
        is_held = await lock.scalar(IS_HELD)
    except DBAPIError:
        is_held = False
        await lock.rollback()
        await lock.execution_options(isolation_level="AUTOCOMMIT")
    if not is_held:
        await _take(lock, alias)


async def _take(connection: AsyncConnection, alias: str) -> None:
    if not await connection.scalar(select(func.pg_try_advisory_lock(_key(alias)))):
        raise ReindexRefused(f"Another reindex of {alias} is running.")


def _key(alias: str) -> Function[int]:
    return func.hashtextextended(f"reindex {alias}", 0)


async def create(engine: AsyncEngine, search: AsyncOpenSearch, settings: Settings, *, restart: bool) -> str:
    """The generation to fill: one that was broken off, when it still fits, or a new one."""
    async with engine.connect() as connection:
        unfinished = await generations.unfinished(connection, settings.index_alias)
    fitting = [] if restart else [generation for generation in unfinished if generation.is_current]
    for generation in unfinished:
        if generation not in fitting[:1]:
            await generations.drop(engine, search, generation.name)
    return fitting[0].name if fitting else await generations.create(engine, search, settings)


async def fill(work: Fill) -> None:
    """Write every row, and keep how fast that was, for the next plan."""
    began = time.monotonic()
    await work.run()
    seconds = time.monotonic() - began
    filled = {"rows": work.written, "seconds": round(seconds, 1), "rows_per_s": round(work.new / seconds)}
    await generations.note(work.engine, work.name, filled=filled)


async def verify(
    engine: AsyncEngine, search: AsyncOpenSearch, settings: Settings, name: str, epoch: Epoch | None = None
) -> None:
    """Compare rows and documents, once the generation is complete.

    Raises:
        ReindexRefused: they disagree.
    """
    await generations.begin_verifying(engine, name)
    replicas = {"index": {"number_of_replicas": settings.index_replicas}}
    await search.indices.put_settings(index=name, body=replicas)
    verified = await compare(engine, search, alias=settings.index_alias, index=name, epoch=epoch)
    await record(engine, verified)
    if not verified:
        raise ReindexRefused(f"{name} is not what the table holds: {verified}. Not promoted.")


async def sweep(engine: AsyncEngine, search: AsyncOpenSearch, alias: str) -> None:
    """Drop what no rollback would go to, and indexes that belong to nothing."""
    await prune(engine, search, await doomed(engine, search, alias))


async def heartbeat(engine: AsyncEngine, name: str) -> None:
    """Let everybody see that this generation is worked on, even while nothing can be written."""
    while True:
        with suppress(SQLAlchemyError):  # who needs the database now will say that it is away
            await generations.beat(engine, name)
        await asyncio.sleep(HEARTBEAT_S)
