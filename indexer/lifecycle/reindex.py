"""Build a new generation while the old one is searched.

create -> fill -> merge -> verify -> promote -> sweep
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError
from sqlalchemy import Function, func, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.changes.bulk import EngineUnavailable, GenerationGone
from indexer.changes.drain import drain_all
from indexer.conditions import require_no_auto_create
from indexer.letters import clear_letters_of_indexed
from indexer.lifecycle import generations
from indexer.lifecycle.fill import PATIENCE_S, Fill, Progress
from indexer.lifecycle.generations import ForeignGeneration, Refused
from indexer.lifecycle.prune import plan_prune, prune
from indexer.lifecycle.segments import merge_segments
from indexer.verification.verify import record
from indexer.verification.verify import verify as compare
from runtime.background import meanwhile
from runtime.crash_points import crash_here
from schemas.settings import Settings
from stores.answers import SearchCacheEpoch

HEARTBEAT_S = 5.0
IS_LOCK_HELD = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid())"
)


class ReindexRefused(Refused):
    """The reindex was refused or failed; the old generation stays live."""


async def reindex(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    settings: Settings,
    *,
    progress: Progress,
    restart: bool = False,
    epoch: SearchCacheEpoch | None = None,
    patience_s: float = PATIENCE_S,
) -> str:
    """Build a generation, make it live and return its name.

    A killed run is resumed, unless the schema has changed since or `restart` is set.

    Raises:
        ReindexRefused: another reindex is running, or the generation does not match the table.
        EngineUnavailable: the engine stayed unavailable; run the reindex again.
    """
    alias = settings.index_alias
    async with reindex_lock(engine, alias) as lock:
        await generations.reconcile(engine, search, alias)
        await require_no_auto_create(search, alias)
        # Changes from before the first generation need no index, because the fill reads them from the table.
        # If an earlier release is live, its drains continue until they find the new generation.
        with suppress(ForeignGeneration):
            await drain_all(engine, search, alias=alias, epoch=epoch)
        await require_lock(lock, alias)
        name = await create(engine, search, settings, restart=restart)
        crash_here("after-create")
        try:
            async with meanwhile(heartbeat(engine, name)):
                await fill(Fill(engine, search, alias, name, progress, patience_s, epoch))
                crash_here("after-fill")
                await merge_segments(search, name)
                crash_here("after-merge")
                await verify(engine, search, settings, name, epoch)
        except (GenerationGone, NotFoundError, ReindexRefused) as error:
            await require_lock(lock, alias)
            await generations.fail(engine, name, str(error))
            raise ReindexRefused(str(error)) from error
        except EngineUnavailable as error:
            # If the engine answers, only this generation has the problem, and changes need not wait for it.
            if await search.ping():
                await require_lock(lock, alias)
                await generations.fail(engine, name, f"It was given up: {error}")
            raise
        crash_here("after-verify")
        await require_lock(lock, alias)
        await generations.promote(engine, search, alias, name, epoch)
        crash_here("after-promote")
        await clear_letters_of_indexed(engine, search, name)
        await require_lock(lock, alias)
        await drop_unneeded(engine, search, alias)
    return name


@asynccontextmanager
async def reindex_lock(engine: AsyncEngine, alias: str) -> AsyncIterator[AsyncConnection]:
    """Hold the lock that allows one reindex at a time.

    The lock ends with its connection, and therefore with the process.

    Raises:
        ReindexRefused: another reindex holds the lock.
    """
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await _acquire(connection, alias)
        try:
            yield connection
        finally:
            with suppress(SQLAlchemyError):  # the lock ends with the connection, once Postgres notices
                await connection.execute(select(func.pg_advisory_unlock(_key(alias))))
            await connection.invalidate()


async def require_lock(lock: AsyncConnection, alias: str) -> None:
    """Check that the lock is still held, and take it again if it was lost with its connection.

    Raises:
        ReindexRefused: another reindex has taken it.
    """
    try:
        is_held = await lock.scalar(IS_LOCK_HELD)
    except DBAPIError:
        is_held = False
        await lock.rollback()
        await lock.execution_options(isolation_level="AUTOCOMMIT")
    if not is_held:
        await _acquire(lock, alias)


async def _acquire(connection: AsyncConnection, alias: str) -> None:
    if not await connection.scalar(select(func.pg_try_advisory_lock(_key(alias)))):
        raise ReindexRefused(f"Another reindex of {alias} is running.")


def _key(alias: str) -> Function[int]:
    return func.hashtextextended(f"reindex {alias}", 0)


async def create(engine: AsyncEngine, search: AsyncOpenSearch, settings: Settings, *, restart: bool) -> str:
    """Return the generation to fill: an unfinished one if its schema still fits, otherwise a new one.

    All other unfinished generations are dropped.
    """
    async with engine.connect() as connection:
        unfinished = await generations.unfinished(connection, settings.index_alias)
    fitting = [] if restart else [generation for generation in unfinished if generation.is_current]
    for generation in unfinished:
        if generation not in fitting[:1]:
            await generations.drop(engine, search, generation.name)
    return fitting[0].name if fitting else await generations.create(engine, search, settings)


async def fill(work: Fill) -> None:
    """Write every row and store the speed, which `indexer plan` uses for its estimate."""
    began = time.monotonic()
    await work.run()
    seconds = time.monotonic() - began
    filled = {"rows": work.written, "seconds": round(seconds, 1), "rows_per_s": round(work.new / seconds)}
    await generations.store_counts(work.engine, work.name, filled=filled)


async def verify(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    settings: Settings,
    name: str,
    epoch: SearchCacheEpoch | None = None,
) -> None:
    """Set the number of replicas, then compare rows and documents of the filled generation.

    Raises:
        ReindexRefused: they differ.
    """
    await generations.begin_verifying(engine, name)
    replicas = {"index": {"number_of_replicas": settings.index_replicas}}
    await search.indices.put_settings(index=name, body=replicas)
    verified = await compare(engine, search, alias=settings.index_alias, index=name, epoch=epoch)
    await record(engine, verified)
    if not verified:
        raise ReindexRefused(f"{name} is not what the table holds: {verified}. Not promoted.")


async def drop_unneeded(engine: AsyncEngine, search: AsyncOpenSearch, alias: str) -> None:
    """Drop generations that no rollback would use, and indexes without a generation."""
    await prune(engine, search, await plan_prune(engine, search, alias))


async def heartbeat(engine: AsyncEngine, name: str) -> None:
    """Keep the heartbeat of this generation fresh, even while nothing can be written."""
    while True:
        with suppress(SQLAlchemyError):  # the work that needs the database reports the error
            await generations.update_heartbeat(engine, name)
        await asyncio.sleep(HEARTBEAT_S)
