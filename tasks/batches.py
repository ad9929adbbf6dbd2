"""Work in batches, each in its own transaction, so that locks are held only briefly."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession


async def in_batches(engine: AsyncEngine, work: Callable[[AsyncSession], Awaitable[int]]) -> int:
    """Work until a batch finds nothing to do; return the sum of what the batches did."""
    done, batch = 0, 1
    while batch:
        async with AsyncSession(engine) as session, session.begin():
            batch = await work(session)
        done += batch
    return done
