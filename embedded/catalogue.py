"""Fills the stores of a new stack with demo listings, and checks whether its index must be built."""

from pathlib import Path

from sqlalchemy import exists, select

from demo import load_demo
from embedded.progress import counted
from indexer.lifecycle import generations
from schemas.settings import Settings
from schemas.tables import Property
from stores.database import opened_database
from stores.search import opened_search

ENGINE_TIMEOUT_S = 30.0


async def is_empty(settings: Settings) -> bool:
    """Return whether the table of properties is empty, deleted ones included."""
    async with opened_database(settings, statement_timeout_ms=0) as engine, engine.connect() as connection:
        return not await connection.scalar(select(exists(select(Property.id))))


async def load(settings: Settings, *, listings: int, seed: int) -> int:
    """Generate demo listings in the database and their pictures in the media directory."""
    media = settings.media_directory or Path.cwd()
    media.mkdir(parents=True, exist_ok=True)
    async with opened_database(settings, statement_timeout_ms=0) as engine:
        return await load_demo(engine, media, listings=listings, seed=seed, progress=counted("listings"))


async def needs_reindex(settings: Settings) -> bool:
    """Return whether the alias lacks its live index or the index has an outdated mapping."""
    async with opened_database(settings) as engine, engine.connect() as connection:
        live = await generations.live(connection, settings.index_alias)
    async with opened_search(settings, timeout_s=ENGINE_TIMEOUT_S) as search:
        target = await generations.alias_target(search, settings.index_alias)
    return live is None or not live.is_current or target != [live.name]
