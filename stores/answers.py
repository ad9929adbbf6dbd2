"""Search answers kept in Redis, and the epoch that says for how long they hold.

Once a change is searchable, no answer older than it may be served. So whoever makes changes
searchable (a drain that refreshes, a reindex that moves the alias) says so before: while anybody is
at it, nothing is read from the cache and nothing put there. Afterwards the epoch goes up, and with it
every older answer is out of reach. An answer is kept under the epoch that was read before it was
asked for, so one that overlaps a change is never served.

All answers are those of one epoch, and together no larger than they may be: beyond that they are
dropped, and the popular ones are soon back.

Redis away: no answers are kept and none served. A mark that could not be taken back then is taken
back when Redis is there again; one that a killed process left ends after a minute, which raises the
epoch as well. All times are those of Redis.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

ABANDONED_S = 60
"""Who has been making changes searchable for so long was killed."""
ATTEMPTS = 2
"""A burst of visitors can keep this process from reading an answer in time that has long arrived."""
MOST_BYTES = 64 * 2**20
"""Of all answers that are kept, if nothing else is said."""
PAUSE_S = 5.0
"""After a failure Redis is not asked for so long: a visitor must not wait for it each time."""

UNTIL = 10
"""Digits before an answer: the second in which it ends."""

# A Redis that has lost its data must not count from where an answer may still be on its way, so the first
# epoch is the time: in microseconds it is beyond whatever has been counted since an earlier one.
BEGIN = """
if redis.call('EXISTS', KEYS[1]) == 0 then
  local now = redis.call('TIME')
  redis.call('SET', KEYS[1], now[1] .. string.format('%06d', now[2]))
end
"""
FORGET_THE_KILLED = f"""
local long_ago = redis.call('TIME')[1] - {ABANDONED_S}
if redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', long_ago) > 0 then
  {BEGIN}
  redis.call('INCR', KEYS[1])
end
"""
LOOK_UP = f"""
{FORGET_THE_KILLED}
if redis.call('ZCARD', KEYS[2]) > 0 then return {{}} end
{BEGIN}
local epoch, now = redis.call('GET', KEYS[1]), tonumber(redis.call('TIME')[1])
local is_of_now = redis.call('HGET', KEYS[3], 'epoch') == epoch
local found = {{epoch}}
for place, key in ipairs(ARGV) do
  local kept = is_of_now and redis.call('HGET', KEYS[3], key)
  local holds = kept and tonumber(string.sub(kept, 1, {UNTIL})) > now
  found[place + 1] = holds and string.sub(kept, {UNTIL} + 1)
