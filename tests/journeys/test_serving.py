"""The API as a process: several workers, and a shutdown that drops no request."""

import asyncio
import signal

import psutil
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.harness.servers import worker_of
from tests.factories import home, store
from tests.journeys.conftest import Product
from tests.journeys.slow_engine import slow_engine
from tests.waiting import PATIENCE_S


async def test_several_workers_serve_one_address(product: Product, engine: AsyncEngine):
    product.environment["API_WORKERS"] = "2"
    api = await product.serve()
    [key] = await store(engine, home())
    answers = await asyncio.gather(*(product.ask(f"/api/v1/properties/{key}") for _ in range(20)))
    assert {status for status, _ in answers} == {200}
    assert await api.stop() == 0


async def test_workers_can_be_stopped_while_they_start(product: Product):
    product.environment["API_WORKERS"] = "2"
    api = await product.serve()  # ready as soon as one worker is; the other still starts
    assert await api.stop() == 0


async def test_a_worker_that_is_killed_has_a_successor(product: Product):
    api = await product.serve()
    worker = worker_of(psutil.Process(api.pid))
    worker.kill()
    await asyncio.to_thread(worker.wait, PATIENCE_S)
    await api.until(product.answers, "a successor answers")
    assert worker_of(psutil.Process(api.pid)).pid != worker.pid
    assert await api.stop() == 0


async def test_a_request_in_flight_is_answered_before_the_end(product: Product):
    async with slow_engine() as engine:
        # A long timeout, because the test decides how long the engine takes.
        api = await product.serve(OPENSEARCH_URL=engine.url, SEARCH_TIMEOUT_S="30")
        asking = asyncio.create_task(product.ask("/api/v1/search/guided", {"counts": False}))
        await api.until(engine.asked.is_set, "the engine is asked")
        api.send(signal.SIGTERM)
        await api.says("Stopping worker")
        engine.may_answer.set()
        status, answer = await asking
        assert (status, answer["total"]) == (200, 0)
        assert await api.ends() == 0
        assert (await product.ask("/livez"))[0] == 0
