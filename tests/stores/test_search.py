"""The product's OpenSearch client with some nodes down."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import ConnectionError as Unreachable
from opensearchpy.exceptions import ConnectionTimeout

from schemas.settings import Settings
from stores.search import open_search
from tests.faults.harness.proxy import BlackHole, DropReply, Proxy, Refuse
from tests.waiting import until


@pytest.fixture
async def nodes(settings: Settings) -> AsyncIterator[tuple[Proxy, Proxy]]:
    """Two proxies to one engine, standing for two nodes."""
    async with Proxy(settings.opensearch_url) as first, Proxy(settings.opensearch_url) as second:
        yield first, second


@pytest.fixture
async def client(settings: Settings, nodes: tuple[Proxy, Proxy]) -> AsyncIterator[AsyncOpenSearch]:
    listed = f"{nodes[0].url}, {nodes[1].url}"
    client = open_search(settings.model_copy(update={"opensearch_url": listed}))
    yield client
    await client.close()


HASTY = {"request_timeout": 0.5}
"""For requests that are to end by a timeout; on a busy machine others would too."""


@pytest.mark.parametrize("fault", [Refuse(), DropReply()], ids=str)
async def test_nobody_notices_that_one_of_two_nodes_is_away(
    client: AsyncOpenSearch, nodes: tuple[Proxy, Proxy], fault: Refuse | DropReply
):
    for away in nodes:
        async with away.failing(fault):
            assert [await client.ping() for _ in range(4)] == [True] * 4


async def test_with_all_nodes_away_it_says_so_and_the_first_that_is_back_is_found(
    client: AsyncOpenSearch, nodes: tuple[Proxy, Proxy]
):
    for away in nodes:
        await away.fail(Refuse())
    with pytest.raises(Unreachable):
        await client.info()
    for away in nodes:
        await away.heal()
    assert await client.info()


async def test_a_node_that_is_slow_is_not_waited_for_twice(
    client: AsyncOpenSearch, nodes: tuple[Proxy, Proxy]
):
    for away in nodes:
        await away.fail(BlackHole())
    with pytest.raises(ConnectionTimeout):
        await client.info(params=HASTY)
    await until(lambda: any(node.accepted for node in nodes), "the request reaches a node")
    assert sum(node.accepted for node in nodes) == 1
    for away in nodes:
        await away.heal()


async def test_a_node_that_does_not_answer_costs_one_timeout_and_is_left_out(
    client: AsyncOpenSearch, nodes: tuple[Proxy, Proxy]
):
    silent, _ = nodes
    await silent.fail(BlackHole())

    async def is_tried() -> bool:
        with suppress(ConnectionTimeout):
            await client.info(params=HASTY)
        return silent.accepted > 0

    await until(is_tried, "the silent node is tried")
    assert [await client.ping() for _ in range(6)] == [True] * 6
    assert silent.accepted == 1
    await silent.heal()


async def test_a_single_node_is_asked_once(settings: Settings):
    async with Proxy(settings.opensearch_url) as node:
        client = open_search(settings.model_copy(update={"opensearch_url": node.url}))
        await node.fail(DropReply())
        with pytest.raises(Unreachable):
            await client.indices.analyze(body={"text": "a POST, which the HTTP library does not repeat"})
        assert node.accepted == 1
        await client.close()
