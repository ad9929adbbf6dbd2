"""Fills the stores of a new stack with demo listings, and checks whether its index must be built."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from demo import load_demo
from embedded.progress import counted
from indexer.lifecycle import generations
from schemas.settings import Settings
from schemas.tables import Property
from stores.database import open_database
from stores.search import open_search

ENGINE_TIMEOUT_S = 30.0


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """Open the database for bulk work, without a statement timeout."""
    engine = open_database(settings, statement_timeout_ms=0)
    try:
        yield engine
    finally:
        await engine.dispose()


async def is_empty(settings: Settings) -> bool:
    """Return whether the table of properties is empty, deleted ones included."""
    async with opened(settings) as engine, engine.connect() as connection:
        return not await connection.scalar(select(exists(select(Property.id))))


async def load(settings: Settings, *, listings: int, seed: int) -> int:
    """Generate demo listings in the database and their pictures in the media directory."""
    media = settings.media_directory or Path.cwd()
    media.mkdir(parents=True, exist_ok=True)
    async with opened(settings) as engine:
        return await load_demo(engine, media, listings=listings, seed=seed, progress=counted("listings"))


async def needs_reindex(settings: Settings) -> bool:
    """Return whether the alias lacks its live index or the index has an outdated mapping."""
    search = open_search(settings, timeout_s=ENGINE_TIMEOUT_S)
    try:
        async with opened(settings) as engine, engine.connect() as connection:
            live = await generations.live(connection, settings.index_alias)
        target = await generations.alias_target(search, settings.index_alias)
    finally:
        await search.close()
    return live is None or not live.is_current or target != [live.name]
