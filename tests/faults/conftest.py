"""Servers shared by all fault tests of a run; these tests all run on one worker."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from opensearchpy import AsyncOpenSearch
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

import migrations
from indexer.lifecycle import generations
from schemas.settings import Settings
from stores.answers import SearchCacheEpoch
from stores.cache import open_cache
from stores.database import open_database
from stores.search import open_search
from tests.conftest import PATIENCE, empty
from tests.faults.harness.commands import Commands
from tests.faults.harness.servers import Proxies, Servers, before, running_servers
from tests.faults.harness.world import World

HERE = Path(__file__).parent
PATIENCE_S = 900
"""Timeout in seconds of a test that restarts servers while other tests load the machine."""
SEEDS = range(int(os.environ.get("SEEDS") or 1))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("faults"))
            item.add_marker(pytest.mark.timeout(PATIENCE_S))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize tests that take a seed: one seed, or as many as SEEDS says; the test id names the seed."""
    if "seed" in metafunc.fixturenames:
        first = int(os.environ.get("SEED") or 1)
        metafunc.parametrize("seed", [first + number for number in SEEDS])


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with running_servers() as servers:
        migrations.upgrade(servers.postgres.url)
        yield servers


@pytest.fixture(scope="session")
async def proxies(servers: Servers) -> AsyncIterator[Proxies]:
    async with before(servers) as proxies:
        yield proxies


@pytest.fixture(scope="session")
def direct(servers: Servers) -> Settings:
    """Settings that connect to the servers directly, without the proxies."""
    return Settings(
        database_url=servers.postgres.url,
        opensearch_url=servers.opensearch.url,
        redis_url=servers.redis.url,
        index_alias="faults",
        database_pool_size=20,
        jwt_secret=token_hex(32),
        queue_secret=token_hex(32),
        password_cost=4,
    )


@pytest.fixture(scope="session")
async def direct_engine(direct: Settings) -> AsyncIterator[AsyncEngine]:
    engine = open_database(direct, statement_timeout_ms=0)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def direct_search(direct: Settings) -> AsyncIterator[AsyncOpenSearch]:
    client = open_search(direct, timeout_s=60)
    yield client
    await client.close()


@pytest.fixture(scope="session")
async def direct_cache(direct: Settings) -> AsyncIterator[Redis]:
    client = open_cache(direct, patience_s=5)
    yield client
    await client.aclose()


@pytest.fixture
async def world(
    servers: Servers,
    proxies: Proxies,
    direct: Settings,
    direct_engine: AsyncEngine,
    direct_search: AsyncOpenSearch,
    tmp_path: Path,
) -> AsyncIterator[World]:
    """A world with empty stores, no processes and no network faults."""
    impatient = {name: value for name, value in os.environ.items() if name not in PATIENCE}
    environment = impatient | {
        "DATABASE_URL": proxies.postgres.url,
        "OPENSEARCH_URL": proxies.opensearch.url,
        "REDIS_URL": proxies.redis.url,
        "MEDIA_URL": f"file:{tmp_path / 'media'}",
        "INDEX_ALIAS": direct.index_alias,
        "JWT_SECRET": direct.jwt_secret.get_secret_value(),
        "QUEUE_SECRET": direct.queue_secret.get_secret_value(),
        "PASSWORD_COST": "4",
    }
    commands = Commands(tmp_path, environment=environment)
    world = World(servers, proxies, direct_engine, direct_search, direct, commands)
    yield world
    commands.kill_all()
    await proxies.heal()
    await empty(direct_engine)
    await direct_search.indices.delete(index=f"{direct.index_alias}-*")


@pytest.fixture
async def served(world: World, direct_cache: Redis) -> World:
    """A world whose alias points to an empty live generation."""
    epoch = SearchCacheEpoch(direct_cache, world.alias)
    name = await generations.create(world.engine, world.search, world.settings)
    await generations.begin_verifying(world.engine, name)
    await generations.promote(world.engine, world.search, world.alias, name, epoch)
    return world
