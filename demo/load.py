"""Loads demo homes and their pictures into Postgres with COPY; existing rows are not changed."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Composed, Identifier
from sqlalchemy.ext.asyncio import AsyncEngine

from demo.album import IMAGE_COLUMNS, Albums
from demo.home import COLUMNS, Home
from demo.homes import homes
from demo.pictures import Picture, draw_pictures
from tasks.market import compare_prices

Connection = AsyncConnection[TupleRow]

CHUNK = 5_000  # rows per transaction


def ignore(_done: int, _total: int) -> None:
    """Do nothing: the default if no progress is shown."""


async def load_demo(
    engine: AsyncEngine,
    media: Path,
    *,
    listings: int,
    seed: int,
    progress: Callable[[int, int], None] = ignore,
) -> int:
    """Draw the pictures into `media` and add the homes; return how many new listings are live."""
    pictures = await asyncio.to_thread(draw_pictures, media)
    return await load_homes(engine, pictures, listings=listings, seed=seed, progress=progress)


async def load_homes(
    engine: AsyncEngine,
    pictures: Sequence[Picture],
    *,
    listings: int,
    seed: int,
    progress: Callable[[int, int], None] = ignore,
) -> int:
    """Add the homes and compare their prices with the market; return how many new listings are live.

    The few dead listings among them are not counted. `progress` gets the live listings done and in total.
    """
    albums = Albums(pictures)
    drawn = homes(listings, seed, datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0))
    added = done = 0
    while chunk := list(islice(drawn, CHUNK)):
        added += await _load(engine, chunk, albums)
        done += sum(home.is_live for home in chunk)
        progress(done, listings)
    await compare_prices(engine)
    return added


async def _load(engine: AsyncEngine, chunk: Sequence[Home], albums: Albums) -> int:
    async with engine.begin() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, AsyncConnection)
        new = await _add(driver, (home.row for home in chunk))
        fresh = [home for home in chunk if home.id in new]
        await _copy(driver, "property_images", IMAGE_COLUMNS, albums.rows(fresh))
    return sum(home.is_live for home in fresh)


async def _add(driver: Connection, rows: Iterable[tuple[Any, ...]]) -> set[UUID]:
    """Insert new rows and return their ids; goes through a temporary table, as COPY cannot skip conflicts."""
    columns = _list(COLUMNS)
    await driver.execute(
        SQL("CREATE TEMP TABLE drawn ON COMMIT DROP AS SELECT {} FROM properties WITH NO DATA").format(
            columns
        )
    )
    await _copy(driver, "drawn", COLUMNS, rows)
    inserted = await driver.execute(
        SQL(
            "INSERT INTO properties ({}) SELECT {} FROM drawn ON CONFLICT (id) DO NOTHING RETURNING id"
        ).format(columns, columns)
    )
    return {home_id for (home_id,) in await inserted.fetchall()}


async def _copy(
    driver: Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    statement = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table), _list(columns))
    async with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row(row)


def _list(columns: Sequence[str]) -> Composed:
    return SQL(", ").join(map(Identifier, columns))
