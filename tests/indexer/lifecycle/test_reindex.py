"""Reindexing during writes, and recovery after it is killed."""

import asyncio

import pytest
from sqlalchemy import select, text

from indexer.changes.bulk import EngineUnavailable
from indexer.changes.drain import drain_all, drain_once
from indexer.lifecycle import generations
from indexer.lifecycle.fill import PAGE, SLICES, Fill
from indexer.lifecycle.generations import alias_target
from indexer.lifecycle.reindex import ReindexRefused, reindex, reindex_lock, require_lock
from runtime.crash_points import EXIT_CODE
from schemas.tables import IndexGeneration
from stores.answers import CachedAnswers, SearchCacheEpoch
from tests.factories import home, store
from tests.indexer.agreement import agree, document, letters, pending, plain_sql, row_revisions, store_many
from tests.indexer.changes.test_drain import errors
from tests.indexer.commands import quietly
from tests.indexer.lifecycle.test_generations import states
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.usefixtures("indexes")


async def test_the_first_reindex_makes_everything_searchable(engine, search, settings, alias):
    await store_many(engine, 3_500)
    name = await reindex(engine, search, settings, progress=quietly)
    assert await states(engine) == {name: "live"}
    assert await alias_target(search, alias) == [name]
    await agree(engine, search, alias)
    assert await pending(engine) == 0


async def test_a_table_without_rows_makes_an_empty_index(engine, search, settings, alias):
    name = await reindex(engine, search, settings, progress=quietly)
    assert await alias_target(search, alias) == [name]


@pytest.mark.usefixtures("generation")
async def test_what_people_write_meanwhile_is_in_the_new_generation(engine, search, settings, alias):
    await store_many(engine, 7_000)
    turns = iter(range(1_000))
    one_at_a_time = asyncio.Lock()  # slices report progress concurrently and would deadlock on the same rows

    async def write_meanwhile(_written, _total):
        async with one_at_a_time:
            turn = next(turns)
            await store(engine, home(f"New {turn}"))
            await plain_sql(engine, "UPDATE properties SET price = price + 1 WHERE title LIKE 'Home 1%'")
            await plain_sql(
                engine,
                "DELETE FROM properties WHERE title IN (:one, :two)",
                one=f"Home {turn + 1}",
                two=f"Home {7000 - turn}",
            )

    name = await reindex(engine, search, settings, progress=write_meanwhile)
    assert await alias_target(search, alias) == [name]
    await agree(engine, search, name)


async def test_a_fill_makes_way_for_changes_that_wait(engine, search, settings, alias, generation, cache):
    """Waiting changes become searchable at once, and no cached answer is older than they are."""
    await store_many(engine, 7_000)  # more than a page for each slice
    await drain_all(engine, search, alias=alias)
    name = await generations.create(engine, search, settings)
    answers = CachedAnswers(cache, alias)
    before = await answers.find("a")
    begun = []

    async def keep_one_waiting(_written, _total):
        if not begun:  # slices report progress concurrently
            begun.append(True)
            await store(engine, home("Waiting"))
            await plain_sql(engine, "UPDATE search_outbox SET created_at = created_at - interval '1 minute'")

    await Fill(engine, search, alias, name, keep_one_waiting, epoch=SearchCacheEpoch(cache, alias)).run()
    assert await pending(engine) == 0, "and nobody else drains"
    found = await search.count(index=alias, body={"query": {"match_phrase": {"title": "Waiting"}}})
    assert found["count"] == 1
    assert int((await answers.find("a")).epoch or 0) > int(before.epoch or 0)
    await agree(engine, search, name)
    await agree(engine, search, generation)


@pytest.mark.usefixtures("generation")
async def test_refused_documents_are_known_and_do_not_block_the_others(engine, search, settings, alias):
    bad, endless, _ = await store(engine, home(society="x" * 40_000), home(listed_at="infinity"), home())
    await reindex(engine, search, settings, progress=quietly)
    assert set(await letters(engine)) == {str(bad), str(endless)}
    answer = await search.count(index=alias)
    assert answer["count"] == 1


async def test_an_incomplete_generation_is_not_promoted(engine, search, settings, alias, generation):
    await store_many(engine, 10)

    async def lose_one(_written, _total):
        async with engine.connect() as connection:
            building = (await generations.unfinished(connection, alias))[0].name
        await search.indices.refresh(index=building)
        await search.delete_by_query(
            index=building, body={"query": {"match_all": {}}, "max_docs": 1}, params={"conflicts": "proceed"}
        )

    with pytest.raises(
        ReindexRefused, match=r"\d missing, 0 orphan, 0 stale, 0 ahead, 0 different\. Not promoted"
    ):
        await reindex(engine, search, settings, progress=lose_one)
    assert await alias_target(search, alias) == [generation]
    assert sorted((await states(engine)).values()) == ["failed", "live"]

    await reindex(engine, search, settings, progress=quietly)
    await agree(engine, search, alias)
    assert len(await search.indices.get(index=f"{alias}-*")) == 2  # the failed index is gone


class BrokenOff(Exception):
    """Raised when the operator interrupts a reindex."""


