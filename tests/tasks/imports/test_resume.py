"""A killed import keeps the rows that it loaded; the same command run again completes it."""

import pytest
from sqlalchemy import text

from tasks.imports.job import run_import
from tests.tasks.imports.foreign_files import FLATS, many_flats
from tests.tasks.imports.importer import killed_importer


async def loaded(engine):
    async with engine.connect() as connection:
        rows = await connection.execute(
            text(
                "SELECT fingerprint, title, locality, bhk, area_sqft, price, state, version,"
                " (SELECT count(*) FROM search_outbox WHERE property_id = properties.id)"
                " FROM properties ORDER BY fingerprint"
            )
        )
        return [tuple(row) for row in rows]


async def job_of(engine):
    async with engine.connect() as connection:
        [job] = await connection.execute(text("SELECT state, rows FROM import_jobs"))
        return tuple(job)


@pytest.mark.parametrize(
    ("point", "done"),
    [
        ("import-mid-batch", 0),
        ("import-after-batch", 1_000),
        ("import-mid-batch:3", 2_000),
        ("import-after-batch:4", 4_000),
    ],
)
async def test_a_killed_import_is_finished_by_the_same_command(engine, settings, tmp_path, point, done):
    source = many_flats(tmp_path / "flats.csv", 4_000)
    await killed_importer(engine, settings, point, str(source))
    kept = await loaded(engine)
    assert await job_of(engine) == ("running", done)
    assert len(kept) == done * 98 // 100  # rows and progress are committed together

    finished = await run_import(engine, source, FLATS)
    after_the_kill = await loaded(engine)
    assert await job_of(engine) == ("done", 4_000)
    assert set(kept) <= set(after_the_kill)

    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM properties"))
    undisturbed = await run_import(engine, source, FLATS)
    assert await loaded(engine) == after_the_kill
    assert undisturbed.as_json() == finished.as_json()
