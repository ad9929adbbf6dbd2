"""A file is uploaded; its worker is killed half-way, and another brings it to the same end."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tests.factories import store_user
from tests.journeys.conftest import Product
from tests.server.admin.test_imports import home, send, sheet
from tests.server.conftest import Api, served

ROWS = 10_000
IMPORT_S = 250
"""Includes that the import of a killed worker is taken to be lost."""
PROGRESS = "SELECT rows FROM import_jobs"
DONE = "SELECT count(*) FROM import_jobs WHERE state = 'done' AND content IS NULL"


async def count(engine: AsyncEngine, statement: str) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(text(statement)) or 0)


async def test_an_import_that_was_killed_half_way_ends_as_one_that_nobody_disturbed(
    product: Product, engine: AsyncEngine, settings: Settings
):
    product.environment["QUEUE_SECRET"] = settings.queue_secret.get_secret_value()
    user = await store_user(engine)
    async with served(settings, "uploading") as api:
        admin: Api = api.signed_in(user, settings)
        asked = await send(admin, sheet(*(home(n) for n in range(ROWS))), dry_run="false")
        first = product.start("server.cli", "worker")
        await first.until(lambda: count(engine, PROGRESS), "some rows are imported")
        first.kill()
        done = await count(engine, PROGRESS)
        second = product.start("server.cli", "worker")
        await second.until(lambda: count(engine, DONE), "all are", seconds=IMPORT_S)
        job = (await admin.get(asked.headers["location"])).body
    assert done < ROWS
    assert (job["rows"], job["created"], job["rejected"]) == (ROWS, ROWS, 0)
    assert await count(engine, "SELECT count(*) FROM properties WHERE version = 1") == ROWS
    assert await second.stop() == 0
