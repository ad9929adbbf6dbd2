"""One request at a time from each address, queued before it takes a shared resource such as a connection."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from schemas.errors import Conflict, Overloaded
from services.idempotency import IN_FLIGHT

MOST_WAITING = 50
"""Most requests of one address that may wait; a household does not send that many at once."""


class AddressTurns:
    """Per-address locks of one process; an address without requests is removed."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._requests: Counter[str] = Counter()
        self._keys: set[tuple[str, str]] = set()

    @asynccontextmanager
    async def turn(self, address_key: str, key: str | None = None) -> AsyncIterator[None]:
        """Wait for the address's turn.

        Raises:
            Conflict: a request of this address with the same idempotency key is waiting or in flight.
            Overloaded: too many requests of this address are waiting.
        """
        if key is not None and (address_key, key) in self._keys:
            raise Conflict(IN_FLIGHT)
        if self._requests[address_key] > MOST_WAITING:
            raise Overloaded("So many requests from one address at once; try again in a moment.")
        self._requests[address_key] += 1
        own_keys = set() if key is None else {(address_key, key)}
        self._keys |= own_keys
        try:
            async with self._locks.setdefault(address_key, asyncio.Lock()):
                yield
        finally:
            self._keys -= own_keys
            self._requests[address_key] -= 1
            if not self._requests[address_key]:
                del self._requests[address_key], self._locks[address_key]
