"""Waiting until connections wait for a lock; only the test's own database is considered."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.waiting import until

WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


async def until_waiting(engine: AsyncEngine, count: int = 1) -> None:
    """Return as soon as `count` connections wait for a lock."""

    async def wait() -> bool:
        async with engine.connect() as connection:
            return int((await connection.execute(WAITING)).scalar_one()) >= count

    await until(wait, f"{count} wait for a lock")
