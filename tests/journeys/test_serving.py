"""The API as a process: several workers, and an end that drops nobody."""

import asyncio
import signal
import subprocess

import psutil
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.factories import home, store
from tests.journeys.conftest import Product
from tests.journeys.slow_engine import slow_engine


async def test_several_workers_serve_one_address(product: Product, engine: AsyncEngine):
    product.environment["API_WORKERS"] = "2"
    api = await product.serve()
    [key] = await store(engine, home())
    answers = await asyncio.gather(*(product.ask(f"/api/v1/properties/{key}") for _ in range(20)))
    assert {status for status, _ in answers} == {200}
    api.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(api.wait, 30) == 0


async def test_workers_can_be_stopped_while_they_start(product: Product):
    product.environment["API_WORKERS"] = "2"
    api = await product.serve()  # answers as soon as one of them is ready, and there the other is not
    api.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(api.wait, 30) == 0


async def test_a_worker_that_is_killed_has_a_successor(product: Product):
    api = await product.serve()
    worker = await worker_of(api)
    worker.kill()
    worker.wait(10)
    await product.answers()
    assert (await worker_of(api)).pid != worker.pid
    api.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(api.wait, 30) == 0


async def worker_of(api: subprocess.Popen[bytes]) -> psutil.Process:
    """The process that serves; what holds its state for the manager is another."""
    serving = [
        child
        for child in psutil.Process(api.pid).children()
        if any(connection.status == psutil.CONN_LISTEN for connection in child.net_connections("tcp4"))
    ]
    return serving[0]


async def test_a_request_in_flight_is_answered_before_the_end(product: Product):
    async with slow_engine(seconds=0.8) as url:
        product.environment["OPENSEARCH_URL"] = url
        api = await product.serve()
        asking = asyncio.create_task(product.ask("/api/v1/search/guided", {"counts": False}))
        await asyncio.sleep(0.3)
        api.send_signal(signal.SIGTERM)
        status, answer = await asking
        assert (status, answer["total"]) == (200, 0)
        assert await asyncio.to_thread(api.wait, 30) == 0
        assert (await product.ask("/livez"))[0] == 0
