"""Uploads and their workers: killed, taken over, and with one upload that always fails."""

from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tests.factories import store_user
from tests.journeys.conftest import Product
from tests.server.admin.test_imports import home, send, sheet
from tests.server.conftest import Api, served

ROWS = 10_000
IMPORT_S = 250
"""Seconds; includes the time after which the import of a killed worker counts as lost."""


@pytest.fixture
async def workers(product: Product, settings: Settings, cache: Redis) -> Product:
    """A product with an empty Redis."""
    await cache.flushdb()
    product.environment["QUEUE_SECRET"] = settings.queue_secret.get_secret_value()
    return product


async def ask(engine: AsyncEngine, question: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(question))]


@pytest.mark.parametrize(
    ("point", "done"), [("import-after-batch:3", 3_000), ("import-before-settling", ROWS)]
)
async def test_an_import_that_was_killed_ends_as_one_that_nobody_disturbed(
    workers: Product, engine: AsyncEngine, settings: Settings, point: str, done: int
):
    user = await store_user(engine)
    async with served(settings, f"uploading_{done}") as api:
        admin: Api = api.signed_in(user, settings)
        asked = await send(admin, sheet(*(home(n) for n in range(ROWS))), dry_run="false")
        assert await workers.start("server.cli", "worker", CRASH_AT=point).ends() == 137
        assert await ask(engine, "SELECT state, rows, content IS NULL FROM import_jobs") == [
            ("running", done, False)
        ]
        second = workers.start("server.cli", "worker")
        ended = "SELECT state, content IS NULL FROM import_jobs WHERE state <> 'running'"
        assert await second.until(lambda: ask(engine, ended), "it is ended", seconds=IMPORT_S) == [
            ("done", True)
        ]
        job = (await admin.get(asked.headers["location"])).body
    assert (job["rows"], job["created"], job["rejected"], job["error"]) == (ROWS, ROWS, 0, None)
    assert await ask(engine, "SELECT count(*), max(version) FROM properties") == [(ROWS, 1)]
    assert await ask(engine, "SELECT count(*) FROM audit_log WHERE action = 'import'") == [(1,)]
    assert await second.stop() == 0


async def test_a_worker_that_finds_one_that_nobody_can_import_does_all_else(
    workers: Product, engine: AsyncEngine, settings: Settings
):
    user = await store_user(engine)
    async with served(settings, "poisoned") as api:
        admin: Api = api.signed_in(user, settings)
        asked = [
            (await send(admin, sheet(home(number)), dry_run="false")).headers["location"]
            for number in range(4)
        ]
        async with engine.begin() as connection:
            poison = """
                UPDATE import_jobs SET mapping = '{"made_by": "another release"}'
                WHERE id = (SELECT id FROM import_jobs ORDER BY id LIMIT 1)
            """
            await connection.execute(text(poison))
        worker = workers.start("server.cli", "worker")
        waiting = "SELECT FROM import_jobs WHERE content IS NOT NULL"

        async def ended() -> bool:
            return not await ask(engine, waiting)

        await worker.until(ended, "no upload waits")
        jobs = [(await admin.get(location)).body for location in asked]
    assert [(job["state"], job["created"]) for job in jobs] == [("failed", 0)] + [("done", 1)] * 3
    assert jobs[0]["error"].startswith("The map of the upload is not usable: fields Field required; made_by")
    assert [job["error"] for job in jobs[1:]] == [None] * 3

    async def regular() -> bool:
        found = await ask(engine, "SELECT job FROM job_runs WHERE state = 'done'")
        return {"import_waiting", "erase_expired", "compare_prices"} <= {job for (job,) in found}

    await worker.until(regular, "what is regular is done, too")
    assert await worker.stop() == 0
