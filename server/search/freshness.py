"""Read-your-writes: waiting until searches show a change that was committed."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from opensearchpy import AsyncOpenSearch

from schemas.errors import SearchUnavailable
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


def by_id(property_id: UUID) -> dict[str, Any]:
    return {"query": {"ids": {"values": [str(property_id)]}}, "version": True, "_source": False}


async def becomes_searchable(
    search: AsyncOpenSearch, alias: str, property_id: UUID, revision: int, *, wait_s: float
) -> bool:
    """Whether searches show the revision, or a newer one, within some seconds; an outage is a no."""
    try:
        async with asyncio.timeout(wait_s):
            for pause in pauses():
                await asyncio.sleep(pause)
                if await _is_searchable(search, alias, property_id, revision):
                    return True
    except TimeoutError:
        pass
    return False


async def _is_searchable(search: AsyncOpenSearch, alias: str, property_id: UUID, revision: int) -> bool:
    try:
        [found] = await ask(search, alias, [by_id(property_id)])
    except SearchUnavailable:
        return False
    return any(hit["_version"] >= revision for hit in found["hits"]["hits"])
