"""The indexer as a process: it catches up after it is woken, killed or cut off."""

import asyncio
import json

import aiohttp
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from indexer.backoff import LONGEST_S, SHORTEST_S, delays
from indexer.changes import drain
from indexer.changes.drain import drain_once
from indexer.lifecycle.generations import ForeignGeneration
from indexer.metrics import Metrics
from indexer.run import run
from indexer.verification.verify import record, verify
from runtime.crash_points import EXIT_CODE
from tests.factories import home, store
from tests.faults.harness.fussy_engine import fussy_engine
from tests.indexer.agreement import agree, pending, plain_sql, store_many, titles
from tests.indexer.conftest import indexing
from tests.ports import kept_port
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.usefixtures("generation")


@pytest.fixture
def found(search, alias):
    """Return a condition: a search finds exactly these titles."""

    def found(*expected):
        async def is_found():
            return await titles(search, alias) == set(expected)

        return is_found

    return found


def up_to_date(engine):
    async def is_up_to_date():
        return await pending(engine) == 0

    return is_up_to_date


async def test_a_lone_change_is_searchable_at_once(engine, settings, found):
    async with indexing(settings):
        await store(engine, home("First"))
        await until(found("First"), "the first is found")
        await store(engine, home("Second"))
        await until(found("First", "Second"), "the second is found too")


async def test_what_was_written_before_it_started_is_indexed(engine, search, settings, alias):
    await store_many(engine, 1_200)
    async with indexing(settings):
        await until(up_to_date(engine), "nothing waits")
    await agree(engine, search, alias)


async def test_what_a_killed_drain_could_not_show_is_shown(engine, search, settings, alias, found):
    await store(engine, home("Written, but not refreshed"), home("Next"))
    assert (await drain_once(engine, search, alias=alias, limit=1)).is_refresh_deferred
    await plain_sql(engine, "DELETE FROM search_outbox")  # as if another drain had settled it
    assert await titles(search, alias) == set()
    async with indexing(settings):
        await until(found("Written, but not refreshed"), "it is found")


async def test_a_change_without_a_notification_is_found_by_looking(engine, settings, found):
    async with indexing(settings):
        await store(engine, home("Announced"))
        await until(found("Announced"), "the indexer is at work")
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
        await until(found("Announced", "Unannounced"), "it is found")


async def test_it_waits_for_the_engine_and_catches_up(engine, search, settings, alias, proxy):
    proxy.stop_serving()
    with capture_logs() as lines:
        async with indexing(settings.model_copy(update={"opensearch_url": proxy.url})):
            await store_many(engine, 700)
            await until(lambda: proxy.refused >= 3, "the engine refuses")
            proxy.serving = True
            await until(up_to_date(engine), "nothing waits")
            await until(lambda: "store back" in events(lines, activity="drain"), lambda: lines)
    await agree(engine, search, alias)
    # Each is logged once, however many attempts fail; errors of other activities are ignored.
    assert events(lines, activity="drain")[:2] == ["store unavailable", "store back"]
    assert (lines[0]["event"], lines[-1]["event"]) == ("indexer started", "indexer stopped")


async def test_a_slow_engine_gets_smaller_batches(engine, search, settings, alias, monkeypatch):
    """The whole backlog as one batch would exceed the time limit of a batch and restart forever."""
    monkeypatch.setattr(drain, "LIVE_LIMIT_S", 1.0)
    await store_many(engine, 60)
    sizes = []

    def pause_s(_index, documents):
        sizes.append(documents)
        return 0.04 * documents

    async with (
        fussy_engine(settings.opensearch_url, pause_s=pause_s) as url,
        indexing(settings.model_copy(update={"opensearch_url": url})),
    ):
        await until(up_to_date(engine), lambda: sizes)
    await agree(engine, search, alias)
    assert sizes[0] == 60
    assert min(sizes) <= 60 // 2


def events(lines, **facts):
    """Return the events logged with these fields, in order."""
    return [line["event"] for line in lines if facts.items() <= line.items()]


async def test_it_survives_the_loss_of_its_database_connections(engine, settings, found):
    joint = "&" if "?" in settings.database_url else "?"
    url = f"{settings.database_url}{joint}application_name=indexer"
    named = settings.model_copy(update={"database_url": url})
    async with indexing(named):
        await store(engine, home("Before"))
        await until(found("Before"), "the first is found")
        await plain_sql(
            engine,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'indexer' AND datname = current_database()",
        )
        await store(engine, home("After"))
        await until(found("Before", "After"), "the second is found too")


async def test_it_can_be_stopped_while_the_database_is_away(settings):
    stop = asyncio.Event()
    nowhere = settings.model_copy(update={"database_url": "postgresql://postgres@127.0.0.1:1/nowhere"})
    with capture_logs() as lines:
        task = asyncio.create_task(run(nowhere, stop))
        for activity in ("drain", "listen"):
            await until(lambda: events(lines, activity=activity), lambda: lines)  # noqa: B023
        stop.set()
        async with asyncio.timeout(PATIENCE_S):
            await task
    told = sorted(line["activity"] for line in lines if line["event"] == "store unavailable")
    assert told == ["drain", "listen"]