async def break_off(written, _total):
    raise BrokenOff(f"after {written}")


async def cursors(engine, name):
    async with engine.connect() as connection:
        query = select(IndexGeneration.cursor).where(IndexGeneration.name == name)
        return await connection.scalar(query)


async def rows_filled(engine, name):
    return sum(part["rows"] for part in (await cursors(engine, name)).values())


async def break_off_a_reindex(engine, search, settings):
    with pytest.raises(BrokenOff):
        await reindex(engine, search, settings, progress=break_off)
    (name,) = await states(engine)
    return name


async def test_a_reindex_that_was_broken_off_goes_on_from_its_cursors(engine, search, settings, alias):
    # More than a page for each slice: no slice has written all its rows when the first page breaks it off.
    rows = (PAGE + 100) * SLICES
    await store_many(engine, rows)
    name = await break_off_a_reindex(engine, search, settings)
    filled = await rows_filled(engine, name)
    assert filled > 0
    reports = []

    async def report(written, total):
        reports.append((written, total))

    assert await reindex(engine, search, settings, progress=report) == name
    assert reports[0][0] > filled
    assert reports[-1] == (rows, rows)
    await agree(engine, search, alias)


async def test_a_reindex_can_start_afresh(engine, search, settings, alias):
    await store_many(engine, 50)
    name = await break_off_a_reindex(engine, search, settings)
    newer = await reindex(engine, search, settings, progress=quietly, restart=True)
    assert await states(engine) == {name: "dropped", newer: "live"}
    await agree(engine, search, alias)


async def test_a_broken_off_reindex_of_another_schema_is_dropped(engine, search, settings, alias):
    await store_many(engine, 50)
    name = await break_off_a_reindex(engine, search, settings)
    await plain_sql(engine, "UPDATE index_generations SET schema_hash = '00000000'")
    newer = await reindex(engine, search, settings, progress=quietly)
    assert await states(engine) == {name: "dropped", newer: "live"}
    assert await search.indices.exists(index=name) is False
    await agree(engine, search, alias)


async def test_an_index_deleted_while_it_is_filled_fails_the_generation(engine, search, settings, alias):
    await store_many(engine, 3_500)

    async def delete_index(_written, _total):
        await search.indices.delete(index=f"{alias}-*")

    with pytest.raises(ReindexRefused):
        await reindex(engine, search, settings, progress=delete_index)
    assert list((await states(engine)).values()) == ["failed"]


async def test_the_last_retained_generation_is_kept_and_earlier_ones_dropped(
    engine, search, settings, generation
):
    second = await reindex(engine, search, settings, progress=quietly)
    third = await reindex(engine, search, settings, progress=quietly)
    assert await states(engine) == {generation: "dropped", second: "retained", third: "live"}
    assert await search.indices.exists(index=generation) is False


async def test_a_missing_live_index_is_declared_lost_and_made_anew(
    engine, search, settings, alias, generation
):
    await store_many(engine, 20)
    await search.indices.delete(index=generation)
    name = await reindex(engine, search, settings, progress=quietly)
    assert await states(engine) == {generation: "dropped", name: "live"}
    await agree(engine, search, alias)


async def test_a_second_reindex_is_refused(engine, search, settings, alias):
    async with reindex_lock(engine, alias):
        with pytest.raises(ReindexRefused, match="Another reindex"):
            await reindex(engine, search, settings, progress=quietly)
    async with reindex_lock(engine, alias):
        pass  # the lock is free again


async def test_a_short_outage_of_the_engine_only_delays_the_fill(engine, settings, proxy, proxied_search):
    await store_many(engine, 7_000)
    repairs = []

    async def interrupt(_written, _total):
        if not repairs:
            await store(engine, home("Waiting"))
            await plain_sql(engine, "UPDATE search_outbox SET created_at = created_at - interval '1 minute'")
            proxy.stop_serving()
            repairs.append(asyncio.create_task(repair()))

    async def repair():
        await until(lambda: proxy.refused, "somebody is refused")
        proxy.serving = True

    await reindex(engine, proxied_search, settings, progress=interrupt)
    await agree(engine, proxied_search, settings.index_alias)
    assert proxy.refused > 0


async def test_a_long_outage_ends_the_fill_with_its_cursors_in_place(
    engine, search, settings, proxy, proxied_search
):
    await store_many(engine, 10)
    name = await generations.create(engine, search, settings)
    proxy.stop_serving()
    with pytest.raises(EngineUnavailable):
        await Fill(engine, proxied_search, settings.index_alias, name, quietly, patience_s=0).run()
    assert await rows_filled(engine, name) == 0


async def test_a_fill_that_is_given_up_while_the_engine_answers_fails_its_generation(
    engine, search, settings, alias, generation
):
    """No process writes to the failed generation any more."""
    await store_many(engine, 7_000)
    await drain_all(engine, search, alias=alias)

    async def block(_written, _total):
        body = {"index.blocks.write": True}
        async with engine.connect() as connection:
            building = (await generations.unfinished(connection, alias))[0].name
        await search.indices.put_settings(index=building, body=body)

    with pytest.raises(EngineUnavailable, match="cluster_block_exception"):
        await reindex(engine, search, settings, progress=block, patience_s=0.5)
    assert sorted((await states(engine)).values()) == ["failed", "live"]
    assert await alias_target(search, alias) == [generation]


