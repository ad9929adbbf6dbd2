"""Views counted in Redis: one of a visit on a property in half an hour, in batches for Postgres to take.

A batch gets its name when its first view is counted, and the name stays in it. Postgres writes down the
names of those it has taken, so that none is counted twice: not when a worker is killed after its commit,
nor when Redis comes back with an older memory. What Redis forgets is lost, and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex

from redis.asyncio import Redis

ONE_VISIT_S = 30 * 60
MOST_PROPERTIES = 1_000
"""In a batch: as many rows are locked at a time when it is taken."""

ROOT = "views:{count}:"  # the braces keep all of it on one node of a cluster
OPEN, CLOSED, BATCH, SEEN = f"{ROOT}open", f"{ROOT}closed", f"{ROOT}batch:", f"{ROOT}seen:"
TOKEN = "token"  # noqa: S105  a batch's own name among its properties
CLOSE = f"""
local function close()
    local token = redis.call('HGET', KEYS[1], '{TOKEN}')
    redis.call('RENAME', KEYS[1], '{BATCH}' .. token)
    redis.call('SADD', KEYS[2], token)
end
"""
COUNT = f"""
{CLOSE}
if not redis.call('SET', KEYS[3], '', 'NX', 'EX', ARGV[3]) then return 0 end
redis.call('HSETNX', KEYS[1], '{TOKEN}', ARGV[2])
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[4]) then close() end
return 1
"""
TAKE = f"""
{CLOSE}
if redis.call('EXISTS', KEYS[1]) == 1 then close() end
return redis.call('SMEMBERS', KEYS[2])
"""


@dataclass(frozen=True)
class View:
    property_id: str
    visitor: str
    """A visit, or what stands for it; never an address."""


class ViewCounts:
    def __init__(self, cache: Redis, *, most_properties: int = MOST_PROPERTIES) -> None:
        self._cache, self._most = cache, most_properties
        self._count, self._take = cache.register_script(COUNT), cache.register_script(TAKE)

    async def count(self, views: Sequence[View]) -> list[bool]:
        """Which of them are the first of their visit; RedisError when it is away."""
        async with self._cache.pipeline(transaction=False) as pipeline:
            for view in views:
                seen = f"{SEEN}{view.property_id}:{view.visitor}"
                arguments: list[str | int] = [view.property_id, token_hex(8), ONE_VISIT_S, self._most]
                await self._count([OPEN, CLOSED, seen], arguments, client=pipeline)
            return [bool(counted) for counted in await pipeline.execute()]

    async def batches(self) -> list[str]:
        """Names of what waits to be taken; the views of this moment begin another batch."""
        return [_text(token) for token in await self._take([OPEN, CLOSED], [])]

    async def read(self, token: str) -> Mapping[str, int]:
        """Views by property; nothing when another took it meanwhile."""
        batch = await self._cache.hgetall(f"{BATCH}{token}")
        views = {_text(key): count for key, count in batch.items()}
        return {key: int(count) for key, count in views.items() if key != TOKEN}

    async def forget(self, token: str) -> None:
        """A batch that Postgres has."""
        async with self._cache.pipeline() as pipeline:
            pipeline.delete(f"{BATCH}{token}")
            pipeline.srem(CLOSED, token)
            await pipeline.execute()


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
