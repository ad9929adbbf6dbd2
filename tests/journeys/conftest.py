"""The product as separate processes, as an operator runs it."""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tests.ports import kept_port
from tests.processes import Processes, Program
from tests.waiting import PATIENCE_S, until

STARTED = "Huey consumer started"
STOPPING = "Shutting down gracefully"
"""Log line of a worker that was told to stop during a task."""


@dataclass
class Product:
    """Starts the product's commands with the test's settings."""

    processes: Processes
    environment: dict[str, str]
    url: str

    def start(self, module: str, *arguments: str, **environment: str) -> Program:
        command = [sys.executable, "-m", module, *arguments]
        return self.processes.start(*command, environment=self.environment | environment)

    async def run(self, module: str, *arguments: str) -> tuple[int, str]:
        """Run a command to its end; return its exit code and its output."""
        process = self.start(module, *arguments)
        return await process.ends(), process.said

    async def serve(self, **environment: str) -> Program:
        process = self.start("server.cli", "serve", **environment)
        await process.until(self.answers, f"somebody answers at {self.url}")
        return process

    async def answers(self) -> bool:
        return (await self.ask("/livez"))[0] == 200

    async def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and JSON; status 0 if the connection fails."""
        method = "GET" if body is None else "POST"
        try:
            async with (
                ClientSession() as visitor,
                visitor.request(method, self.url + path, json=body) as answer,
            ):
                return answer.status, await answer.json(content_type=None)
        except ClientError:
            return 0, None

    async def guided(self, **wanted: Any) -> Any:
        return (await self.ask("/api/v1/search/guided", wanted))[1]

    async def found(self, total: int, *, seconds: float = PATIENCE_S, **wanted: Any) -> Any:
        """Repeat a guided search until it finds that many listings; return its answer."""
        answer: dict[str, Any] = {}

        async def finds() -> bool:
            nonlocal answer
            answer = await self.guided(**wanted)
            return answer.get("total") == total

        await until(finds, lambda: f"{total} found, not {answer}", seconds=seconds)
        return answer


@pytest.fixture
def product(processes: Processes, settings: Settings, engine: AsyncEngine) -> Iterator[Product]:
    with kept_port() as port:
        environment = os.environ | {
            "DATABASE_URL": settings.database_url,
            "OPENSEARCH_URL": settings.opensearch_url,
            "REDIS_URL": settings.redis_url,
            "MEDIA_URL": settings.media_url,
            "INDEX_ALIAS": settings.index_alias,
            "API_PORT": str(port),
        }
        yield Product(processes, environment, f"http://127.0.0.1:{port}")
        processes.kill_all()  # before the database is emptied


@pytest.fixture
async def no_index_after(search: AsyncOpenSearch, settings: Settings) -> AsyncIterator[None]:
    yield
    await search.indices.delete(index=f"{settings.index_alias}-*")
