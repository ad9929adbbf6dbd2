"""Fixtures that start the indexer as a process and cut off the engine."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from opensearchpy import AsyncOpenSearch

from indexer.run import run
from schemas.settings import Settings
from stores.search import open_search
from tests.indexer.commands import Answered, command
from tests.indexer.outages import Proxy
from tests.processes import Processes, Program
from tests.waiting import PATIENCE_S

Start = Callable[..., Program]


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """Environment of a new process with the test's settings."""
    return os.environ | {
        "DATABASE_URL": settings.database_url,
        "OPENSEARCH_URL": settings.opensearch_url,
        "INDEX_ALIAS": settings.index_alias,
    }


@pytest.fixture
def start(environment: dict[str, str], processes: Processes) -> Start:
    """Start an `indexer` command; its JSON output and its logs go to separate files."""

    def start(*arguments: str, **changes: str) -> Program:
        command = [sys.executable, "-m", "indexer.cli", *arguments]
        return processes.start(*command, environment=environment | changes, apart=True)

    return start


@pytest.fixture
def indexer(environment: dict[str, str]) -> Callable[..., Awaitable[Answered]]:
    """Run a command to its end in a thread, so the test's event loop goes on."""
    run = command(environment)

    async def indexer(*arguments: str, **changes: str) -> Answered:
        return await asyncio.to_thread(run, *arguments, **changes)

    return indexer


@pytest.fixture
def alias(settings: Settings) -> str:
    return settings.index_alias


@pytest.fixture
async def indexes(search: AsyncOpenSearch, settings: Settings) -> AsyncIterator[None]:
    """Delete the worker's indexes after the test."""
    yield
    await search.indices.delete(index=f"{settings.index_alias}-*")


@pytest.fixture
async def proxy(settings: Settings) -> AsyncIterator[Proxy]:
    async with Proxy(settings.opensearch_url) as proxy:
        yield proxy


@pytest.fixture
async def proxied_search(settings: Settings, proxy: Proxy) -> AsyncIterator[AsyncOpenSearch]:
    client = open_search(settings.model_copy(update={"opensearch_url": proxy.url}), timeout_s=30)
    yield client
    await client.close()


@asynccontextmanager
async def indexing(settings: Settings) -> AsyncIterator[None]:
    """Run the indexer in this process during the block."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(settings, stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE_S):
            await task
