"""Writers that remember what the database acknowledged to them, and the log that they share."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from schemas.tables import Property
from tests.factories import home

STATES = ("active", "under_offer", "inactive", "sold")


@dataclass(frozen=True)
class Ack:
    """A write that the database said was committed."""

    at: float
    op: str
    property_id: UUID
    revision: int
    row: dict[str, Any] | None
    """What it must hold from then on; None for a property that is gone for good."""


@dataclass
class AckLog:
    acks: list[Ack] = field(default_factory=list)
    latest: dict[UUID, Ack] = field(default_factory=dict)
    in_doubt: set[UUID] = field(default_factory=set)
    """Whose last write may or may not have been committed: the answer was lost."""

    def add(self, op: str, property_id: UUID, revision: int, row: dict[str, Any] | None) -> None:
        ack = Ack(time.time(), op, property_id, revision, row)
        self.acks.append(ack)
        self.latest[property_id] = ack
        self.in_doubt.discard(property_id)

    @property
    def deleted(self) -> set[UUID]:
        return {key for key, ack in self.latest.items() if ack.row is None}


@dataclass
class Writer:
    """Creates, changes, hides and deletes properties of its own, one transaction each."""

    engine: AsyncEngine
    log: AckLog
    seed: int
    mine: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    async def write(self, count: int, *, pause_s: float = 0.0) -> None:
        for _ in range(count):
            await self.write_once()
            await asyncio.sleep(pause_s)

    async def write_at(self, interval_s: float, *, until: Callable[[], bool]) -> None:
        """Write at an even pace; a write that took long is not made up for by a burst."""
        while not until():
            began = time.monotonic()
            await self.write_once()
            await asyncio.sleep(max(0.0, began + interval_s - time.monotonic()))

    async def write_once(self) -> None:
        """One write; a database that is away costs this write, and perhaps the certainty about it."""
        key = self.random.choice([*self.mine]) if self.mine else None
        ops = (self.create, self.change, self.rename, self.move, self.erase)
        op = self.random.choices(ops, weights=(4, 5, 2, 3, 1))[0] if key else self.create
        try:
            async with self.engine.begin() as connection:
                written = await op(connection, key)
        except (DBAPIError, PoolTimeout, OSError):
            if key is not None:
                self.log.in_doubt.add(key)
                self.mine.pop(key)  # nobody can say what it holds, so it is left alone from now on
            await asyncio.sleep(0.05)
            return
        property_id, revision, row = written
        self.log.add(op.__name__, property_id, revision, row)
        if row is None:
            self.mine.pop(property_id)
        else:
            self.mine[property_id] = row

    async def create(self, connection: AsyncConnection, _: UUID | None) -> tuple[UUID, int, dict[str, Any]]:
        row = home(f"Home {self.random.random()}", price=self.random.randrange(10**6, 10**8))
        statement = insert(Property).values(**row).returning(Property.id, Property.revision)
        property_id, revision = (await connection.execute(statement)).one()
        return property_id, revision, {name: row[name] for name in ("title", "price", "state")}

    async def change(self, connection: AsyncConnection, key: UUID) -> tuple[UUID, int, dict[str, Any]]:
        return await self._update(connection, key, price=self.random.randrange(10**6, 10**8))

    async def rename(self, connection: AsyncConnection, key: UUID) -> tuple[UUID, int, dict[str, Any]]:
        return await self._update(connection, key, title=f"Home {self.random.random()}")

    async def move(self, connection: AsyncConnection, key: UUID) -> tuple[UUID, int, dict[str, Any]]:
        return await self._update(connection, key, state=self.random.choice(STATES))

    async def erase(self, connection: AsyncConnection, key: UUID) -> tuple[UUID, int, None]:
        statement = delete(Property).where(Property.id == key).returning(Property.revision)
        return key, (await connection.execute(statement)).scalar_one() + 1, None

    async def _update(
        self, connection: AsyncConnection, key: UUID, **columns: Any
    ) -> tuple[UUID, int, dict[str, Any]]:
        statement = update(Property).where(Property.id == key).values(**columns).returning(Property.revision)
        revision = (await connection.execute(statement)).scalar_one()
        # The trigger adds to the revision before the row is returned, or when it has not changed leaves it.
        return key, revision, self.mine[key] | columns
