"""Search answers cached in Redis, and the epoch that invalidates them.

Once a change is searchable, no older answer may be served. A process that makes changes searchable (a drain
that refreshes, a reindex that moves the alias) therefore sets a mark in Redis first. While any mark is set,
the cache is neither read nor written. Afterwards the epoch is raised, which invalidates every older answer.
An answer is stored under the epoch that was read before its search started, so an answer that overlaps a
change is never served.

All cached answers belong to one epoch, and their total size is limited. Beyond the limit all are dropped;
popular ones are soon cached again. Each process also holds the answers that it found, up to a limit. It asks
Redis for the epoch before it serves one, and does not transfer it again while the epoch is the same.

If Redis is unavailable, nothing is cached or served from the cache. A mark that could not be removed is
removed once Redis is back. The mark of a killed process expires after a minute, which raises the epoch too.
All times come from the clock of Redis.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from stores.held_answers import EXPIRY_DIGITS, HeldAnswers

ABANDONED_S = 60
"""A mark older than this belongs to a process that was killed."""
ATTEMPTS = 2
"""A lookup is retried, because in a burst this process may be too busy to read a response in time."""
MOST_BYTES = 64 * 2**20
"""Default limit for the total size of the cached answers."""
PAUSE_S = 5.0
"""After a failure Redis is not asked for this long, so that visitors do not wait for it each time."""

# If Redis loses its data, an old epoch must not occur again, because an answer for it may still be in
# flight. The first epoch is therefore the time in microseconds, which is above every earlier epoch.
ENSURE_EPOCH = """
if redis.call('EXISTS', KEYS[1]) == 0 then
  local now = redis.call('TIME')
  redis.call('SET', KEYS[1], now[1] .. string.format('%06d', now[2]))
end
"""
EXPIRE_ABANDONED_MARKS = f"""
local long_ago = redis.call('TIME')[1] - {ABANDONED_S}
if redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', long_ago) > 0 then
  {ENSURE_EPOCH}
  redis.call('INCR', KEYS[1])
end
"""
LOOK_UP = f"""
{EXPIRE_ABANDONED_MARKS}
if redis.call('ZCARD', KEYS[2]) > 0 then return {{}} end
{ENSURE_EPOCH}
local epoch = redis.call('GET', KEYS[1])
local is_of_now = redis.call('HGET', KEYS[3], 'epoch') == epoch
local held = ARGV[1] == epoch and tonumber(ARGV[2]) or 0
local found = {{epoch, redis.call('TIME')[1]}}
for place = 3, #ARGV do
  found[place] = place > held + 2 and is_of_now and redis.call('HGET', KEYS[3], ARGV[place])
