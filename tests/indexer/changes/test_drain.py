"""Drains: every change committed by plain SQL reaches the index once, at its newest revision."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import create_async_engine

from indexer.changes.bulk import EngineUnavailable
from indexer.changes.drain import DrainResult, drain_all, drain_once, drain_pending
from indexer.lifecycle import generations
from indexer.lifecycle.generations import ForeignGeneration, index_body
from schemas.index.listings import schema_hash
from schemas.tables import AuditRow, IndexGeneration
from schemas.urls import sqlalchemy_url
from tests.factories import home, picture, store, store_pictures
from tests.indexer.agreement import (
    agree,
    document,
    letters,
    pending,
    plain_sql,
    row_revisions,
    store_many,
    titles,
)
from tests.indexer.lifecycle.test_generations import states
from tests.waiting import PATIENCE_S, until

UNINDEXABLE = "x" * 40_000  # longer than the engine allows for a keyword
RESERVED = UUID("00000000-0000-7000-8000-000000000001")


@pytest.fixture
async def drained(engine, search, alias, generation):
    """Return a function that drains everything and checks that the live generation agrees."""

    async def drain() -> None:
        await drain_all(engine, search, alias=alias)
        assert await pending(engine) == 0
        await agree(engine, search, generation)

    return drain


async def test_inserts_updates_and_deletes_by_plain_sql_arrive(engine, search, alias, drained):
    kept, sold, gone = await store(engine, home("Kept"), home("Sold"), home("Gone"))
    await drained()
    assert await titles(search, alias) == {"Kept", "Sold", "Gone"}
    await plain_sql(engine, "UPDATE properties SET title = 'Kept, renamed' WHERE id = :id", id=kept)
    await plain_sql(engine, "UPDATE properties SET state = 'sold' WHERE id = :id", id=sold)
    await plain_sql(engine, "DELETE FROM properties WHERE id = :id", id=gone)
    await drained()
    assert await titles(search, alias) == {"Kept, renamed"}


async def test_a_deleted_property_leaves_a_tombstone_that_late_writes_cannot_pass(
    engine, search, alias, drained
):
    (gone,) = await store(engine, home())
    before = (await row_revisions(engine))[str(gone)]
    await plain_sql(engine, "DELETE FROM properties WHERE id = :id", id=gone)
    await drained()
    tombstone = await document(search, alias, gone)
    assert (tombstone["revision"] > before, tombstone["is_active"]) == (True, False)


async def test_a_new_picture_and_a_new_deal_are_changes_of_the_listing(engine, search, alias, drained):
    (flat,) = await store(engine, home())
    await drained()
    await store_pictures(engine, picture(flat))
    await plain_sql(
        engine,
        "INSERT INTO property_market (property_id, n, label, method) VALUES (:id, 9, 'good', 'test')",
        id=flat,
    )
    await drained()
    listing = await document(search, alias, flat)
    assert (listing["image"], listing["deal"]) == ("/media/a-thumb.webp", "good")


@pytest.mark.usefixtures("generation")
async def test_a_change_for_a_row_that_is_gone_waits_for_its_deletion(engine, search, alias):
    await plain_sql(engine, "INSERT INTO search_outbox (property_id, revision) VALUES (:id, 1)", id=RESERVED)
    assert await drain_once(engine, search, alias=alias) == DrainResult(claimed=1)


@pytest.mark.usefixtures("generation")
async def test_nothing_to_do_is_done_at_once(engine, search, alias):
    assert await drain_once(engine, search, alias=alias) == DrainResult()


async def test_changes_before_the_first_generation_are_settled_without_an_engine(
    engine, alias, proxied_search, proxy
):
    proxy.stop_serving()
    await store(engine, home(), home())
    assert await drain_once(engine, proxied_search, alias=alias) == DrainResult(claimed=2)


@pytest.mark.usefixtures("generation")
async def test_several_drains_share_the_work_and_lose_nothing(engine, search, alias):
    await store_many(engine, 3_000)
    await plain_sql(engine, "UPDATE properties SET price = price + 1 WHERE bhk = 2")
    owed = await pending(engine)
    shares = await asyncio.gather(*(drain_all(engine, search, alias=alias, limit=200) for _ in range(3)))
    assert sum(shares) == owed
    await agree(engine, search, alias)


async def test_a_drain_does_not_wait_for_what_another_holds(engine, search, alias, drained):
    await store(engine, home("Held"))
    async with engine.connect() as other, other.begin():
        await other.execute(text("SELECT id FROM search_outbox FOR UPDATE"))
        await store(engine, home("Free"))
        assert await drain_all(engine, search, alias=alias) == 1
        assert await titles(search, alias) == {"Free"}
    await drained()


@pytest.mark.usefixtures("generation")
async def test_what_somebody_waits_for_goes_before_a_backlog(engine, search, alias):
    await store_many(engine, 300)
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL casabricks.awaited = 'on'"))
        await connection.execute(text("UPDATE properties SET title = 'Awaited' WHERE title = 'Home 299'"))
    drained = await drain_once(engine, search, alias=alias, limit=20)
    assert (drained.claimed, drained.is_refresh_deferred) == (20, False)
    assert "Awaited" in await titles(search, alias)
    assert (await drain_once(engine, search, alias=alias, limit=20)).is_refresh_deferred


@pytest.mark.usefixtures("generation")
async def test_a_batch_is_searchable_once_it_is_settled_unless_more_are_to_come(engine, search, alias):
    await store(engine, home("First"), home("Second"), home("Third"), home("Fourth"))
    assert (await drain_once(engine, search, alias=alias, limit=1)).is_refresh_deferred
    assert await titles(search, alias) == set()
    assert not (
        await drain_once(engine, search, alias=alias, limit=1, always_refresh=True)
    ).is_refresh_deferred
    assert await titles(search, alias) == {"First", "Second"}
    assert not (await drain_once(engine, search, alias=alias, limit=2)).is_refresh_deferred, "it was the last"
    assert await titles(search, alias) == {"First", "Second", "Third", "Fourth"}


async def test_a_change_that_commits_late_is_not_passed_over(engine, search, alias, drained):
    async with engine.connect() as slow, slow.begin():
        await slow.execute(
            text(
                "INSERT INTO properties (title, locality, sector, property_type, listing_type, area_sqft,"
                " area_basis, price, state) VALUES ('Late', 'Sector 62', '62', 'villa', 'sale', 900, 'super',"
                " 9000000, 'active')"
            )
        )
        await store(engine, home("Early"))
        await drain_all(engine, search, alias=alias)
        assert await titles(search, alias) == {"Early"}
    await drained()
    assert await titles(search, alias) == {"Early", "Late"}


async def test_a_batch_that_the_engine_did_not_take_is_done_again(
    engine, alias, drained, proxied_search, proxy
):
    await store(engine, home(), home())
    proxy.stop_serving()
    with pytest.raises(EngineUnavailable):
        await drain_once(engine, proxied_search, alias=alias)
    assert await pending(engine) == 2
    await drained()


async def test_a_disk_that_is_full_holds_changes_back_without_blaming_them(
    engine, search, drained, generation, alias
):
    await store(engine, home())
    await search.indices.put_settings(index=generation, body={"index.blocks.read_only_allow_delete": True})
    with pytest.raises(EngineUnavailable, match="cluster_block_exception"):
        await drain_once(engine, search, alias=alias)
    await search.indices.put_settings(index=generation, body={"index.blocks.read_only_allow_delete": None})
    assert await letters(engine) == {}
    await drained()


@pytest.mark.usefixtures("generation")
async def test_a_refused_document_is_a_dead_letter_until_a_good_revision(engine, search, alias):
    bad, _ = await store(engine, home("Bad", society=UNINDEXABLE), home("Good"))
    drained = await drain_once(engine, search, alias=alias)
    assert drained == DrainResult(claimed=2, documents=2, refused=1)
    assert await titles(search, alias) == {"Good"}
    revision = (await row_revisions(engine))[str(bad)]
    assert await letters(engine) == {str(bad): (revision, "illegal_argument_exception", 1)}

    await plain_sql(engine, "UPDATE properties SET title = 'Still bad' WHERE id = :id", id=bad)
    await drain_all(engine, search, alias=alias)
    revision = (await row_revisions(engine))[str(bad)]
    assert await letters(engine) == {str(bad): (revision, "illegal_argument_exception", 2)}

    await plain_sql(engine, "UPDATE properties SET society = 'Short' WHERE id = :id", id=bad)
    await drain_all(engine, search, alias=alias)
    assert await letters(engine) == {}
    await agree(engine, search, alias)


@pytest.mark.usefixtures("generation")
async def test_a_row_that_cannot_be_rendered_is_a_dead_letter_too(engine, search, alias):
    bad, _ = await store(engine, home("Bad"), home("Good"))
    await plain_sql(engine, "UPDATE properties SET listed_at = 'infinity' WHERE id = :id", id=bad)
    await drain_all(engine, search, alias=alias)
    assert await titles(search, alias) == {"Good"}
    revision = (await row_revisions(engine))[str(bad)]
    assert await letters(engine) == {str(bad): (revision, "OverflowError", 1)}
    await plain_sql(engine, "DELETE FROM properties WHERE id = :id", id=bad)
    await drain_all(engine, search, alias=alias)
    assert await letters(engine) == {}


async def register(connection, settings, name, *, hash_=None):
    """Register a building generation as `generations.create` does, inside the caller's transaction."""
    values = {"name": name, "alias": settings.index_alias, "hash": hash_ or schema_hash()}
    await connection.execute(
        text(
            "INSERT INTO index_generations (name, alias, schema_hash, state)"
            " VALUES (:name, :alias, :hash, 'building')"
        ),
        values,
    )


