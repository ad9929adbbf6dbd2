"""Limits on failed logins: per account, per address, and in total.

Accounts that do not exist are counted like others, and a locked account answers like a wrong password.
So neither a lock nor its absence reveals who has an account. Locks expire, because a permanent lock would
let anyone lock out any account. Counters are kept in Redis under digests. Each process also keeps its own
stricter counts and uses them while Redis does not answer, so an outage during an attack does not reset the
count.
"""

import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from schemas.errors import Quota, TooManyRequests

MINUTE = 60
log = structlog.get_logger(component="server")


@dataclass(frozen=True)
class LoginRules:
    """Numbers of failures allowed, and the seconds for which they count."""

    account: int = 5
    account_s: int = 15 * MINUTE
    first_lock_s: int = MINUTE
    longest_lock_s: int = 30 * MINUTE
    forgiven_after_s: int = 24 * 60 * MINUTE
    """After this long without a lock, the next lock is as short as the first one again."""
    address: int = 10
    everybody: int = 1_000
    address_s: int = 5 * MINUTE


LOCAL_RULES = LoginRules(account=3, address=5, everybody=100)
"""Limits of a process that cannot reach Redis; lower, because other processes may allow as much."""

COUNT_ATTEMPT = """
for place, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[place]) then
        return redis.call('TTL', key)
    end
end
for _, key in ipairs(KEYS) do
    if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[3]) end
end
return -1
"""
UNCOUNT_ATTEMPT = """
for place, key in ipairs(KEYS) do
    if place <= 2 then
        if tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
    else
        redis.call('DEL', key)
    end
end
"""
"""Decrements the counters of the address and of the total (the first two keys) and deletes all other keys."""
FAIL = """
local failures, level, lock = KEYS[1], KEYS[2], KEYS[3]
if redis.call('EXISTS', lock) == 1 then return end
local count = redis.call('INCR', failures)
if count == 1 then redis.call('EXPIRE', failures, ARGV[2]) end
if count < tonumber(ARGV[1]) then return end
local times = redis.call('INCR', level)
redis.call('EXPIRE', level, ARGV[5])
redis.call('SET', lock, 1, 'EX', math.min(ARGV[3] * 2 ^ (times - 1), ARGV[4]))
redis.call('DEL', failures)
"""


class LoginLimits:
    def __init__(self, cache: Redis, key: bytes, rules: LoginRules | None = None) -> None:
        self._rules = rules or LoginRules()
        self._key = key
        self._local = _LocalCounters()
        self._count_script = cache.register_script(COUNT_ATTEMPT)
        self._uncount_script = cache.register_script(UNCOUNT_ATTEMPT)
        self._fail_script = cache.register_script(FAIL)
        self._cache = cache

    async def count_attempt(self, address: IPv4Network | IPv6Network) -> None:
        """Count an attempt before it is made, so that many concurrent attempts cannot all pass.

        Raises:
            TooManyRequests: this address, or all addresses together, failed too often.
        """
        rules, key = self._rules, self._digest(str(address))
        most = [rules.address, rules.everybody, rules.address_s]
        wait = await self._with_fallback(
            lambda: self._count_script(self._attempts(key), most), lambda: self._local.count_attempt(key)
        )
        if wait >= 0:
            quota = Quota("login", rules.address, rules.address_s)
            raise TooManyRequests("Too many failed logins; try again later.", max(1, wait), quota)

    async def is_locked(self, identifier: str) -> bool:
        lock = self._account(identifier)[2]
        return bool(
            await self._with_fallback(
                lambda: self._cache.exists(lock), lambda: self._local.is_locked(identifier)
            )
        )

    async def failed(self, identifier: str) -> None:
        rules = self._rules
        sizes = [
            rules.account, rules.account_s, rules.first_lock_s, rules.longest_lock_s, rules.forgiven_after_s,
        ]  # fmt: skip
        await self._with_fallback(
            lambda: self._fail_script(self._account(identifier), sizes),
            lambda: self._local.failed(identifier),
        )

    async def uncount_attempt(self, address: IPv4Network | IPv6Network) -> None:
        """Undo the count of an attempt that failed because of an error of the server."""
        key = self._digest(str(address))
        await self._with_fallback(
            lambda: self._uncount_script(self._attempts(key)), lambda: self._local.uncount_attempt(key)
        )

    async def succeeded(self, identifier: str, address: IPv4Network | IPv6Network) -> None:
        """Undo the count of the attempt and reset the failures of this account only."""
        key = self._digest(str(address))
        keys = [*self._attempts(key), *self._account(identifier)[:2]]
        await self._with_fallback(
            lambda: self._uncount_script(keys), lambda: self._local.succeeded(identifier, key)
        )

    async def close(self) -> None:
        await self._cache.aclose()

    async def _with_fallback(self, redis: Callable[[], Awaitable[int]], alone: Callable[[], int]) -> int:
        of_this_process = alone()
        try:
            return await redis()
        except (RedisError, OSError) as error:
            log.warning("login_limits_alone", error=type(error).__name__)
            return of_this_process

    def _attempts(self, key: str) -> list[str]:
        return [f"login:address:{key}", "login:everybody"]

    def _account(self, identifier: str) -> list[str]:
        key = self._digest(identifier)
        return [f"login:{part}:{key}" for part in ("failures", "level", "lock")]

    def _digest(self, text: str) -> str:
        return hmac.digest(self._key, text.encode(), "sha256").hex()[:32]


@dataclass
class _LocalCounters:
    """Counters of this process; each expires after the window of an address (`address_s`)."""

    rules: LoginRules = LOCAL_RULES
    _counts: dict[str, tuple[int, float]] = field(default_factory=dict)

    def count_attempt(self, key: str) -> int:
        if self._count(key) >= self.rules.address or self._count("*") >= self.rules.everybody:
            return self.rules.address_s
        self._add(key, 1)
        self._add("*", 1)
        return -1

    def is_locked(self, identifier: str) -> int:
        return int(self._count(f"account {identifier}") >= self.rules.account)

    def failed(self, identifier: str) -> int:
        return self._add(f"account {identifier}", 1)

    def succeeded(self, identifier: str, key: str) -> int:
        self._counts.pop(f"account {identifier}", None)
        return self.uncount_attempt(key)

    def uncount_attempt(self, key: str) -> int:
        self._add("*", -1)
        return self._add(key, -1)

    def _count(self, key: str) -> int:
        count, ends = self._counts.get(key, (0, 0.0))
        return count if time.monotonic() < ends else 0

    def _add(self, key: str, more: int) -> int:
        now = time.monotonic()
        if len(self._counts) > 10 * self.rules.everybody:
            self._counts = {name: kept for name, kept in self._counts.items() if kept[1] > now}
        count = self._count(key)
        ends = self._counts[key][1] if count else now + self.rules.address_s
        self._counts[key] = (max(0, count + more), ends)
        return self._counts[key][0]
