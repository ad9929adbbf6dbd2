"""CSV files for spreadsheets, streamed from one snapshot of the database."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from sqlalchemy import Select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from domain.security.spreadsheets import BYTE_ORDER_MARK, lines_of

ROWS_AT_A_TIME = 500
"""Rows fetched and sent at once: about 150 kB."""
SLOWEST_READER_MS = 60_000
"""How long a client may stop reading before its export and its snapshot are ended."""


async def begin_snapshot(session: AsyncSession | AsyncConnection) -> None:
    """Make the transaction that has just begun read one snapshot, and wait for a slow reader."""
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    await session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = {SLOWEST_READER_MS}"))


async def sheet(
    session: AsyncSession | AsyncConnection, columns: Iterable[str], query: Select[*tuple[Any, ...]]
) -> AsyncIterator[str]:
    """Yield a file in pieces: the names of the columns, then the rows of the query."""
    rows = await session.stream(query, execution_options={"yield_per": ROWS_AT_A_TIME})
    yield BYTE_ORDER_MARK + lines_of([columns])
    async for part in rows.partitions():
        yield lines_of(part)