async def is_waiting(engine, table) -> bool:
    """Return whether a connection waits for a table of this database; table ids repeat across databases."""
    waiting = """
        SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE NOT granted AND relation = CAST(:table AS regclass) AND datname = current_database()
    """
    async with engine.connect() as connection:
        return bool(await connection.scalar(text(waiting), {"table": table}))


@pytest.fixture
async def patient(settings):
    """A database engine without a lock timeout, for connections that wait for a lock."""
    engine = create_async_engine(sqlalchemy_url(settings.database_url))
    yield engine
    await engine.dispose()


# The drain is held up either before it claims, or after it has claimed and before it asks where to write.
@pytest.mark.parametrize("table", ["search_outbox", "index_generations"])
async def test_a_generation_registered_meanwhile_gets_the_rows(
    engine, patient, search, settings, generation, table
):
    alias = settings.index_alias
    await store(engine, home("In between"))
    await search.indices.create(index=f"{alias}-newer", body=index_body(settings))
    async with patient.connect() as other, other.begin():
        await other.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        drain = asyncio.create_task(drain_once(patient, search, alias=alias))
        await until(lambda: is_waiting(engine, table), f"the drain waits for {table}")
        await register(other, settings, f"{alias}-newer")
    assert await drain == DrainResult(claimed=1, documents=1)
    await agree(engine, search, f"{alias}-newer")
    await agree(engine, search, generation)