end
return found
"""
KEEP = f"""
local epoch, key, answer, seconds, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if redis.call('GET', KEYS[1]) ~= epoch or #answer > most then return end
local bytes = #key + #answer - redis.call('HSTRLEN', KEYS[2], key)
local is_of_now = redis.call('HGET', KEYS[2], 'epoch') == epoch
if not is_of_now or redis.call('HINCRBY', KEYS[2], 'bytes', bytes) > most then
  redis.call('UNLINK', KEYS[2])
  redis.call('HSET', KEYS[2], 'epoch', epoch, 'bytes', #key + #answer)
end
local ends = redis.call('TIME')[1] + seconds
redis.call('HSET', KEYS[2], key, string.format('%0{UNTIL}d', ends) .. answer)
if redis.call('TTL', KEYS[2]) < seconds then redis.call('EXPIRE', KEYS[2], seconds) end
"""
MARK = "redis.call('ZADD', KEYS[2], redis.call('TIME')[1], ARGV[1])"
TAKE_BACK = f"""
redis.call('ZREM', KEYS[2], ARGV[1])
{BEGIN}
return redis.call('INCR', KEYS[1])
"""


@dataclass(frozen=True)
class Found:
    """What the cache says of a search."""

    epoch: bytes | None
    """None while answers must neither be read from the cache nor put there."""
    answer: bytes | None


NOTHING = Found(None, None)
_Asked = dict[str, list[asyncio.Future[Found]]]
"""Who waits for which answer."""


class Answers:
    """The reading side, for the API.

    Requests that come while a question is on its way to Redis are asked for together in the next one:
    the client costs more than Redis does, so that a burst of visitors costs hardly more than one.
    """

    def __init__(
        self, cache: Redis, alias: str, *, enabled: bool = True, most_bytes: int = MOST_BYTES
    ) -> None:
        self._enabled = enabled
        self._keys = _keys(alias)
        self._places = [self._keys.epoch, self._keys.moving, self._keys.answers]
        self._most_bytes = most_bytes
        self._keep = cache.register_script(KEEP)
        self._look_up = cache.register_script(LOOK_UP)
        self._off_until = 0.0
        self._waiting: _Asked = {}
        self._asking: asyncio.Task[None] | None = None

    async def find(self, key: str) -> Found:
        """The epoch, and the answer under this key if it still holds."""
        if not self._enabled or time.monotonic() < self._off_until:
            return NOTHING
        found: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(found)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await found

    async def _ask(self) -> None:
        """Go on until nobody waits any more; what is asked for later is never answered by an earlier look."""
        try:
            while asked := self._waiting:
                self._waiting = {}
                _tell(asked, await self._look(list(asked)))
        finally:
            for left in (asked, self._waiting):
                _tell(left, {})  # whatever happened, nobody waits for ever
            self._waiting, self._asking = {}, None

    async def _look(self, keys: list[str]) -> Mapping[str, Found]:
        if time.monotonic() < self._off_until:
            return {}
        for _ in range(ATTEMPTS):
            with suppress(RedisError, OSError):
                epoch, *kept = await self._look_up(self._places, keys) or [None]
                return {key: Found(epoch, answer) for key, answer in zip(keys, kept, strict=bool(kept))}
        self._off_until = time.monotonic() + PAUSE_S
        return {}

    async def keep(self, key: str, epoch: bytes, answer: bytes, *, seconds: int) -> None:
        """Keep an answer that was asked for after `epoch` was read, if that is still the epoch."""
        given: list[Any] = [epoch, key, answer, seconds, self._most_bytes]
        with suppress(RedisError, OSError):
            await self._keep([self._keys.epoch, self._keys.answers], given)


def _tell(asked: _Asked, answers: Mapping[str, Found]) -> None:
    for key, waiting in asked.items():
        for found in waiting:
            if not found.done():  # nor has its visitor left
                found.set_result(answers.get(key, NOTHING))


@dataclass(frozen=True)
class _Keys:
    epoch: str
    moving: str
    """Who is making changes searchable, by when they began."""
    answers: str
    """A hash of those of one epoch: with the first of another, all of them are gone."""


def _keys(alias: str) -> _Keys:
    root = f"search:{{{alias}}}:"  # the braces keep all keys of an alias on one node of a cluster
    return _Keys(f"{root}epoch", f"{root}moving", f"{root}answers")


@dataclass
class Epoch:
    """The writing side, for whoever makes changes searchable."""

    cache: Redis
    alias: str
    token: str = field(default_factory=lambda: token_hex(8))
    owes: bool = False
    """Whether our mark may still stand, or an epoch was not raised that should have been."""

    @asynccontextmanager
    async def moving(self) -> AsyncIterator[None]:
        """Around what makes changes searchable; the block runs whether Redis is there or not.

        When the block fails nobody knows what the engine may still do, so our mark stands: until a
        later block succeeds, or as long as that of a killed process.
        """
        self.owes = True
        with suppress(RedisError, OSError):
            await self._tell(MARK)
        yield
        await self.settle()

    async def settle(self) -> None:
        """Raise the epoch and take our mark back; remember it when that fails."""
        with suppress(RedisError, OSError):
            await self._tell(TAKE_BACK)
            self.owes = False

    async def _tell(self, script: str) -> None:
        keys = _keys(self.alias)
        await self.cache.register_script(script)([keys.epoch, keys.moving], [self.token])
