"""Merge a filled index into one segment per shard, before it goes live.

A search does its work in every segment. After a fill there are about fourteen; with one, a million listings
are searched about twice as fast (docs/scaling.md). Later changes add small segments, which cost little.
"""

import asyncio

import structlog
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError, OpenSearchException

ANSWER_S = 2.0
"""Seconds to wait for the answer. The engine goes on without the connection, which may not last as long."""
POLL_S = 1.0
ACTION = "indices:admin/forcemerge"
log = structlog.get_logger(component=__name__)


async def merge_segments(search: AsyncOpenSearch, name: str) -> None:
    """Merge the segments of an index; return when the engine has ended.

    A refresh makes the merged segment the one that is searched. An index that could not be merged is
    correct, only slower, so a failure is logged and not raised.

    Raises:
        NotFoundError: there is no such index.
    """
    try:
        await _merge(search, name)
    except NotFoundError:
        raise
    except OpenSearchException as error:
        log.warning("not_merged", generation=name, error=str(error))


async def _merge(search: AsyncOpenSearch, name: str) -> None:
    try:
        async with asyncio.timeout(ANSWER_S):
            await search.indices.forcemerge(index=name, params={"max_num_segments": 1})
    except TimeoutError:
        while True:
            if not await is_merging(search, name):
                return
            await asyncio.sleep(POLL_S)


async def is_merging(search: AsyncOpenSearch, name: str) -> bool:
    """Return whether any node is still merging this index on request."""
    answer = await search.tasks.list(params={"actions": ACTION, "detailed": "true"})
    tasks = (task for node in answer["nodes"].values() for task in node["tasks"].values())
    return any(f"[{name}]" in task["description"] for task in tasks)