NARROW = {"id": {"type": "keyword"}, "revision": {"type": "long"}, "title": {"type": "keyword"}}


def narrow(**fields):
    return {"mappings": {"dynamic": "strict", "properties": NARROW | fields}}


async def other_release(engine, search, settings, *, state, body, later=False):
    """Create a generation of an earlier release, or of a later one; return its name."""
    name = f"{settings.index_alias}-{'later' if later else 'earlier'}"
    await search.indices.create(index=name, body=body)
    async with engine.begin() as connection:
        await register(connection, settings, name, hash_="00000000")
    await plain_sql(
        engine,
        "UPDATE index_generations SET state = :state, retained_at = now(),"
        " started_at = started_at + CAST(:apart AS interval) WHERE name = :name",
        state=state,
        name=name,
        apart=timedelta(days=1 if later else -1),
    )
    return name


@pytest.mark.parametrize("state", ["building", "verifying", "retained"])
async def test_a_generation_of_an_earlier_release_stays_fresh_as_far_as_its_fields_go(
    engine, search, settings, alias, generation, state
):
    old = await other_release(engine, search, settings, state=state, body=narrow())
    (flat,) = await store(engine, home("Kept fresh"))
    assert await drain_once(engine, search, alias=alias) == DrainResult(claimed=1, documents=1)
    revision = (await row_revisions(engine))[str(flat)]
    assert await document(search, old, flat) == {
        "id": str(flat),
        "revision": revision,
        "title": "Kept fresh",
    }
    await plain_sql(engine, "DELETE FROM properties")
    await drain_once(engine, search, alias=alias)
    tombstone = await document(search, old, flat)
    assert (tombstone.keys(), tombstone["revision"] > revision) == ({"id", "revision"}, True)
    await agree(engine, search, generation)


