"""Read-your-writes: waiting until searches show a change that was committed."""

import asyncio
from typing import Any
from uuid import UUID

from opensearchpy import AsyncOpenSearch

from schemas.errors import SearchUnavailable
from server.search.engine import ask

POLL_S = 0.03
"""A lone change is searchable after some tens of milliseconds; and a look costs two."""


def by_id(property_id: UUID) -> dict[str, Any]:
    return {"query": {"ids": {"values": [str(property_id)]}}, "version": True, "_source": False}


async def becomes_searchable(
    search: AsyncOpenSearch, alias: str, property_id: UUID, revision: int, *, wait_s: float
) -> bool:
    """Whether searches show the revision, or a newer one, within some seconds; an outage is a no."""
    try:
        async with asyncio.timeout(wait_s):
            while not await _is_searchable(search, alias, property_id, revision):  # noqa: ASYNC110  another process indexes
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        return False
    return True


async def _is_searchable(search: AsyncOpenSearch, alias: str, property_id: UUID, revision: int) -> bool:
    try:
        [found] = await ask(search, alias, [by_id(property_id)])
    except SearchUnavailable:
        return False
    return any(hit["_version"] >= revision for hit in found["hits"]["hits"])
