"""Operator actions on dead letters: read, retry and discard."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from sqlalchemy import ColumnElement, delete, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.audit import DOCUMENT, audit
from indexer.changes import dead_letters
from indexer.changes.drain import drain_pending, refresh
from indexer.verification import sync
from indexer.verification.verify import read_indexed, read_rows
from schemas.tables import DeadLetter, Property
from stores.answers import SearchCacheEpoch

COLUMNS = (
    DeadLetter.property_id,
    DeadLetter.revision,
    DeadLetter.error_type,
    DeadLetter.reason,
    DeadLetter.failed_at,
    DeadLetter.attempts,
    Property.title,
    Property.revision,
)


@dataclass(frozen=True)
class Letter:
    property_id: UUID
    revision: int
    error_type: str
    reason: str
    failed_at: datetime
    attempts: int
    title: str | None
    """Current title of the property; None if the property no longer exists."""
    row_revision: int | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


async def read_letters(
    engine: AsyncEngine, ids: Sequence[UUID] | None = None, *, limit: int | None = None
) -> list[Letter]:
    """Return the letters of these properties, or all if `ids` is None; newest first."""
    query = (
        select(*COLUMNS)
        .outerjoin_from(DeadLetter, Property, Property.id == DeadLetter.property_id)
        .where(_of_properties(ids))
        .order_by(DeadLetter.failed_at.desc(), DeadLetter.property_id)
        .limit(limit)
    )
    async with engine.connect() as connection:
        return [Letter(*row) for row in await connection.execute(query)]


async def count_by_type(connection: AsyncConnection) -> dict[str, int]:
    query = select(DeadLetter.error_type, func.count()).group_by(DeadLetter.error_type)
    return {row[0]: row[1] for row in await connection.execute(query)}


async def retry(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    alias: str,
    letters: Iterable[Letter],
    *,
    epoch: SearchCacheEpoch | None = None,
) -> list[Letter]:
    """Index the properties of these letters again and return the letters that remain.

    Letters of properties that no longer exist are discarded.
    """
    ids = [letter.property_id for letter in letters]
    rows = await read_rows(engine, [str(property_id) for property_id in ids])
    await sync.enqueue(engine, rows, {}, {})
    await drain_pending(engine, search, alias=alias, epoch=epoch)
    await refresh(search, alias, epoch)
    gone = [property_id for property_id in ids if str(property_id) not in rows]
    await discard(engine, await read_letters(engine, gone))
    return await read_letters(engine, ids)


async def clear_letters_of_indexed(engine: AsyncEngine, search: AsyncOpenSearch, index: str) -> None:
    """Clear the letters of documents that this index holds.

    The generation before refused them, and this one did not.
    """
    async with engine.connect() as connection:
        refused = {
            str(row[0]): row[1]
            for row in await connection.execute(select(DeadLetter.property_id, DeadLetter.revision))
        }
    indexed = await read_indexed(search, index, list(refused)) if refused else {}
    async with engine.begin() as connection:
        await dead_letters.clear(connection, {name: document.revision for name, document in indexed.items()})


async def discard(engine: AsyncEngine, letters: Iterable[Letter]) -> None:
    """Delete letters without indexing; `verify` reports properties that still exist as missing."""
    async with engine.begin() as connection:
        for letter in letters:
            await connection.execute(
                delete(DeadLetter).where(
                    DeadLetter.property_id == letter.property_id, DeadLetter.revision == letter.revision
                )
            )
            kept = {"revision": letter.revision, "error_type": letter.error_type, "reason": letter.reason}
            await audit(connection, "discard", str(letter.property_id), DOCUMENT, letter=[kept, None])


def _of_properties(ids: Sequence[UUID] | None) -> ColumnElement[bool]:
    return true() if ids is None else DeadLetter.property_id.in_(ids)