async def test_what_a_later_release_has_retained_gets_nothing(engine, search, settings, alias, generation):
    """This release's documents would look complete there but lack the later release's fields."""
    later = await other_release(engine, search, settings, state="retained", body=narrow(), later=True)
    (flat,) = await store(engine, home())
    await drain_once(engine, search, alias=alias)
    assert not await search.exists(index=later, id=str(flat))
    await agree(engine, search, generation)


@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize("state", ["building", "verifying"])
async def test_what_a_later_release_is_building_keeps_changes_where_they_are(
    engine, search, settings, alias, state
):
    await other_release(engine, search, settings, state=state, body=narrow(), later=True)
    await store(engine, home())
    with pytest.raises(ForeignGeneration, match=f"is {state} and has the schema 00000000"):
        await drain_once(engine, search, alias=alias)
    assert await pending(engine) == 1


@pytest.fixture
async def abandoned(engine, search, settings):
    """A half-built generation of a later release, with a heartbeat two minutes old."""
    name = await other_release(engine, search, settings, state="building", body=narrow(), later=True)
    await plain_sql(
        engine,
        "UPDATE index_generations SET heartbeat = heartbeat - interval '2 minutes' WHERE name = :name",
        name=name,
    )
    return name


async def test_what_a_later_release_has_left_half_built_does_not_hold_the_live_one_back(
    engine, search, alias, generation, abandoned
):
    await store(engine, home())
    assert await drain_once(engine, search, alias=alias) == DrainResult(claimed=1, documents=1)
    assert await states(engine) == {generation: "live", abandoned: "failed"}
    assert (await errors(engine))[abandoned].startswith("Nobody was at work on it for 1 min")
    await agree(engine, search, generation)


async def test_with_none_live_changes_wait_even_for_what_was_left_half_built(
    engine, search, alias, generation, abandoned
):
    await plain_sql(
        engine, "UPDATE index_generations SET state = 'retained' WHERE name = :name", name=generation
    )
    await store(engine, home())
    with pytest.raises(ForeignGeneration, match=f"{abandoned} is building"):
        await drain_once(engine, search, alias=alias)
    assert await pending(engine) == 1
    assert (await states(engine))[abandoned] == "building"


@pytest.mark.parametrize(
    ("state", "ends"), [("building", "failed"), ("verifying", "failed"), ("retained", "stale")]
)
async def test_an_index_of_an_earlier_release_that_takes_nothing_does_not_hold_the_live_one_back(
    engine, search, settings, alias, generation, state, ends
):
    old = await other_release(engine, search, settings, state=state, body=narrow())
    await block(search, old)
    await store(engine, home())
    assert await drain_once(engine, search, alias=alias) == DrainResult(claimed=1, documents=1)
    assert await states(engine) == {generation: "live", old: ends}
    await agree(engine, search, generation)


async def test_the_live_index_of_an_earlier_release_is_not_held_back_by_what_this_one_builds(
    engine, search, settings, alias, generation
):
    await plain_sql(engine, "UPDATE index_generations SET state = 'building'")
    old = await other_release(engine, search, settings, state="live", body=narrow())
    await block(search, generation)
    (flat,) = await store(engine, home("Searched all the same"))
    assert await drain_once(engine, search, alias=alias) == DrainResult(claimed=1, documents=1)
    assert await states(engine) == {old: "live", generation: "failed"}
    assert (await document(search, old, flat))["title"] == "Searched all the same"


