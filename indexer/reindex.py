"""A new generation while visitors search the old one: create -> fill -> verify -> promote -> sweep."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError
from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer import generations
from indexer.bulk import GenerationGone
from indexer.drain import drain_all, drain_pending, refresh
from indexer.fill import Fill, Progress
from schemas.settings import Settings
from schemas.tables import DeadLetter, Property
from stores.answers import Epoch

ATTEMPTS = 10  # to count while people insert and delete
WHOLE = {"exists": {"field": "locality"}}
"""Documents of rows that exist: a tombstone has no locality."""


class ReindexRefused(Exception):
    """Why there is no new live generation; the old one goes on serving."""


async def reindex(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    settings: Settings,
    *,
    progress: Progress,
    restart: bool = False,
    epoch: Epoch | None = None,
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
        # Changes from before the first generation need no index: it is filled with them.
        await drain_all(engine, search, alias=alias, epoch=epoch)
        name = await create(engine, search, settings, restart=restart)
        try:
            await Fill(engine, search, alias, name, progress).run()
            await verify(engine, search, settings, name)
        except (GenerationGone, NotFoundError, ReindexRefused) as error:
            await generations.fail(engine, name, str(error))
            raise ReindexRefused(str(error)) from error
        await still_alone(lock)
        await generations.promote(engine, search, alias, name, epoch)
        await sweep(engine, search, alias)
    return name


@asynccontextmanager
async def only_one(engine: AsyncEngine, alias: str) -> AsyncIterator[AsyncConnection]:
    """Hold the lock that lets one reindex run at a time; it ends with its connection, so with the process."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        key = func.hashtextextended(f"reindex {alias}", 0)
        if not await connection.scalar(select(func.pg_try_advisory_lock(key))):
            raise ReindexRefused(f"Another reindex of {alias} is running.")
        try:
            yield connection
        finally:
            await connection.invalidate()


async def still_alone(lock: AsyncConnection) -> None:
    """Fail when the lock's connection was lost, for then another reindex may have started."""
    await lock.execute(select(1))


async def create(engine: AsyncEngine, search: AsyncOpenSearch, settings: Settings, *, restart: bool) -> str:
    """The generation to fill: one that was broken off, when it still fits, or a new one."""
    async with engine.connect() as connection:
        unfinished = await generations.unfinished(connection, settings.index_alias)
    fitting = [] if restart else [generation for generation in unfinished if generation.is_current]
    for generation in unfinished:
        if generation not in fitting[:1]:
            await generations.drop(engine, search, generation.name)
    return fitting[0].name if fitting else await generations.create(engine, search, settings)


async def verify(engine: AsyncEngine, search: AsyncOpenSearch, settings: Settings, name: str) -> None:
    """Compare how many rows and documents there are, once the generation is complete.

    Raises:
        ReindexRefused: they disagree.
    """
    await generations.begin_verifying(engine, name)
    replicas = {"index": {"number_of_replicas": settings.index_replicas}}
    await search.indices.put_settings(index=name, body=replicas)
    for _ in range(ATTEMPTS):
        before, _letters = await count_rows(engine)
        await drain_pending(engine, search, alias=settings.index_alias)
        documents = await count_documents(search, name)
        after, letters = await count_rows(engine)
        # People may insert and delete while we count; refused documents are known to be missing.
        if min(before, after) - letters <= documents <= max(before, after):
            return
        await asyncio.sleep(0.1)
    raise ReindexRefused(f"{name} holds {documents:,} documents for {after:,} rows: not promoted.")


async def count_rows(engine: AsyncEngine) -> tuple[int, int]:
    """Rows, and how many of them have a refused document."""
    refused = exists().where(DeadLetter.property_id == Property.id)
    async with engine.connect() as connection:
        query = select(func.count(), func.count().filter(refused)).select_from(Property)
        rows, letters = (await connection.execute(query)).one()
    return rows, letters


async def count_documents(search: AsyncOpenSearch, name: str) -> int:
    await refresh(search, name)
    answer = await search.count(index=name, body={"query": WHOLE})
    return int(answer["count"])


async def sweep(engine: AsyncEngine, search: AsyncOpenSearch, alias: str) -> None:
    """Drop what no rollback would go to, and the indexes of generations that failed."""
    async with engine.connect() as connection:
        outlived = await generations.outlived(connection, alias)
        failed = await generations.failed(connection, alias)
    for generation in outlived:
        await generations.drop(engine, search, generation.name)
    for generation in failed:
        await generations.delete_index(search, generation.name)
