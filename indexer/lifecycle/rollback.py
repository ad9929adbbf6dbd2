"""Roll back to the previous generation: a promotion of the retained one."""

from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.lifecycle import generations
from indexer.lifecycle.generations import Generation, Refused
from indexer.lifecycle.reindex import reindex_lock, require_lock
from indexer.verification.verify import verify
from schemas.index.listings import schema_hash
from schemas.settings import Settings
from stores.answers import SearchCacheEpoch


async def rollback(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    settings: Settings,
    *,
    epoch: SearchCacheEpoch | None = None,
    dry_run: bool = False,
) -> str:
    """Make the retained generation live again and return its name; drains have kept it up to date.

    The generation that was live becomes the retained one, so a second rollback undoes the first.

    Raises:
        Refused: there is no retained generation, or it cannot serve searches.
    """
    alias = settings.index_alias
    async with reindex_lock(engine, alias) as lock:
        if not dry_run:
            await generations.reconcile(engine, search, alias)
        retained = await _retained(engine, alias)
        await _can_serve(engine, search, alias, retained, epoch)
        if not dry_run:
            await require_lock(lock, alias)
            await generations.promote(engine, search, alias, retained.name, epoch, action="rollback")
    return retained.name


async def _retained(engine: AsyncEngine, alias: str) -> Generation:
    async with engine.connect() as connection:
        candidates = await generations.rollback_candidates(connection, alias)
        stale = await generations.stale(connection, alias)
    if not candidates and stale:
        name, reason = stale[0]
        raise Refused(f"{name} misses changes ({reason}): run `indexer reindex`.")
    if not candidates:
        hours = generations.RETENTION.total_seconds() / 3600
        raise Refused(
            f"There is no generation that was live within {hours:.0f} hours: run `indexer reindex`."
        )
    return candidates[0]


async def _can_serve(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    alias: str,
    retained: Generation,
    epoch: SearchCacheEpoch | None,
) -> None:
    if not retained.is_current:
        raise Refused(
            f"{retained.name} has the schema {retained.schema_hash}, and this code searches {schema_hash()}:"
            " run `indexer rollback` of the release that made it."
        )
    if not await generations.exists(search, retained.name):
        raise Refused(f"The index {retained.name} is not there.")
    found = await verify(engine, search, alias=alias, index=retained.name, epoch=epoch)
    if not found:
        raise Refused(
            f"{retained.name} lags: {found}."
            f" Run `indexer verify --generation {retained.name} --repair`, then try again."
        )
