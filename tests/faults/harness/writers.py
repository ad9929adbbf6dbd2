"""Writers that log the writes that the database acknowledged; they share one log."""

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
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.tables import Property
from tests.factories import home

STATES = ("active", "under_offer", "inactive", "sold")


@dataclass(frozen=True)
class Ack:
    """A write whose commit the database acknowledged."""

    at: float
    op: str
    property_id: UUID
    revision: int
    row: dict[str, Any] | None
    """The values that the row must hold from now on; None for a deleted property."""


@dataclass
class AckLog:
    acks: list[Ack] = field(default_factory=list)
    latest: dict[UUID, Ack] = field(default_factory=dict)
    in_doubt: dict[UUID, dict[str, Any] | None] = field(default_factory=dict)
    """Values that a property may hold instead: the answer to its last write was lost, so it is unknown
    whether that write was committed."""

    def add(self, op: str, property_id: UUID, revision: int, row: dict[str, Any] | None) -> None:
        ack = Ack(time.time(), op, property_id, revision, row)
        self.acks.append(ack)
        self.latest[property_id] = ack
        self.in_doubt.pop(property_id, None)

    @property
    def deleted(self) -> set[UUID]:
        return {key for key, ack in self.latest.items() if ack.row is None}


@dataclass
class Writer:
    """Creates, changes, hides and deletes its own properties, one transaction each."""

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
        """Write at a steady pace; a slow write is not followed by a burst."""
        while not until():
            began = time.monotonic()
            await self.write_once()
            await asyncio.sleep(max(0.0, began + interval_s - time.monotonic()))

    async def write_once(self) -> None:
        """Write once; if the database is away, the write is lost or its outcome is unknown."""
        write = self.choose()
        try:
            async with self.engine.begin() as connection:
                property_id, revision = (await connection.execute(write.statement)).one()
        except (DBAPIError, PoolTimeout, OSError):
            if write.key is not None:
                self.log.in_doubt[write.key] = write.row
                self.mine.pop(write.key)  # its state is unknown, so later writes avoid this property
            await asyncio.sleep(0.05)
            return
        if write.row is None:
            self.mine.pop(property_id)
            revision += 1  # the tombstone has the next revision
        else:
            self.mine[property_id] = write.row
        self.log.add(write.op, property_id, revision, write.row)

    def choose(self) -> "Write":
        ops = {"create": 4, "change": 5, "rename": 2, "move": 3, "erase": 1}
        op = self.random.choices([*ops], weights=[*ops.values()])[0] if self.mine else "create"
        if op == "create":
            return self.create()
        key = self.random.choice([*self.mine])
        if op == "erase":
            return Write(op, key, _returning(delete(Property).where(Property.id == key)), None)
        column, value = self.drawn(op)
        statement = update(Property).where(Property.id == key).values({column: value})
        return Write(op, key, _returning(statement), self.mine[key] | {column: value})

    def create(self) -> "Write":
        row = home(f"Home {self.random.random()}", price=self.random.randrange(10**6, 10**8))
        kept = {name: row[name] for name in ("title", "price", "state")}
        return Write("create", None, _returning(insert(Property).values(**row)), kept)

    def drawn(self, op: str) -> tuple[str, Any]:
        """Return a column and its new value."""
        if op == "change":
            return "price", self.random.randrange(10**6, 10**8)
        if op == "rename":
            return "title", f"Home {self.random.random()}"
        return "state", self.random.choice(STATES)


@dataclass(frozen=True)
class Write:
    """A write that is about to be sent."""

    op: str
    key: UUID | None
    """The property's id; None if the database chooses it."""
    statement: Any
    row: dict[str, Any] | None
    """The values that the property will hold; None for a deletion."""


def _returning(statement: Any) -> Any:
    # The trigger assigns the revision before the row is returned; an unchanged row keeps its revision.
    return statement.returning(Property.id, Property.revision)
