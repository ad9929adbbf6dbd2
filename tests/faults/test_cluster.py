"""One of three nodes is killed: every search is answered, every write arrives, and the index catches up."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from embedded.servers.opensearch import ask
from stores.search import open_search
from tests.faults.harness.cluster import is_green, running_cluster
from tests.faults.harness.portal import Portal, open_portal
from tests.faults.harness.servers import Server
from tests.faults.harness.watcher import watching
from tests.faults.harness.world import World
from tests.indexer.agreement import store_many
from tests.waiting import until

pytestmark = pytest.mark.faults  # starts three more engines, and one of them again
GUIDED = "/api/v1/search/guided"


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Server]]:
    with running_cluster() as nodes:
        yield nodes


@pytest.fixture
async def clustered(world: World, nodes: list[Server]) -> World:
    """A world on three nodes, with three shards and one replica of each."""
    urls = ",".join(node.url for node in nodes)
    settings = world.settings.model_copy(
        update={"opensearch_url": urls, "index_shards": 3, "index_replicas": 1}
    )
    cluster = {
        "OPENSEARCH_URL": urls,
        "INDEX_SHARDS": "3",
        "INDEX_REPLICAS": "1",
        "SEARCH_CACHE": "false",
        # Generous: five engines on one machine are slow, and the test is only about whether answers come.
        "SEARCH_TIMEOUT_S": "15",
    }
    world.commands.environment = {**world.commands.environment, **cluster}
    search = open_search(settings, timeout_s=30)
    yield replace(world, settings=settings, search=search)
    world.commands.kill_all()
    await search.indices.delete(index=f"{settings.index_alias}-*")
    await search.close()


@pytest.mark.parametrize("which", ["manager", "another"])
async def test_a_node_is_killed_during_searches_and_writes(
    clustered: World, nodes: list[Server], seed: int, which: str, tmp_path
):
    await store_many(clustered.engine, 2_000)
    await clustered.reindexed()
    await until(lambda: is_green(nodes[0], nodes=3), "the cluster is green", seconds=120)
    clustered.indexer()
    is_over, failures = asyncio.Event(), []
    writers = [clustered.writer(seed * 1_000 + number) for number in range(2)]
    lost = manager_of(nodes) if which == "manager" else another_than(manager_of(nodes), nodes)
    async with (
        open_portal(clustered.commands.environment, tmp_path) as portal,
        watching(clustered.search, clustered.alias),
    ):
        tasks = [
            *(writer.write_at(0.2, until=is_over.is_set) for writer in writers),
            *(search_on(portal, number, is_over, failures) for number in range(2)),
        ]
        running = [asyncio.create_task(task) for task in tasks]
        await asyncio.sleep(2)
        await asyncio.to_thread(lost.kill)
        await asyncio.sleep(5)
        await asyncio.to_thread(lost.start)
        await asyncio.sleep(1)
        is_over.set()
        await asyncio.gather(*running)
    assert not failures, failures
    await clustered.converges()
    await until(lambda: is_green(nodes[0], nodes=3), "the cluster is green", seconds=120)
    await clustered.agrees()


async def search_on(portal: Portal, number: int, is_over: asyncio.Event, failures: list[object]) -> None:
    """Search on and on; after a failed search, one retry must succeed."""
    while not is_over.is_set():
        first = await portal.ask("GET", f"{GUIDED}?page_size={number + 1}")
        if first[0] != 200:
            again = await portal.ask("GET", f"{GUIDED}?page_size={number + 1}")
            failures += [] if again[0] == 200 else [(first[1], again[1])]
        await asyncio.sleep(0.2)


def manager_of(nodes: list[Server]) -> Server:
    [found] = ask(port_of(nodes[0]), "/_cat/cluster_manager?format=json", 10)
    return next(node for node in nodes if node.name.endswith(found["node"].removeprefix("node-")))


def another_than(manager: Server, nodes: list[Server]) -> Server:
    return next(node for node in nodes if node is not manager)


def port_of(node: Server) -> int:
    return int(node.url.rpartition(":")[2])
