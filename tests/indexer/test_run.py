"""The indexer as a process: woken, killed, cut off, and level again each time."""

import asyncio
import json
import logging
import signal

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from indexer.backoff import LONGEST_S, SHORTEST_S, delays
from indexer.drain import drain_once
from indexer.run import run
from tests.factories import home, store
from tests.indexer.agreement import agree, pending, plain_sql, store_many, titles, until
from tests.indexer.conftest import indexing

log = logging.getLogger(__name__)
pytestmark = pytest.mark.usefixtures("generation")


@pytest.fixture
def alias(settings):
    return settings.index_alias


@pytest.fixture
def found(search, alias):
    """Whether a search finds exactly these titles."""

    def found(*expected):
        async def is_found():
            return await titles(search, alias) == set(expected)

        return is_found

    return found


def level(engine):
    async def is_level():
        return await pending(engine) == 0

    return is_level


async def test_a_lone_change_is_searchable_at_once(engine, settings, found):
    async with indexing(settings):
        await store(engine, home("First"))
        await until(found("First"))
        await asyncio.sleep(0.1)
        await store(engine, home("Second"))
        log.info("searchable after %.3f s", await until(found("First", "Second")))


async def test_what_was_written_before_it_started_is_indexed(engine, search, settings, alias):
    await store_many(engine, 1_200)
    async with indexing(settings):
        await until(level(engine))
    await agree(engine, search, alias)


async def test_what_a_killed_drain_could_not_show_is_shown(engine, search, settings, alias, found):
    await store(engine, home("Written, but not refreshed"))
    await drain_once(engine, search, alias=alias)
    assert await titles(search, alias) == set()
    async with indexing(settings):
        await until(found("Written, but not refreshed"))


async def test_a_change_without_a_notification_is_found_by_looking(engine, settings, found):
    async with indexing(settings):
        await asyncio.sleep(0.3)
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE search_outbox DISABLE TRIGGER wake_drains"))
            await connection.execute(
                text(
                    "INSERT INTO properties (title, locality, sector, property_type, listing_type, area_sqft,"
                    " area_basis, price, state) VALUES ('Unannounced', 'Sector 62', '62', 'villa', 'sale',"
                    " 900, 'super', 9000000, 'active')"
                )
            )
            await connection.execute(text("ALTER TABLE search_outbox ENABLE TRIGGER wake_drains"))
        await until(found("Unannounced"))


async def test_it_waits_for_the_engine_and_catches_up(engine, search, settings, alias, proxy):
    proxy.stop_serving()
    with capture_logs() as lines:
        async with indexing(settings.model_copy(update={"opensearch_url": proxy.url})):
            await store_many(engine, 700)
            await until(lambda: is_refused(proxy, times=3))
            proxy.serving = True
            await until(level(engine))
            await until(lambda: is_logged(lines, "store back"))
    await agree(engine, search, alias)
    assert [line["event"] for line in lines] == [
        "indexer started",
        "store unavailable",  # once, however often it was tried
        "store back",
        "indexer stopped",
    ]


async def is_refused(proxy, times):
    return proxy.refused >= times


async def is_logged(lines, event):
    return any(line["event"] == event for line in lines)


async def test_it_survives_the_loss_of_its_database_connections(engine, settings, found):
    joint = "&" if "?" in settings.database_url else "?"
    url = f"{settings.database_url}{joint}application_name=indexer"
    named = settings.model_copy(update={"database_url": url})
    async with indexing(named):
        await store(engine, home("Before"))
        await until(found("Before"))
        await plain_sql(
            engine,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'indexer' AND datname = current_database()",
        )
        await store(engine, home("After"))
        await until(found("Before", "After"))


async def test_it_can_be_stopped_while_the_database_is_away(settings):
    stop = asyncio.Event()
    nowhere = settings.model_copy(update={"database_url": "postgresql://postgres@127.0.0.1:1/nowhere"})
    with capture_logs() as lines:
        task = asyncio.create_task(run(nowhere, stop))
        await until(lambda: is_logged(lines, "store unavailable"))
        await asyncio.sleep(0.5)
        stop.set()
        await asyncio.wait_for(task, timeout=15)
    unavailable = [line for line in lines if line["event"] == "store unavailable"]
    assert {line["activity"] for line in unavailable} == {"drain", "listen"}
    assert len(unavailable) == 2


async def test_killed_in_the_middle_of_an_import_it_goes_on_where_it_was(
    engine, search, alias, start, generation
):
    importing = asyncio.create_task(import_in_parts(engine))
    killed = start("run")
    await until(lambda: has_documents(search, generation, more_than=500))
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    await importing
    start("run")
    await until(level(engine))
    await agree(engine, search, alias)


async def import_in_parts(engine):
    for _ in range(8):
        await store_many(engine, 1_000)
        await plain_sql(engine, "UPDATE properties SET price = price + 1 WHERE bhk = 1")


async def has_documents(search, generation, more_than):
    await search.indices.refresh(index=generation)
    return (await search.count(index=generation))["count"] > more_than


async def test_asked_to_stop_it_finishes_and_says_so_in_json(start, settings, engine, found):
    process = start("run")
    await store(engine, home("Here"))
    await until(found("Here"))
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    lines = [json.loads(line) for line in errors.splitlines()]
    assert [line["event"] for line in lines] == ["indexer started", "indexer stopped"]
    assert lines[0].keys() == {"event", "level", "logger", "timestamp", "alias"}
    assert lines[0]["alias"] == settings.index_alias


def test_waits_grow_to_ten_seconds_and_differ():
    waits = delays()
    drawn = [next(waits) for _ in range(200)]
    assert all(SHORTEST_S <= wait <= LONGEST_S for wait in drawn)
    assert max(drawn[:2]) <= 2 * SHORTEST_S
    assert max(drawn) > LONGEST_S / 2