@pytest.mark.usefixtures("generation")
async def test_a_fill_that_is_given_up_while_the_engine_is_away_is_gone_on_with(
    engine, search, settings, proxy, proxied_search
):
    await store_many(engine, 7_000)

    async def cut_off(_written, _total):
        proxy.stop_serving()

    with pytest.raises(EngineUnavailable):
        await reindex(engine, proxied_search, settings, progress=cut_off, patience_s=0.5)
    found = await states(engine)
    assert sorted(found.values()) == ["building", "live"]
    assert await reindex(engine, search, settings, progress=quietly) in found


async def test_a_fill_ends_when_a_drain_has_given_its_generation_up(
    engine, search, settings, alias, generation
):
    await store_many(engine, 7_000)
    await drain_all(engine, search, alias=alias)

    async def give_up(_written, _total):
        async with engine.begin() as connection:
            building = (await generations.unfinished(connection, alias))[:1]
            for each in building:
                await generations.mark_unusable(connection, each.name, "It misses changes, says a drain.")

    with pytest.raises(ReindexRefused, match="It misses changes, says a drain"):
        await reindex(engine, search, settings, progress=give_up)
    assert sorted((await states(engine)).values()) == ["failed", "live"]
    (error,) = [error for name, error in (await errors(engine)).items() if name != generation]
    assert error == "It misses changes, says a drain."


@pytest.mark.usefixtures("generation")
async def test_a_restart_of_the_database_only_delays_a_reindex(engine, search, settings, alias):
    """The restart closes its connections, including the one that holds the reindex lock."""
    await store_many(engine, 7_000)
    interrupted = []

    async def interrupt(_written, _total):
        if not interrupted:
            interrupted.append(True)
            await end_connections(engine)

    name = await reindex(engine, search, settings, progress=interrupt)
    assert await alias_target(search, alias) == [name]
    await agree(engine, search, alias)


async def end_connections(engine):
    async with engine.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


async def test_who_has_lost_the_lock_to_another_changes_nothing(engine, alias):
    async with reindex_lock(engine, alias) as lock:
        await end_connections(engine)
        async with reindex_lock(engine, alias):
            with pytest.raises(ReindexRefused, match="Another reindex"):
                await require_lock(lock, alias)
        await require_lock(lock, alias)
        with pytest.raises(ReindexRefused, match="Another reindex"):
            async with reindex_lock(engine, alias):
                pass


async def test_letters_of_what_the_new_generation_has_taken_are_cleared(
    engine, search, settings, alias, generation
):
    """As after a release whose index accepts what the previous index refused."""
    cured, bad = await store(engine, home(), home(society="x" * 40_000))
    await drain_all(engine, search, alias=alias)
    await plain_sql(
        engine,
        "INSERT INTO search_dead_letters (property_id, revision, error_type, reason)"
        " SELECT id, revision, 'refused', 'by the index of before' FROM properties WHERE id = :id",
        id=cured,
    )
    await reindex(engine, search, settings, progress=quietly)
    assert set(await letters(engine)) == {str(bad)}


async def nobody_reindexes(engine):
    held = """
        SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE locktype = 'advisory' AND datname = current_database()
    """
    async with engine.connect() as connection:
        return await connection.scalar(text(held)) == 0


async def test_a_killed_reindex_is_finished_by_the_next(engine, search, settings, alias, start):
    await store_many(engine, 7_000)  # more than a page for each slice
    assert await start("reindex", CRASH_AT="after-page").ends() == EXIT_CODE
    (name,) = await states(engine)
    filled = await rows_filled(engine, name)
    assert 0 < filled < 7_000
    await until(lambda: nobody_reindexes(engine), "the database notices that the reindex is gone")
    reports = []

    async def report(written, _total):
        reports.append(written)

    assert await reindex(engine, search, settings, progress=report) == name
    assert filled < reports[0]
    assert await alias_target(search, alias) == [name]
    await agree(engine, search, alias)


async def test_a_document_is_not_set_back_by_the_fill(
    engine, search, settings, alias, generation, proxy, proxied_search
):
    """A row changes and is drained between the fill's read and its write of the older version."""
    (flat,) = await store(engine, home())
    await drain_all(engine, search, alias=alias)
    name = await generations.create(engine, search, settings)
    proxy.stop_serving()
    filling = asyncio.create_task(Fill(engine, proxied_search, alias, name, quietly).run())
    await until(lambda: proxy.refused, "the fill tries to write what it has read")
    await plain_sql(engine, "UPDATE properties SET price = price + 1")
    await drain_once(engine, search, alias=alias)
    newest = await row_revisions(engine)
    assert (await document(search, name, flat))["revision"] == newest[str(flat)]
    proxy.serving = True
    async with asyncio.timeout(PATIENCE_S):
        await filling
    assert await rows_filled(engine, name) == 1
    assert (await document(search, name, flat))["revision"] == newest[str(flat)]
