"""Metrics of an API with several processes: each reports for all; dead ones leave only their counters."""

import asyncio

import psutil
from aiohttp import ClientError, ClientSession

from tests.journeys.conftest import Product
from tests.scraping import Figures, read_figures
from tests.server.search.test_outage import engine_that_answers
from tests.waiting import until

LIVEZ = ("GET", "/livez", "200")


async def scrape(product: Product) -> Figures:
    async with ClientSession() as visitor, visitor.get(f"{product.url}/metrics") as answer:
        return read_figures(await answer.read())


def workers_of(pid: int) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(pid).children()
        if any(connection.status == psutil.CONN_LISTEN for connection in child.net_connections("tcp4"))
    ]


async def test_any_worker_tells_what_all_have_counted(product: Product):
    product.environment["API_WORKERS"] = "2"
    api = await product.serve()
    await until(lambda: len(workers_of(api.pid)) == 2, "two workers")
    before = (await scrape(product))["casabricks_api_requests_total"][LIVEZ]
    for _ in range(30):  # each on a new connection, so both workers get some
        assert (await product.ask("/livez"))[0] == 200
    told = {(await scrape(product))["casabricks_api_requests_total"][LIVEZ] for _ in range(10)}
    assert told == {before + 30}
    assert await api.stop() == 0


async def test_a_killed_worker_leaves_its_counts_and_none_of_its_requests_in_flight(product: Product):
    async with engine_that_answers(None) as url:
        product.environment |= {"OPENSEARCH_URL": url, "SEARCH_TIMEOUT_S": "60", "SEARCH_CACHE": "false"}
        api = await product.serve()
        before = (await scrape(product))["casabricks_api_requests_total"][LIVEZ]
        asking = asyncio.create_task(product.ask("/api/v1/search/guided", {"counts": False}))

        async def one_is_in_flight() -> bool:
            return (await scrape(product))["casabricks_api_requests_in_flight"][()] == 2

        await until(one_is_in_flight, "a search in flight, beside the question for it")
        [worker] = workers_of(api.pid)
        worker.kill()
        assert (await asking)[0] == 0

        async def successor_tells() -> Figures | None:
            try:
                return await scrape(product)
            except ClientError:
                return None

        figures = await until(successor_tells, "a successor")
        assert figures["casabricks_api_requests_in_flight"] == {(): 1}
        assert figures["casabricks_api_requests_total"][LIVEZ] >= before
        assert await api.stop() == 0
