"""Read-your-writes: waiting until searches show a change that was committed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.errors import SearchUnavailable
from schemas.tables import Property
from server.search.engine import ask

FIRST_S, LONGEST_S, SLOWER = 0.015, 0.1, 1.15
"""A lone change is searchable after some tens of milliseconds, and a look costs two. Who waits long looks
ever less often, lest all who wait for a slow index slow it down further."""


def pauses() -> Iterator[float]:
    """Seconds before each look."""
    pause = FIRST_S
    while True:
        yield pause
        pause = min(pause * SLOWER, LONGEST_S)


async def revision_of(database: AsyncEngine, property_id: UUID) -> int:
    """Of the row as it is now; 0 of one that is no more, or cannot be read just now."""
    with suppress(SQLAlchemyError):
        async with database.connect() as connection:
            return await connection.scalar(select(Property.revision).where(Property.id == property_id)) or 0
    return 0


def by_id(property_id: UUID) -> dict[str, Any]:
    return {"query": {"ids": {"values": [str(property_id)]}}, "version": True, "_source": False}


async def becomes_searchable(
    search: AsyncOpenSearch,
    alias: str,
    property_id: UUID,
    revision: int,
    *,
    newest: Callable[[], Awaitable[int]],
    wait_s: float,
) -> bool:
    """Whether searches show the revision, or a newer one, within some seconds; an outage is a no.

    What they show is newer if it is no newer than the row is by now, says `newest`. Beyond that the index
    is ahead of a database that was restored, and shows something else.
    """
    try:
        async with asyncio.timeout(wait_s):
            for pause in pauses():
                await asyncio.sleep(pause)
                shown = await _shown(search, alias, property_id)
                if shown == revision or (shown > revision and shown <= await newest()):
                    return True
    except TimeoutError:
        pass
    return False


async def _shown(search: AsyncOpenSearch, alias: str, property_id: UUID) -> int:
    """The revision that searches show; 0 is none."""
    try:
        [found] = await ask(search, alias, [by_id(property_id)])
    except SearchUnavailable:
        return 0
    return max((int(hit["_version"]) for hit in found["hits"]["hits"]), default=0)