end
return found
"""
"""Takes an epoch, the number of keys whose answers of that epoch the caller holds, and all keys, those first.
Returns the epoch, the time, and for each other key the answer with its expiry in front, or nil."""
STORE = f"""
local epoch, key, answer, seconds, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if redis.call('GET', KEYS[1]) ~= epoch or #answer > most then return end
local bytes = #key + #answer - redis.call('HSTRLEN', KEYS[2], key)
local is_of_now = redis.call('HGET', KEYS[2], 'epoch') == epoch
if not is_of_now or redis.call('HINCRBY', KEYS[2], 'bytes', bytes) > most then
  redis.call('UNLINK', KEYS[2])
  redis.call('HSET', KEYS[2], 'epoch', epoch, 'bytes', #key + #answer)
end
local ends = redis.call('TIME')[1] + seconds
redis.call('HSET', KEYS[2], key, string.format('%0{EXPIRY_DIGITS}d', ends) .. answer)
if redis.call('TTL', KEYS[2]) < seconds then redis.call('EXPIRE', KEYS[2], seconds) end
"""
SET_MARK = "redis.call('ZADD', KEYS[2], redis.call('TIME')[1], ARGV[1])"
REMOVE_MARK_AND_RAISE = f"""
redis.call('ZREM', KEYS[2], ARGV[1])
{ENSURE_EPOCH}
return redis.call('INCR', KEYS[1])
"""


@dataclass(frozen=True)
class Lookup:
    """The result of a cache lookup."""

    epoch: bytes | None
    """None while the cache must be neither read nor written."""
    answer: bytes | None


CACHE_OFF = Lookup(None, None)
_Waiting = dict[str, list[asyncio.Future[Lookup]]]
"""Waiting futures by cache key."""


class CachedAnswers:
    """The reading side, for the API.

    Lookups that arrive while one is in flight are sent together in the next one. The client costs more time
    than Redis does, so a burst of visitors costs hardly more than one.
    """

    def __init__(
        self, cache: Redis, alias: str, *, enabled: bool = True, most_bytes: int = MOST_BYTES
    ) -> None:
        self._enabled = enabled
        self._keys = _keys(alias)
        self._lookup_keys = [self._keys.epoch, self._keys.marks, self._keys.answers]
        self._most_bytes = most_bytes
        self._store_script = cache.register_script(STORE)
        self._look_up_script = cache.register_script(LOOK_UP)
        self._paused_until = 0.0
        self._held = HeldAnswers()
        self._waiting: _Waiting = {}
        self._sending: asyncio.Task[None] | None = None
        self._looking_up = asyncio.Lock()

    async def find(self, key: str) -> Lookup:
        """Return the epoch, and the answer under this key if it is still valid."""
        if not self._enabled or time.monotonic() < self._paused_until:
            return CACHE_OFF
        found: asyncio.Future[Lookup] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(found)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_lookups())
        return await found

    async def _send_lookups(self) -> None:
        """Look up until no caller waits. A key that is asked for during a lookup waits for the next one."""
        try:
            while asked := self._waiting:
                self._waiting = {}
                async with self._looking_up:
                    _resolve(asked, await self._read(list(asked)))
        finally:
            for left in (asked, self._waiting):
                _resolve(left, {})  # on any error too, so that no caller waits forever
            self._waiting, self._sending = {}, None

    async def _read(self, keys: list[str]) -> Mapping[str, Lookup]:
        if time.monotonic() < self._paused_until:
            return {}
        held = self._held.among(keys)
        asked = [*held, *(key for key in keys if key not in held)]
        for _ in range(ATTEMPTS):
            with suppress(RedisError, OSError):
                reply = await self._look_up_script(self._lookup_keys, [self._held.epoch, len(held), *asked])
                return self._lookups(asked, *reply) if reply else {}
        self._paused_until = time.monotonic() + PAUSE_S
        return {}

    def _lookups(
        self, keys: Sequence[str], epoch: bytes, now: bytes, *found: bytes | None
    ) -> dict[str, Lookup]:
        answers = self._held.answers(epoch, int(now), dict(zip(keys, found, strict=True)))
        return {key: Lookup(epoch, answer) for key, answer in answers.items()}

    async def store(self, key: str, epoch: bytes, answer: bytes, *, seconds: int) -> None:
        """Cache an answer for this many seconds, if `epoch`, read before the search, is still current.

        Return when a lookup that may have missed the answer has its result: its requests then find the
        search still in flight, and do not start it again.
        """
        given: list[Any] = [epoch, key, answer, seconds, self._most_bytes]
        with suppress(RedisError, OSError):
            await self._store_script([self._keys.epoch, self._keys.answers], given)
        async with self._looking_up:
            pass


def _resolve(waiting: _Waiting, answers: Mapping[str, Lookup]) -> None:
    for key, lookups in waiting.items():
        for lookup in lookups:
            if not lookup.done():  # done if its request was cancelled
                lookup.set_result(answers.get(key, CACHE_OFF))


@dataclass(frozen=True)
class _Keys:
    epoch: str
    marks: str
    """The marks: tokens of processes that are making changes searchable, by start time."""
    answers: str
    """A hash with the answers of one epoch; the first answer of a new epoch replaces it."""


def _keys(alias: str) -> _Keys:
    root = f"search:{{{alias}}}:"  # the braces keep all keys of an alias on one node of a cluster
    return _Keys(f"{root}epoch", f"{root}moving", f"{root}answers")


@dataclass
class SearchCacheEpoch:
    """The writing side, for processes that make changes searchable."""

    cache: Redis
    alias: str
    token: str = field(default_factory=lambda: token_hex(8))
    is_raise_due: bool = False
    """Whether the mark may still be set, or the epoch still has to be raised."""

    @asynccontextmanager
    async def invalidating(self) -> AsyncIterator[None]:
        """Wrap the code that makes changes searchable; it runs even if Redis is unavailable.

        If the block fails, the engine may still complete the change, so the mark stays until a later block
        succeeds or the mark expires like that of a killed process.
        """
        self.is_raise_due = True
        with suppress(RedisError, OSError):
            await self._run(SET_MARK)
        yield
        await self.raise_epoch()

    async def raise_epoch(self) -> None:
        """Raise the epoch and remove the mark; if that fails, `is_raise_due` stays set."""
        with suppress(RedisError, OSError):
            await self._run(REMOVE_MARK_AND_RAISE)
            self.is_raise_due = False

    async def _run(self, script: str) -> None:
        keys = _keys(self.alias)
        await self.cache.register_script(script)([keys.epoch, keys.marks], [self.token])
