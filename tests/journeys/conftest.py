"""The product as processes of its own, as an operator runs them."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings

SLOWEST_START_S = 30


@dataclass
class Product:
    """Starts our commands; what still runs at the end of the test is killed."""

    environment: dict[str, str]
    url: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", module, *arguments]
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(command, env=self.environment, start_new_session=True, **output)
        self.processes.append(process)
        return process

    async def run(self, module: str, *arguments: str) -> tuple[int, str]:
        """A command that ends; its exit code and what it printed."""
        process = self.start(module, *arguments)
        printed, _ = await asyncio.to_thread(process.communicate)
        return process.returncode, printed.decode()

    async def serve(self) -> subprocess.Popen[bytes]:
        process = self.start("server.cli", "serve")
        await self.answers()
        return process

    async def answers(self) -> None:
        """Wait until somebody serves."""
        deadline = time.monotonic() + SLOWEST_START_S
        while (await self.ask("/livez"))[0] != 200:
            assert time.monotonic() < deadline, "the API did not start"
            await asyncio.sleep(0.1)

    async def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON; status 0 when nobody answers."""
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

    async def found_within(self, seconds: float, total: int, **wanted: Any) -> Any:
        """The answer of a guided search as soon as it finds that many listings."""
        deadline = time.monotonic() + seconds
        while (answer := await self.guided(**wanted)).get("total") != total:
            assert time.monotonic() < deadline, f"{answer.get('total')} of {total} found in {seconds} s"
            await asyncio.sleep(0.02)
        return answer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def product(settings: Settings, engine: AsyncEngine) -> Iterator[Product]:
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "OPENSEARCH_URL": settings.opensearch_url,
        "REDIS_URL": settings.redis_url,
        "MEDIA_URL": settings.media_url,
        "INDEX_ALIAS": settings.index_alias,
        "API_PORT": str(port),
    }
    product = Product(environment, f"http://127.0.0.1:{port}")
    yield product
    for process in product.processes:
        if process.poll() is None:
            os.killpg(process.pid, 9)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
async def no_index_after(search: AsyncOpenSearch, settings: Settings) -> AsyncIterator[None]:
    yield
    await search.indices.delete(index=f"{settings.index_alias}-*")
