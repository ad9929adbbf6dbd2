"""Two API processes are replaced one after the other under load; no request is lost."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import ClientError, ClientSession
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.factories import home, store
from tests.journeys.conftest import Product
from tests.ports import kept_port
from tests.processes import Program
from tests.waiting import until

LOOK_S = 0.1
"""Seconds between two readiness checks of the balancer."""
DELAY_S = 2.0
"""Seconds that a stopping process waits for the balancer; far more than the balancer needs."""
VISITORS = 8


@dataclass
class Balancer:
    """Sends each request once, to a server that was ready at the last check; it never retries."""

    visitor: ClientSession
    ready: list[str] = field(default_factory=list)
    answers: list[tuple[str, int]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    async def watch(self, urls: list[str], is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            self.ready = [url for url in urls if await self.is_ready(url)]
            await asyncio.sleep(LOOK_S)

    async def is_ready(self, url: str) -> bool:
        try:
            async with self.visitor.get(f"{url}/readyz") as answer:
                return answer.status == 200
        except ClientError:
            return False

    async def visit(self, path: str, is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            for url in self.ready[:]:
                try:
                    async with self.visitor.post(url + path, json={}) as answer:
                        self.answers.append((url, answer.status))
                except ClientError as error:
                    self.lost.append(f"{url}: {error!r}")
            await asyncio.sleep(0)


async def test_servers_are_replaced_one_by_one_and_nobody_notices(
    product: Product, engine: AsyncEngine, no_index_after: None
):
    await product.run("indexer.cli", "reindex")
    await store(engine, home())
    is_over = asyncio.Event()
    with kept_port() as one, kept_port() as other:
        urls = [f"http://127.0.0.1:{port}" for port in (one, other)]
        servers = {url: serve(product, url) for url in urls}
        async with ClientSession() as visitor, asyncio.TaskGroup() as group:
            balancer = Balancer(visitor)
            group.create_task(balancer.watch(urls, is_over))
            await until(lambda: len(balancer.ready) == 2, "both serve")
            for _ in range(VISITORS):
                group.create_task(balancer.visit("/api/v1/search/guided", is_over))
            for url in urls:
                before = len(balancer.answers)
                assert await servers[url].stop() == 0
                assert balancer.ready == [other_of(urls, url)]
                servers[url] = serve(product, url)
                await until(lambda: len(balancer.ready) == 2, "the new one is ready")
                assert len(balancer.answers) > before
            is_over.set()
        for server in servers.values():
            assert await server.stop() == 0
    assert balancer.lost == []
    assert {status for _, status in balancer.answers} == {200}
    assert {url for url, _ in balancer.answers} == set(urls)


def serve(product: Product, url: str) -> Program:
    port = url.rpartition(":")[2]
    return product.start("server.cli", "serve", API_PORT=port, SHUTDOWN_DELAY_S=str(DELAY_S))


def other_of(urls: list[str], url: str) -> str:
    return next(each for each in urls if each != url)
