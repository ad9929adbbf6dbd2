"""Real servers for the suite: started once, shared by all workers; each worker has its own database."""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

import hypothesis
import psycopg
import pytest
import structlog
from opensearchpy import AsyncOpenSearch
from psycopg import sql
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

import migrations
from embedded.services import Services
from indexer.lifecycle import generations
from schemas.settings import Settings
from schemas.tables import Base
from stores.answers import SearchCacheEpoch
from stores.cache import open_cache
from stores.database import open_database
from stores.search import open_search
from tests import s3

# Shared machines sometimes stall, so Hypothesis checks neither deadlines nor slowness.
SLOW = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=SLOW)
hypothesis.settings.load_profile("suite")

pytest_plugins = ["tests.plugin"]

# Log to stderr, as the product does, and to this one: a command that runs in this process has its own output,
# into which nothing must log that runs beside it. Use plain tracebacks: printing the source and all variables
# of each error, as by default, is slow.
structlog.configure(
    logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ],
)

RUN_ENV = Settings.model_config["env_file"]
Settings.model_config["env_file"] = None
"""The suite ignores the run.env of a development stack that runs beside it."""

RUN = "CASABRICKS_TEST_RUN"
"""Environment variable with the name of this test run; databases and indexes carry it on shared servers."""

PATIENCE = {
    "DATABASE_POOL_TIMEOUT_S": "30",
    "DATABASE_STATEMENT_TIMEOUT_S": "30",
    "DATABASE_LOCK_TIMEOUT_S": "30",
    "DATABASE_IDLE_TRANSACTION_S": "100",
    "SEARCH_TIMEOUT_S": "30",
    "REDIS_TIMEOUT_S": "10",
    "HEALTH_TIMEOUT_S": "30",
    "PUBLIC_DEADLINE_S": "120",
    "ADMIN_DEADLINE_S": "120",
}
"""Generous timeouts, because a busy machine makes servers slow and the product reacts to slow servers.
Tests about timeouts set short ones themselves."""

ROOM = 2 * 2**30
"""Bytes of disk space that one run of the suite may need for its servers."""

EMPTIED = ", ".join(table for table in Base.metadata.tables if table != "sectors")
SHARED = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers before xdist starts its workers; the workers find them in the environment."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    shared = config.stash[SHARED] = ExitStack()
    directory = tempfile.TemporaryDirectory(prefix="casabricks-test-", dir=fast_directory())
    state = Path(shared.enter_context(directory))
    is_ours = "DATABASE_URL" not in os.environ
    services = shared.enter_context(Services(state, durable=False, heap="768m"))
    os.environ |= PATIENCE | {
        RUN: token_hex(4),
        "DATABASE_URL": services.database_url,
        "OPENSEARCH_URL": services.opensearch_url,
        "REDIS_URL": services.redis_url,
    }
    if is_ours:
        rest_autovacuum()
    make_template()
    shared.callback(drop_databases)


def fast_directory() -> str | None:
    """Return a directory in memory if it has room: OpenSearch syncs every write and new index to disk."""
    shared_memory = Path("/dev/shm")  # noqa: S108  a new directory is created in it
    if shared_memory.is_dir() and shutil.disk_usage(shared_memory).free >= ROOM:
        return str(shared_memory)
    return None


def pytest_unconfigure(config: pytest.Config) -> None:
    if SHARED in config.stash:
        config.stash[SHARED].close()


def database_name(owner: str) -> str:
    return f"casabricks_test_{os.environ[RUN]}_{owner}"


def make_template() -> None:
    """Create a database with Alembic; every worker gets a copy of it."""
    name = database_name("template")
    administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    migrations.upgrade(url_of(name))


def rest_autovacuum() -> None:
    """Turn autovacuum off: tables are truncated before they need it, and TRUNCATE waits for a vacuum."""
    administer(sql.SQL("ALTER SYSTEM SET autovacuum = off"))
    administer(sql.SQL("SELECT pg_reload_conf()"))


