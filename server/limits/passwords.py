"""Password hashing off the event loop: two threads and a bounded queue; more requests are refused.

bcrypt releases the GIL while it works, so threads are enough. On the event loop, forty logins would
block every visitor for seconds.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from domain.security.passwords import hash_password, is_password, needs_rehash
from schemas.errors import Overloaded

THREADS = 2
MOST_WAITING = 32
T = TypeVar("T")


class PasswordHasher:
    """One for each process."""

    def __init__(self, cost: int) -> None:
        self._cost = cost
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._waiting = 0
        self._dummy_hash: str | None = None

    async def hash(self, password: str) -> str:
        return await self._in_thread(partial(hash_password, password, self._cost))

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Whether the password is right; without a hash, return False after the same amount of work."""
        if self._dummy_hash is None:
            self._dummy_hash = await self.hash("nobody's password")
        same = await self._in_thread(partial(is_password, password, hashed or self._dummy_hash))
        return same and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        return needs_rehash(hashed, self._cost)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= THREADS + MOST_WAITING:
            raise Overloaded("Too many people are signing in just now; try again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
