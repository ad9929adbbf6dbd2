"""Cached search answers. Concurrent requests for the same answer share one search in flight.

An answer is stored as JSON, with the number of its results in front, so that nobody has to parse it again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from enum import StrEnum
from functools import partial
from hashlib import blake2b
from importlib.metadata import version
from typing import Any

import orjson
from pydantic import BaseModel, TypeAdapter

from runtime.deadlines import ending_in
from schemas.api.search.guided import GuidedAnswer
from schemas.api.search.listings import FoundListings
from schemas.api.search.localities import Localities
from schemas.api.search.map import MapAnswer
from schemas.api.search.suggest import Suggest
from schemas.errors import SearchUnavailable
from server.context import Context
from server.http.messages import encode_json

MINUTE = 60


class SearchKind(StrEnum):
    GUIDED = "guided"
    LISTINGS = "listings"
    MAP = "map"
    SUGGEST = "suggest"
    LOCALITIES = "localities"


LIFETIME_S = {
    SearchKind.GUIDED: 15 * MINUTE,  # all visitors begin with the same steps
    SearchKind.LISTINGS: 5 * MINUTE,  # the same search is rarely repeated
    SearchKind.MAP: 5 * MINUTE,
    SearchKind.SUGGEST: 15 * MINUTE,  # the first letters are often the same
    SearchKind.LOCALITIES: 60 * MINUTE,  # a handful of answers
}
"""How long an answer is cached if nothing changes; a change invalidates it at once."""
SHAPES: dict[SearchKind, Any] = {
    SearchKind.GUIDED: GuidedAnswer,
    SearchKind.LISTINGS: FoundListings,
    SearchKind.MAP: MapAnswer,
    SearchKind.SUGGEST: Suggest,
    SearchKind.LOCALITIES: Localities,
}

STORED_FORM = b"count, newline, JSON"
"""Changes whenever `packed` does."""

Answer = tuple[bytes, int]
"""An answer as JSON, and how many results the search has."""
Find = Callable[[], Awaitable[Any]]
RunSearch = Callable[[], Coroutine[Any, Any, Answer]]
Slot = tuple[bytes, str]
"""Epoch and cache key of a search in flight; RUNNING or QUEUED instead of an epoch where there is none."""
RUNNING, QUEUED = b"now", b"next"


async def cached_or_searched(context: Context, kind: SearchKind, wanted: BaseModel, find: Find) -> Answer:
    """Return the answer to a search: cached, from a search in flight, or from a new one.

    Only requests of the same epoch share a search, because a search of another epoch may miss changes. There
    is no epoch while changes arrive or Redis is unreachable. Then only requests that arrive before a search
    starts share it: while one is running, the next one is queued and collects all further requests.
    """
    key = cache_key(kind, wanted)
    found = await context.cached_answers.find(key)
    if found.answer is not None:
        context.metrics.cached[kind, "hit"].inc()
        return unpacked(found.answer)

    async def search() -> Answer:
        return await _search_and_store(context, kind, key, found.epoch, find)

    before = len(context.searches_in_flight)
    if found.epoch is None:
        task = _join_or_queue(context, key, search)
    else:
        task = _join_or_start(context, (found.epoch, key), search)
    joined = len(context.searches_in_flight) == before
    context.metrics.cached[kind, "joined" if joined else "off" if found.epoch is None else "miss"].inc()
    return await asyncio.shield(task)  # it continues if the visitor disconnects


def _join_or_start(context: Context, slot: Slot, search: RunSearch) -> asyncio.Task[Answer]:
    """Return the search in this slot, or start one."""
    return context.searches_in_flight.get(slot) or _start(context, slot, search)


def _join_or_queue(context: Context, key: str, search: RunSearch) -> asyncio.Task[Answer]:
    """Return the queued search, or one that starts as soon as no other is running."""
    tasks, running, queued = context.searches_in_flight, (RUNNING, key), (QUEUED, key)
    if queued in tasks:
        return tasks[queued]
    ahead = tasks.get(running)
    if ahead is None:
        return _start(context, running, search)

    async def search_after() -> Answer:
        await asyncio.wait([ahead])
        tasks[running] = tasks.pop(queued)  # from now on requests cannot join it
        return await search()

    return _start(context, queued, search_after)


def _start(context: Context, slot: Slot, search: RunSearch) -> asyncio.Task[Answer]:
    task = context.searches_in_flight[slot] = asyncio.create_task(search())
    task.add_done_callback(partial(_remove_finished, context, slot))
    return task


def _remove_finished(context: Context, slot: Slot, task: asyncio.Task[Answer]) -> None:
    for possible in (slot, (RUNNING, slot[1])):  # a queued search has moved when it started
        if context.searches_in_flight.get(possible) is task:
            del context.searches_in_flight[possible]
    if not task.cancelled():
        task.exception()  # mark the exception as retrieved, even if all waiting requests are gone


async def _search_and_store(
    context: Context, kind: SearchKind, key: str, epoch: bytes | None, find: Find
) -> Answer:
    with ending_in(context.settings.public_deadline_s, anew=True) as deadline:
        found = await counting_failures(context, kind, find)
    answer = encode_json(found), count_of(found)
    if epoch is not None and not deadline.cut_short:
        seconds = with_jitter(LIFETIME_S[kind])
        await context.cached_answers.store(key, epoch, packed(answer), seconds=seconds)
    return answer


def count_of(found: Mapping[str, Any]) -> int:
    """Return the total of an answer; one without a total has all of its results."""
    return int(found["total"] if "total" in found else len(found["items"]))


def packed(answer: Answer) -> bytes:
    json, count = answer
    return b"%d\n%b" % (count, json)


def unpacked(stored: bytes) -> Answer:
    count, _, json = stored.partition(b"\n")
    return json, int(count)


async def counting_failures(context: Context, kind: str, find: Find) -> Any:
    """Await the search and count its failures."""
    try:
        return await find()
    except SearchUnavailable:
        context.metrics.engine_failures[(kind,)].inc()
        raise


def schema_digest(answer: Any) -> str:
    """Return a digest of the answer's schema, its form in the cache and the release.

    So releases never share cached answers.
    """
    schema = orjson.dumps(TypeAdapter(answer).json_schema(), option=orjson.OPT_SORT_KEYS)
    return blake2b(schema + STORED_FORM + version("casabricks").encode(), digest_size=4).hexdigest()


SCHEMA_DIGESTS = {kind: schema_digest(shape) for kind, shape in SHAPES.items()}


def cache_key(kind: SearchKind, wanted: BaseModel) -> str:
    """Return the cache key of a search; equivalent requests have the same key."""
    text = wanted.model_dump_json(exclude_defaults=True)
    return f"{kind}:{SCHEMA_DIGESTS[kind]}:{blake2b(text.encode(), digest_size=16).hexdigest()}"


def with_jitter(seconds: int) -> int:
    """Shorten by up to a fifth, so that answers cached together do not expire together."""
    return seconds - random.randrange(seconds // 5)  # noqa: S311  not for security