async def test_killed_in_the_middle_of_an_import_it_goes_on_where_it_was(
    engine, search, alias, start, generation
):
    importing = asyncio.create_task(import_in_parts(engine))
    assert await start("run", CRASH_AT="after-bulk:2").ends() == EXIT_CODE
    await importing
    await search.indices.refresh(index=generation)
    written, waiting = await search.count(index=generation), await pending(engine)
    assert written["count"] > 0
    assert waiting > 0
    await start("run").until(up_to_date(engine), "nothing waits")
    await agree(engine, search, alias)


async def import_in_parts(engine):
    for _ in range(3):
        await store_many(engine, 1_000)
        await plain_sql(engine, "UPDATE properties SET price = price + 1 WHERE bhk = 1")


async def test_asked_to_stop_it_finishes_and_says_so_in_json(start, settings, engine, found):
    process = start("run")
    await store(engine, home("Here"))
    await process.until(found("Here"), "it is found")
    assert await process.stop() == 0
    lines = [json.loads(line) for line in process.complained.splitlines()]
    assert (lines[0]["event"], lines[-1]["event"]) == ("indexer started", "indexer stopped")
    assert lines[0].keys() == {"event", "level", "logger", "timestamp", "alias"}
    assert lines[0]["alias"] == settings.index_alias


def test_waits_grow_to_ten_seconds_and_differ():
    waits = delays()
    drawn = [next(waits) for _ in range(200)]
    assert all(SHORTEST_S <= wait <= LONGEST_S for wait in drawn)
    assert max(drawn[:2]) <= 2 * SHORTEST_S
    assert max(drawn) > LONGEST_S / 2


@pytest.fixture
def port():
    with kept_port() as port:
        yield port


async def scrape(port):
    """Return the metrics by name, parsed from Prometheus' text format."""
    async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


async def test_it_tells_prometheus_how_level_the_index_is(
    engine, settings, search, alias, found, port, generation
):
    await store(engine, home("Good"), home("Bad", society="x" * 40_000))
    async with indexing(settings.model_copy(update={"indexer_metrics_port": port})):
        await until(found("Good"), "the good one is found")
        letters = 'casabricks_index_dead_letters{error_type="illegal_argument_exception"}'
        await until(lambda: shows(port, letters, "1.0"), "the bad one is a dead letter")
        figures = await scrape(port)
    assert figures["casabricks_index_documents_total"] == "2.0"
    assert figures["casabricks_index_refused_total"] == "1.0"
    assert figures["casabricks_index_superseded_total"] == "0.0"
    assert figures["casabricks_index_lag_seconds"] == figures["casabricks_index_pending_changes"] == "0.0"
    assert figures["casabricks_index_schema_matches"] == "1.0"
    assert figures["casabricks_index_ahead"] == "0.0"
    assert figures['casabricks_index_drift{fault="missing"}'] == "NaN"  # never verified
    assert any(name.startswith(f'casabricks_index_generation{{name="{generation}"') for name in figures)


async def shows(port, name, value):
    try:
        return (await scrape(port)).get(name) == value
    except aiohttp.ClientConnectionError:
        return False  # the metrics server has not started yet


async def test_figures_of_a_verification_are_told(engine, search, settings, alias, generation):
    await store(engine, home())
    await plain_sql(engine, "DELETE FROM search_outbox")
    await record(engine, await verify(engine, search, alias=alias, index=generation))
    metrics = Metrics()
    await metrics.observe(engine, alias)
    assert metrics.registry.get_sample_value("casabricks_index_drift", {"fault": "missing"}) == 1
    assert metrics.registry.get_sample_value("casabricks_index_drift", {"fault": "stale"}) == 0


async def test_without_a_database_the_figures_say_that_nothing_is_known(settings, port):
    nowhere = settings.model_copy(
        update={"database_url": "postgresql://postgres@127.0.0.1:1/nowhere", "indexer_metrics_port": port}
    )
    stop = asyncio.Event()
    task = asyncio.create_task(run(nowhere, stop))
    await until(lambda: shows(port, "casabricks_index_lag_seconds", "NaN"), "nothing is known")
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await task


async def test_a_live_index_of_another_release_ends_it_and_its_changes_stay(
    engine, search, alias, start, generation
):
    await plain_sql(engine, "UPDATE index_generations SET schema_hash = '00000000'")
    await store(engine, home())
    process = start("run")
    assert await process.ends() == 3
    assert f"{generation} is live and has the schema 00000000" in process.complained
    assert await pending(engine) == 1
    assert await titles(search, alias) == set()


async def test_it_ends_when_another_release_takes_over(engine, search, settings, alias, start):
    process = start("run")
    await process.until(lambda: "indexer started" in process.complained, "it starts")
    await plain_sql(
        engine,
        "INSERT INTO index_generations (name, alias, schema_hash, state)"
        " VALUES ('later', :alias, 'ffffffff', 'building')",
        alias=alias,
    )
    assert await process.ends() == 3
    await store(engine, home())
    with pytest.raises(ForeignGeneration, match="later is building and has the schema ffffffff"):
        await drain_once(engine, search, alias=alias)
    assert await pending(engine) == 1