async def test_what_the_live_index_of_an_earlier_release_refuses_is_a_dead_letter(
    engine, search, settings, alias, generation
):
    await plain_sql(engine, "UPDATE index_generations SET state = 'retained', retained_at = now()")
    await other_release(engine, search, settings, state="live", body=narrow(title={"type": "date"}))
    (flat,) = await store(engine, home())
    assert await drain_once(engine, search, alias=alias) == DrainResult(claimed=1, documents=1, refused=1)
    revision = (await row_revisions(engine))[str(flat)]
    assert await letters(engine) == {str(flat): (revision, "mapper_parsing_exception", 1)}
    await agree(engine, search, generation)


@pytest.mark.usefixtures("generation")
async def test_changes_are_not_taken_for_another_alias(engine, search, alias):
    await store(engine, home())
    with pytest.raises(ForeignGeneration, match=f"The changes of this database feed {alias}, not another"):
        await drain_once(engine, search, alias="another")
    assert await pending(engine) == 1


async def test_a_generation_of_an_earlier_release_refuses_without_blame(
    engine, search, settings, alias, generation
):
    await other_release(engine, search, settings, state="retained", body=narrow(title={"type": "date"}))
    await store(engine, home())
    assert await drain_once(engine, search, alias=alias) == DrainResult(claimed=1, documents=1)
    assert await letters(engine) == {}
    await agree(engine, search, generation)


async def test_a_generation_of_another_release_that_is_gone_holds_nothing_up(
    engine, search, settings, alias, generation
):
    old = await other_release(engine, search, settings, state="retained", body=narrow())
    await search.indices.delete(index=old)
    await store(engine, home())
    assert await drain_once(engine, search, alias=alias) == DrainResult(claimed=1, documents=1)
    await agree(engine, search, generation)


@pytest.mark.usefixtures("generation")
async def test_writes_that_come_too_late_are_counted(engine, search, alias):
    (flat,) = await store(engine, home())
    await drain_all(engine, search, alias=alias)
    late = "INSERT INTO search_outbox (property_id, revision, deleted) VALUES (:id, 0, true)"
    await plain_sql(engine, late, id=flat)
    assert await drain_once(engine, search, alias=alias) == DrainResult(claimed=1, documents=2, superseded=1)


async def test_a_narrower_mapping_of_this_schema_makes_dead_letters(
    engine, search, settings, alias, generation
):
    await search.indices.create(index=f"{alias}-narrow", body=narrow())
    async with engine.begin() as connection:
        await register(connection, settings, f"{alias}-narrow")
    (flat,) = await store(engine, home())
    await drain_once(engine, search, alias=alias)
    revision = (await row_revisions(engine))[str(flat)]
    assert await letters(engine) == {str(flat): (revision, "strict_dynamic_mapping_exception", 1)}
    await agree(engine, search, generation)


@pytest.fixture
async def three(engine, search, settings, alias, generation):
    """Names of three generations: retained, live and building."""
    newer = await generations.create(engine, search, settings)
    await generations.begin_verifying(engine, newer)
    await generations.promote(engine, search, alias, newer)
    return generation, newer, await generations.create(engine, search, settings)


async def errors(engine):
    query = select(IndexGeneration.name, IndexGeneration.error)
    async with engine.connect() as connection:
        return {row.name: row.error for row in await connection.execute(query)}


async def test_generations_that_are_gone_do_not_hold_the_live_one_up(engine, search, alias, three):
    retained, live, building = three
    await search.indices.delete(index=f"{retained},{building}")
    await store(engine, home())
    assert await drain_once(engine, search, alias=alias) == DrainResult(claimed=1, documents=1)
    assert await states(engine) == {retained: "stale", live: "live", building: "failed"}
    assert await errors(engine) == {
        retained: f"no such index [{retained}]",
        live: None,
        building: f"no such index [{building}]",
    }
    await agree(engine, search, live)


