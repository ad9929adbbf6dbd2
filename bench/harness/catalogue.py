"""A separate database and index for a bench, filled with generated listings."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.progress import Progress
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import migrations
from demo.load import load_homes
from embedded.services import Services
from indexer.lifecycle.reindex import reindex
from schemas.settings import Settings
from stores.database import opened_database
from stores.search import opened_search

SEED = 1
HEAP = "2g"  # enough for a million listings


@contextmanager
def stores(*, apart: bool = False) -> Iterator[Settings]:
    """Start separate servers, unless the environment names some; delete their data afterwards.

    With `apart` servers are started in any case: for a second size, beside stores that are in use.
    """
    with (
        TemporaryDirectory(prefix="casabricks-bench-") as directory,
        Services(Path(directory), durable=False, heap=HEAP, environment={} if apart else None) as services,
    ):
        yield Settings(
            database_url=services.database_url,
            opensearch_url=services.opensearch_url,
            redis_url=services.redis_url,
            media_url=f"file:{directory}/media",
            index_alias="bench",
            log_level="WARNING",
        )


@contextmanager
def filled(listings: int, *, apart: bool = False) -> Iterator[Settings]:
    """Provide `stores` with generated listings in the database and in the index."""
    with stores(apart=apart) as settings:
        fill(settings, listings)
        yield settings


def fill(settings: Settings, listings: int) -> None:
    migrations.upgrade(settings.database_url)
    asyncio.run(_fill(settings, listings))


async def _fill(settings: Settings, listings: int) -> None:
    async with opened_database(settings, statement_timeout_ms=0) as engine:
        with Progress() as bar:
            await _load(engine, listings, bar)
            await _index(engine, settings, bar)


async def _load(engine: AsyncEngine, listings: int, bar: Progress) -> None:
    task = bar.add_task("loading", total=listings)
    await load_homes(
        engine, (), listings=listings, seed=SEED, progress=lambda done, _all: bar.update(task, completed=done)
    )
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM ANALYZE properties"))


async def _index(engine: AsyncEngine, settings: Settings, bar: Progress) -> None:
    task = bar.add_task("indexing", total=None)

    async def show(written: int, total: int) -> None:
        bar.update(task, completed=written, total=total)

    async with opened_search(settings, timeout_s=120) as search:
        await reindex(engine, search, settings, progress=show)
