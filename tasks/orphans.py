"""Removes stored objects that no row refers to, left by a crash before the row or a failed deletion."""

from collections.abc import Iterable
from uuid import UUID

import structlog
from sqlalchemy import Text, literal_column, select, union
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.pictures import ROOT, picture_of
from schemas.tables import PropertyImage
from schemas.tables.images import picture_in
from stores.media import Media

GRACE_S = 24 * 3600.0
"""Seconds; no upload takes this long from its first object to its row."""
BATCH = 1_000
SHOWN = tuple(literal_column(picture_in(url), Text) for url in ("original_url", "enhanced_url"))
"""The picture ids in a row's two URLs; both expressions are indexed."""
log = structlog.get_logger(component="media")


async def sweep_orphans(engine: AsyncEngine, media: Media, *, grace_s: float = GRACE_S) -> int:
    """Remove the objects of pictures that no row refers to, unless they are younger than the grace period.

    Objects outside of a picture's folder are left alone. Raises MediaUnavailable; the next run removes
    what remains.

    Args:
        engine: the database with the rows.
        media: the store of the objects.
        grace_s: minimum age in seconds; the row of a younger object may not be written yet.

    Returns:
        The number of objects removed.
    """
    removed, old = 0, dict[str, UUID]()
    async for found in media.list(ROOT):
        picture = picture_of(found.key)
        if picture is not None and found.age_s >= grace_s:
            old[found.key] = picture
        if len(old) >= BATCH:
            removed += await _remove_orphans(engine, media, old)
            old.clear()
    removed += await _remove_orphans(engine, media, old)
    log.info("orphans_swept", objects=removed)
    return removed


async def _remove_orphans(engine: AsyncEngine, media: Media, keys: dict[str, UUID]) -> int:
    shown = await _referenced(engine, keys.values())
    orphans = [key for key, picture in keys.items() if picture not in shown]
    await media.delete(orphans)
    return len(orphans)


async def _referenced(engine: AsyncEngine, pictures: Iterable[UUID]) -> set[UUID]:
    asked = [str(picture) for picture in set(pictures)]
    each = (select(shown).select_from(PropertyImage).where(shown.in_(asked)) for shown in SHOWN)
    async with engine.connect() as connection:
        return {UUID(shown) for shown in await connection.scalars(union(*each))}
