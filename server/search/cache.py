"""Answers of searches, kept while they hold, and asked for once however many want them at a time."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from enum import StrEnum
from functools import partial
from hashlib import blake2b
from typing import Any

from pydantic import BaseModel

from schemas.errors import SearchUnavailable
from server.context import Context
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

Find = Callable[[], Awaitable[Any]]


async def answered(context: Context, kind: Kind, wanted: BaseModel, find: Find) -> bytes:
    """The answer to a search as JSON: one that holds, one that is on its way, or a new one.

    Only searches of the same epoch share an answer on its way: another may have seen less.
    """
    key, cached = key_of(kind, wanted), context.metrics.cached
    found = await context.answers.find(key)
    if found.answer is not None:
        cached[kind, "hit"].inc()
        return found.answer
    if found.epoch is None:
        cached[kind, "off"].inc()
        return written(await watched(context, kind, find))
    place = found.epoch, key
    cached[kind, "joined" if place in context.flights else "miss"].inc()
    if place not in context.flights:
        flight = asyncio.create_task(_fly(context, kind, place, find))
        context.flights[place] = flight
        flight.add_done_callback(partial(_land, context, place))
    return await asyncio.shield(context.flights[place])  # it goes on when a visitor leaves


async def _fly(context: Context, kind: Kind, place: tuple[bytes, str], find: Find) -> bytes:
    epoch, key = place
    answer = written(await watched(context, kind, find))
    await context.answers.keep(key, epoch, answer, seconds=jittered(LONGEST_S[kind]))
    return answer


async def watched(context: Context, kind: str, find: Find) -> Any:
    """Ask the engine, and count when it fails."""
    try:
        return await find()
    except SearchUnavailable:
        context.metrics.engine_failures[(kind,)].inc()
        raise


def _land(context: Context, place: tuple[bytes, str], flight: asyncio.Task[bytes]) -> None:
    del context.flights[place]
    if not flight.cancelled():
        flight.exception()  # looked at, even when everyone who waited has left


def key_of(kind: Kind, wanted: BaseModel) -> str:
    """The same search has the same key, however it was written."""
    text = wanted.model_dump_json(exclude_defaults=True)
    return f"{kind}:{blake2b(text.encode(), digest_size=16).hexdigest()}"


def jittered(seconds: int) -> int:
    """Up to a fifth less, so that what was kept together does not end together."""
    return seconds - random.randrange(seconds // 5)  # noqa: S311  nothing secret
