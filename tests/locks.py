"""Who waits for a lock in the test's own database; other tests wait in theirs."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.waiting import until

WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


async def until_waiting(engine: AsyncEngine, count: int = 1) -> None:
    """Return when so many connections wait for what another holds."""

    async def wait() -> bool:
        async with engine.connect() as connection:
            return int((await connection.execute(WAITING)).scalar_one()) >= count

    await until(wait, f"{count} wait for a lock")
