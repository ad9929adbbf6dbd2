"""Answers of searches, kept while they hold, and asked for once however many want them at a time."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from enum import StrEnum
from functools import partial
from hashlib import blake2b
from importlib.metadata import version
from typing import Any

import orjson
from pydantic import BaseModel, TypeAdapter

from schemas.api.guided import GuidedAnswer
from schemas.api.listings import FoundListings
from schemas.api.localities import Localities
from schemas.api.map import MapAnswer
from schemas.api.suggest import Suggest
from schemas.errors import SearchUnavailable
from server.context import Context
from server.deadlines import ending_in
from server.http import written

MINUTE = 60


class Kind(StrEnum):
    GUIDED = "guided"
    LISTINGS = "listings"
    MAP = "map"
    SUGGEST = "suggest"
    LOCALITIES = "localities"


LONGEST_S = {
    Kind.GUIDED: 15 * MINUTE,  # the first steps are asked by everyone
    Kind.LISTINGS: 5 * MINUTE,  # hardly anyone asks for the same again
    Kind.MAP: 5 * MINUTE,
    Kind.SUGGEST: 15 * MINUTE,  # the first letters are the same few
    Kind.LOCALITIES: 60 * MINUTE,  # a handful of answers
}
"""How long an answer is kept when nothing changes; a change ends it at once."""
SHAPES: dict[Kind, Any] = {
    Kind.GUIDED: GuidedAnswer,
    Kind.LISTINGS: FoundListings,
    Kind.MAP: MapAnswer,
    Kind.SUGGEST: Suggest,
    Kind.LOCALITIES: Localities,
}

Find = Callable[[], Awaitable[Any]]
Fly = Callable[[], Coroutine[Any, Any, bytes]]
NOW, NEXT = b"now", b"next"
"""In the place of an epoch, where there is none: what has been asked, and what is asked after that."""


async def answered(context: Context, kind: Kind, wanted: BaseModel, find: Find) -> bytes:
    """The answer to a search as JSON: one that holds, one that is on its way, or a new one.

    Only searches of the same epoch share an answer on its way: another may have seen less. Where there is
    no epoch, because changes come or Redis is away, only those share one that have come before it is asked
    for: while one is on its way, the next one waits and takes all who come meanwhile.
    """
    key = key_of(kind, wanted)
    found = await context.answers.find(key)
    if found.answer is not None:
        context.metrics.cached[kind, "hit"].inc()
        return found.answer

    async def fly() -> bytes:
        return await _fly(context, kind, key, found.epoch, find)

    before = len(context.flights)
    flight = _next(context, key, fly) if found.epoch is None else _this(context, (found.epoch, key), fly)
    joined = len(context.flights) == before
    context.metrics.cached[kind, "joined" if joined else "off" if found.epoch is None else "miss"].inc()
    return await asyncio.shield(flight)  # it goes on when a visitor leaves


def _this(context: Context, place: tuple[bytes, str], fly: Fly) -> asyncio.Task[bytes]:
    """The flight at this place, or one that begins now."""
    return context.flights.get(place) or _start(context, place, fly)


def _next(context: Context, key: str, fly: Fly) -> asyncio.Task[bytes]:
    """The flight that waits, or one that begins as soon as none is on its way."""
    now, waiting = (NOW, key), context.flights.get((NEXT, key))
    if waiting is not None:
        return waiting
    ahead = context.flights.get(now)
    if ahead is None:
        return _start(context, now, fly)

    async def follow() -> bytes:
        await asyncio.wait([ahead])
        context.flights[now] = context.flights.pop((NEXT, key))  # from now on it is too late to join
        return await fly()

    return _start(context, (NEXT, key), follow)


def _start(context: Context, place: tuple[bytes, str], fly: Fly) -> asyncio.Task[bytes]:
    flight = context.flights[place] = asyncio.create_task(fly())
    flight.add_done_callback(partial(_land, context, place))
    return flight


def _land(context: Context, began: tuple[bytes, str], flight: asyncio.Task[bytes]) -> None:
    for place in (began, (NOW, began[1])):
        if context.flights.get(place) is flight:
            del context.flights[place]
    if not flight.cancelled():
        flight.exception()  # looked at, even when everyone who waited has left


async def _fly(context: Context, kind: Kind, key: str, epoch: bytes | None, find: Find) -> bytes:
    with ending_in(context.settings.public_deadline_s, anew=True) as deadline:
        answer = written(await watched(context, kind, find))
    if epoch is not None and not deadline.cut_short:
        await context.answers.keep(key, epoch, answer, seconds=jittered(LONGEST_S[kind]))
    return answer


async def watched(context: Context, kind: str, find: Find) -> Any:
    """Ask the engine, and count when it fails."""
    try:
        return await find()
    except SearchUnavailable:
        context.metrics.engine_failures[(kind,)].inc()
        raise


def shape_of(answer: Any) -> str:
    """Told apart from any other, so that a release never serves what another one has kept."""
    schema = orjson.dumps(TypeAdapter(answer).json_schema(), option=orjson.OPT_SORT_KEYS)
    return blake2b(schema + version("casabricks").encode(), digest_size=4).hexdigest()


VERSIONS = {kind: shape_of(shape) for kind, shape in SHAPES.items()}


def key_of(kind: Kind, wanted: BaseModel) -> str:
    """The same search has the same key, however it was written."""
    text = wanted.model_dump_json(exclude_defaults=True)
    return f"{kind}:{VERSIONS[kind]}:{blake2b(text.encode(), digest_size=16).hexdigest()}"


def jittered(seconds: int) -> int:
    """Up to a fifth less, so that what was kept together does not end together."""
    return seconds - random.randrange(seconds // 5)  # noqa: S311  nothing secret
