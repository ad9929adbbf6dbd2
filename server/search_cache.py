"""Cached search answers. Concurrent requests for the same answer share one search in flight.

An answer is kept as JSON, with the number of its results in front, so that nobody has to parse it again.
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
from server.http.messages import written

MINUTE = 60


class Kind(StrEnum):
    GUIDED = "guided"
    LISTINGS = "listings"
    MAP = "map"
    SUGGEST = "suggest"
    LOCALITIES = "localities"


LONGEST_S = {
    Kind.GUIDED: 15 * MINUTE,  # all visitors begin with the same steps
    Kind.LISTINGS: 5 * MINUTE,  # the same search is rarely repeated
    Kind.MAP: 5 * MINUTE,
    Kind.SUGGEST: 15 * MINUTE,  # the first letters are often the same
    Kind.LOCALITIES: 60 * MINUTE,  # a handful of answers
}
"""How long an answer is cached if nothing changes; a change invalidates it at once."""
SHAPES: dict[Kind, Any] = {
    Kind.GUIDED: GuidedAnswer,
    Kind.LISTINGS: FoundListings,
    Kind.MAP: MapAnswer,
    Kind.SUGGEST: Suggest,
    Kind.LOCALITIES: Localities,
}

KEPT_AS = b"count, newline, JSON"
"""Changes whenever `packed` does."""

Answer = tuple[bytes, int]
"""An answer as JSON, and how many results the search has."""
Find = Callable[[], Awaitable[Any]]
Fly = Callable[[], Coroutine[Any, Any, Answer]]
NOW, NEXT = b"now", b"next"
"""Used instead of an epoch where there is none: the flight that has begun, and the one waiting after it."""


async def answered(context: Context, kind: Kind, wanted: BaseModel, find: Find) -> Answer:
    """Return the answer to a search: cached, in flight, or new.

    Only requests of the same epoch share a flight, because a flight of another epoch may miss changes. There
    is no epoch while changes arrive or Redis is unreachable. Then only requests that arrive before a flight
    starts share it: while one is in flight, the next one waits and collects all further requests.
    """
    key = key_of(kind, wanted)
    found = await context.answers.find(key)
    if found.answer is not None:
        context.metrics.cached[kind, "hit"].inc()
        return unpacked(found.answer)

    async def fly() -> Answer:
        return await _fly(context, kind, key, found.epoch, find)

    before = len(context.flights)
    flight = _next(context, key, fly) if found.epoch is None else _this(context, (found.epoch, key), fly)
    joined = len(context.flights) == before
    context.metrics.cached[kind, "joined" if joined else "off" if found.epoch is None else "miss"].inc()
    return await asyncio.shield(flight)  # it continues if the visitor disconnects


def _this(context: Context, place: tuple[bytes, str], fly: Fly) -> asyncio.Task[Answer]:
    """Return the flight at this place, or start one."""
    return context.flights.get(place) or _start(context, place, fly)


def _next(context: Context, key: str, fly: Fly) -> asyncio.Task[Answer]:
    """Return the waiting flight, or one that starts as soon as no other is in flight."""
    now, waiting = (NOW, key), context.flights.get((NEXT, key))
    if waiting is not None:
        return waiting
    ahead = context.flights.get(now)
    if ahead is None:
        return _start(context, now, fly)

    async def follow() -> Answer:
        await asyncio.wait([ahead])
        context.flights[now] = context.flights.pop((NEXT, key))  # from now on requests cannot join it
        return await fly()

    return _start(context, (NEXT, key), follow)


def _start(context: Context, place: tuple[bytes, str], fly: Fly) -> asyncio.Task[Answer]:
    flight = context.flights[place] = asyncio.create_task(fly())
    flight.add_done_callback(partial(_land, context, place))
    return flight


def _land(context: Context, began: tuple[bytes, str], flight: asyncio.Task[Answer]) -> None:
    for place in (began, (NOW, began[1])):
        if context.flights.get(place) is flight:
            del context.flights[place]
    if not flight.cancelled():
        flight.exception()  # mark the exception as retrieved, even if all waiting requests are gone


async def _fly(context: Context, kind: Kind, key: str, epoch: bytes | None, find: Find) -> Answer:
    with ending_in(context.settings.public_deadline_s, anew=True) as deadline:
        found = await watched(context, kind, find)
    answer = written(found), count_of(found)
    if epoch is not None and not deadline.cut_short:
        await context.answers.keep(key, epoch, packed(answer), seconds=jittered(LONGEST_S[kind]))
    return answer


def count_of(found: Mapping[str, Any]) -> int:
    """Return the total of an answer; one without a total has all of its results."""
    return int(found["total"] if "total" in found else len(found["items"]))


def packed(answer: Answer) -> bytes:
    written_out, count = answer
    return b"%d\n%b" % (count, written_out)


def unpacked(kept: bytes) -> Answer:
    count, _, written_out = kept.partition(b"\n")
    return written_out, int(count)


async def watched(context: Context, kind: str, find: Find) -> Any:
    """Await the search and count its failures."""
    try:
        return await find()
    except SearchUnavailable:
        context.metrics.engine_failures[(kind,)].inc()
        raise


def shape_of(answer: Any) -> str:
    """Return a digest of the answer's schema, its form in the cache and the release.

    So releases never share cached answers.
    """
    schema = orjson.dumps(TypeAdapter(answer).json_schema(), option=orjson.OPT_SORT_KEYS)
    return blake2b(schema + KEPT_AS + version("casabricks").encode(), digest_size=4).hexdigest()


VERSIONS = {kind: shape_of(shape) for kind, shape in SHAPES.items()}


def key_of(kind: Kind, wanted: BaseModel) -> str:
    """Return the cache key of a search; equivalent requests have the same key."""
    text = wanted.model_dump_json(exclude_defaults=True)
    return f"{kind}:{VERSIONS[kind]}:{blake2b(text.encode(), digest_size=16).hexdigest()}"


def jittered(seconds: int) -> int:
    """Shorten by up to a fifth, so that answers cached together do not expire together."""
    return seconds - random.randrange(seconds // 5)  # noqa: S311  not for security