@pytest.fixture
def scratch_url(worker_id: str) -> Iterator[str]:
    """An empty database for one test."""
    name = database_name(f"{worker_id}_scratch")
    administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield url_of(name)
    administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def drop_databases() -> None:
    with psycopg.connect(Settings().database_url, autocommit=True) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [database_name("")]
        )
        for (name,) in names.fetchall():
            administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def administer(statement: sql.Composable) -> None:
    with psycopg.connect(Settings().database_url, autocommit=True) as connection:
        connection.execute(statement)


def url_of(database: str) -> str:
    """Return the server's URL with another database name."""
    address, question, options = Settings().database_url.partition("?")
    return f"{address.rpartition('/')[0]}/{database}{question}{options}"


def redis_url_of(worker: str) -> str:
    """Return the URL of the worker's own Redis database: it holds the limits, and one test resets them."""
    return (
        urlsplit(Settings().redis_url)
        ._replace(path=f"/{worker.removeprefix('gw').replace('master', '0')}")
        .geturl()
    )


async def empty(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        # Disable triggers: they would refuse the TRUNCATE, and nothing is left to index.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        # No lock timeout: a statement of a killed process may hold its locks until it ends.
        await connection.execute(text("SET LOCAL lock_timeout = 0"))
        await connection.execute(text(f"TRUNCATE {EMPTIED} RESTART IDENTITY"))


@pytest.fixture(scope="session")
def database_url(worker_id: str) -> str:
    """A migrated database that only this worker uses."""
    name, template = database_name(worker_id), database_name("template")
    administer(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    )
    return url_of(name)


@pytest.fixture(scope="session")
def settings(database_url: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    media = tmp_path_factory.mktemp("media")
    return Settings(
        database_url=database_url,
        redis_url=redis_url_of(worker_id),
        index_alias=f"test_{os.environ[RUN]}_{worker_id}",
        media_url=f"file:{media}",
        api_port=0,
        jwt_secret=token_hex(32),
        queue_secret=token_hex(32),
        webhook_secret=token_hex(32),
        enhancer_result_hosts="results.ai.example",
        password_cost=4,
    )


@pytest.fixture(scope="session")
async def worker_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    engine = open_database(settings)
    yield engine
    await engine.dispose()


@pytest.fixture
async def engine(worker_engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """A database in which tests commit; it is emptied after each test."""
    yield worker_engine
    await empty(worker_engine)


@pytest.fixture
async def session(worker_engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session whose transaction is rolled back after the test."""
    async with worker_engine.connect() as connection:
        transaction = await connection.begin()
        async with AsyncSession(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        await transaction.rollback()


@pytest.fixture(scope="session")
async def search(settings: Settings) -> AsyncIterator[AsyncOpenSearch]:
    client = open_search(settings, timeout_s=30)
    yield client
    await client.indices.delete(index=f"{settings.index_alias}-*", params={"expand_wildcards": "all"})
    await client.close()


@pytest.fixture(scope="session")
async def cache(settings: Settings) -> AsyncIterator[Redis]:
    client = open_cache(settings)
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3.served(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture(autouse=True, scope="session")
def priority_is_kept() -> Iterator[None]:
    """Keep a command that runs in this process from lowering the priority of all later tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "nice", lambda _less: 0)
        yield


@pytest.fixture(autouse=True)
def memory_is_collected_as_usual() -> Iterator[None]:
    """Restore the garbage collector's settings, because a long-running command changes them."""
    thresholds = gc.get_threshold()
    yield
    if gc.get_threshold() != thresholds:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


@pytest.fixture
async def generation(
    engine: AsyncEngine, search: AsyncOpenSearch, cache: Redis, settings: Settings
) -> AsyncIterator[str]:
    """An empty, live generation behind this worker's alias, without a change in progress."""
    await cache.delete(*(f"search:{{{settings.index_alias}}}:{mark}" for mark in ("moving", "written")))
    name = await generations.create(engine, search, settings)
    await generations.begin_verifying(engine, name)
    await generations.promote(
        engine, search, settings.index_alias, name, SearchCacheEpoch(cache, settings.index_alias)
    )
    yield name
    await search.indices.delete(index=f"{settings.index_alias}-*")
