"""View counts in Redis, collected in batches that are then added to Postgres.

A visit counts once per property in half an hour. A batch gets a name (token) with its first view and keeps
it. Postgres stores the tokens of the batches it has added, so that no batch counts twice: not after a
worker was killed after its commit, and not when Redis restarts with older data. Only views that Redis
loses are lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex

from redis.asyncio import Redis

ONE_VISIT_S = 30 * 60
MOST_PROPERTIES = 1_000
"""Limit of properties in a batch; adding it to Postgres locks as many rows at a time."""

ROOT = "views:{count}:"  # the braces keep all keys on one node of a cluster
OPEN, CLOSED, BATCH, SEEN = f"{ROOT}open", f"{ROOT}closed", f"{ROOT}batch:", f"{ROOT}seen:"
TOKEN = "token"  # noqa: S105  the hash field that holds the batch's name
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
    """Identifies the visit; never an IP address."""


class ViewCounts:
    def __init__(self, cache: Redis, *, most_properties: int = MOST_PROPERTIES) -> None:
        self._cache, self._most = cache, most_properties
        self._count, self._take_script = cache.register_script(COUNT), cache.register_script(TAKE)

    async def count(self, views: Sequence[View]) -> list[bool]:
        """Count views; return for each whether it counted, that is whether it was the first of its visit.

        Raises:
            RedisError: Redis is unavailable.
        """
        async with self._cache.pipeline(transaction=False) as pipeline:
            for view in views:
                seen = f"{SEEN}{view.property_id}:{view.visitor}"
                arguments: list[str | int] = [view.property_id, token_hex(8), ONE_VISIT_S, self._most]
                await self._count([OPEN, CLOSED, seen], arguments, client=pipeline)
            return [bool(counted) for counted in await pipeline.execute()]

    async def batches(self) -> list[str]:
        """Close the open batch and return the names of all closed batches."""
        return [_text(token) for token in await self._take_script([OPEN, CLOSED], [])]

    async def read(self, token: str) -> Mapping[str, int]:
        """Return views by property; empty if another worker has already taken the batch."""
        batch = await self._cache.hgetall(f"{BATCH}{token}")
        views = {_text(key): count for key, count in batch.items()}
        return {key: int(count) for key, count in views.items() if key != TOKEN}

    async def forget(self, token: str) -> None:
        """Delete a batch that is stored in Postgres."""
        async with self._cache.pipeline() as pipeline:
            pipeline.delete(f"{BATCH}{token}")
            pipeline.srem(CLOSED, token)
            await pipeline.execute()


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
