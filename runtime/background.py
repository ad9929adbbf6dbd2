"""Background tasks that run beside other work and end with it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

END_S = 5.0
"""Seconds that a cancelled task gets to end, so that the caller does not wait indefinitely."""


async def end_all(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks whose results are no longer needed, and wait up to `END_S` for them to end."""
    ending = set(tasks)
    for task in ending:
        task.cancel()
    if ending:
        await asyncio.wait(ending, timeout=END_S)


@asynccontextmanager
async def meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a coroutine during the block and cancel it afterwards; if it raised an error, raise that."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=END_S)
        if task.done() and not task.cancelled():
            task.result()
