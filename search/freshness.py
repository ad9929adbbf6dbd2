"""Read-your-writes: wait until searches show a committed change."""

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
from search.engine import ask

FIRST_S, LONGEST_S, SLOWER = 0.015, 0.1, 1.15
"""A single change is searchable after some tens of milliseconds; one poll takes two. The pauses grow, so
that many waiting requests do not slow down an index that is slow already."""


def pauses() -> Iterator[float]:
    """Yield the pause before each poll, in seconds."""
    pause = FIRST_S
    while True:
        yield pause
        pause = min(pause * SLOWER, LONGEST_S)


async def revision_of(database: AsyncEngine, property_id: UUID) -> int:
    """Return the row's current revision; 0 if the row is gone or cannot be read at the moment."""
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
    """Return whether searches show the revision or a newer one within `wait_s` seconds; False in an outage.

    A higher revision counts only up to the row's current one, which `newest` returns. A revision beyond that
    is from before the database was restored, and shows something else.
    """
    try:
        async with asyncio.timeout(wait_s):
            for pause in pauses():
                await asyncio.sleep(pause)
                shown = await _searchable_revision(search, alias, property_id)
                if shown == revision or (shown > revision and shown <= await newest()):
                    return True
    except TimeoutError:
        pass
    return False


async def _searchable_revision(search: AsyncOpenSearch, alias: str, property_id: UUID) -> int:
    """Return the revision that searches show; 0 if there is none."""
    try:
        [found] = await ask(search, alias, [by_id(property_id)])
    except SearchUnavailable:
        return 0
    return max((int(hit["_version"]) for hit in found["hits"]["hits"]), default=0)