async def block(search, *names, is_blocked=True):
    """Block writes, as the engine does itself if its disk is full."""
    body = {"index.blocks.read_only_allow_delete": is_blocked or None}
    await search.indices.put_settings(index=",".join(names), body=body)


async def test_generations_that_take_nothing_are_given_up_while_the_live_one_does(
    engine, search, alias, three
):
    retained, live, building = three
    await block(search, retained, building)
    await store(engine, home("Searched all the same"))
    assert await drain_once(engine, search, alias=alias) == DrainResult(claimed=1, documents=1)
    assert await titles(search, alias) == {"Searched all the same"}
    assert await states(engine) == {retained: "stale", live: "live", building: "failed"}
    reasons = await errors(engine)
    assert "cluster_block_exception" in reasons[retained]
    assert "cluster_block_exception" in reasons[building]
    async with engine.connect() as connection:
        rows = await connection.execute(select(AuditRow.entity_id).where(AuditRow.action == "index.give_up"))
        assert set(rows.scalars()) == {retained, building}


async def test_an_engine_that_is_away_is_no_fault_of_any_generation(
    engine, search, alias, three, proxy, proxied_search
):
    retained, live, building = three
    await store(engine, home())
    proxy.stop_serving()
    with pytest.raises(EngineUnavailable):
        await drain_once(engine, proxied_search, alias=alias)
    assert await states(engine) == {retained: "retained", live: "live", building: "building"}
    assert await drain_once(engine, search, alias=alias) == DrainResult(claimed=1, documents=1)
    for name in three:
        await agree(engine, search, name)


async def test_a_live_generation_that_takes_nothing_holds_changes_back_whatever_the_others_do(
    engine, search, alias, three
):
    retained, live, building = three
    await block(search, live)
    await store(engine, home())
    with pytest.raises(EngineUnavailable, match="cluster_block_exception"):
        await drain_once(engine, search, alias=alias)
    assert await states(engine) == {retained: "retained", live: "live", building: "building"}
    assert await pending(engine) == 1


async def test_with_none_live_what_is_being_built_holds_changes_back(
    engine, search, settings, alias, indexes
):
    building = await generations.create(engine, search, settings)
    await block(search, building)
    await store(engine, home())
    with pytest.raises(EngineUnavailable, match="cluster_block_exception"):
        await drain_once(engine, search, alias=alias)
    assert await states(engine) == {building: "building"}
    await block(search, building, is_blocked=False)
    assert await drain_once(engine, search, alias=alias) == DrainResult(claimed=1, documents=1)


async def test_only_what_the_live_generation_has_taken_clears_a_letter(
    engine, search, settings, alias, generation
):
    (bad,) = await store(engine, home(society=UNINDEXABLE))
    await drain_once(engine, search, alias=alias)
    await plain_sql(engine, "UPDATE index_generations SET state = 'failed'")
    await generations.create(engine, search, settings)
    await plain_sql(engine, "UPDATE properties SET society = 'Short' WHERE id = :id", id=bad)
    await drain_once(engine, search, alias=alias)
    assert set(await letters(engine)) == {str(bad)}


async def test_changes_wait_while_the_live_index_is_missing(engine, search, alias, generation):
    await search.indices.delete(index=generation)
    await store(engine, home())
    with pytest.raises(EngineUnavailable, match="run `indexer reindex`"):
        await drain_once(engine, search, alias=alias)
    assert await pending(engine) == 1


@pytest.mark.usefixtures("generation")
async def test_waiting_for_what_is_pending_includes_what_another_drain_holds(engine, search, alias):
    await store(engine, home())
    async with engine.connect() as other, other.begin():
        await other.execute(text("SELECT id FROM search_outbox FOR UPDATE"))
        waiting = asyncio.create_task(drain_pending(engine, search, alias=alias))
        await asyncio.sleep(0.2)
        assert not waiting.done()
    async with asyncio.timeout(PATIENCE_S):
        await waiting
    assert await pending(engine) == 0
