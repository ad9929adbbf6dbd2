"""The outbox: a table of constant inserts and deletes that may hold a million rows."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import migrations


async def test_what_waits_of_one_property_is_found_without_reading_all_that_waits(engine: AsyncEngine):
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO search_outbox (property_id, revision)"
                " SELECT gen_random_uuid(), 1 FROM generate_series(1, 5000)"
            )
        )
        await connection.execute(text("ANALYZE search_outbox"))
        plan = await connection.scalars(
            text(
                "EXPLAIN SELECT min(created_at) FROM search_outbox"
                " WHERE property_id = '00000000-0000-7000-8000-000000000001'"
            )
        )
        assert "ix_search_outbox_property_id" in "\n".join(plan)


@pytest.fixture
def scratch(scratch_url: str) -> Iterator[psycopg.Connection]:
    migrations.upgrade(scratch_url)
    with psycopg.connect(scratch_url, autocommit=True) as connection:
        yield connection


def test_an_outbox_of_a_thousand_dead_rows_is_vacuumed(scratch: psycopg.Connection):
    [options] = scratch.execute("SELECT reloptions FROM pg_class WHERE relname = 'search_outbox'").fetchall()
    assert {"autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=1000"} <= set(options[0])
