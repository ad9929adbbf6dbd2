"""Verification: it finds every kind of drift between the table and the index, and reports nothing else."""

import asyncio
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from indexer.changes.documents import bucket
from indexer.changes.drain import drain_all
from indexer.verification.digests import digest_both
from indexer.verification.findings import Fault, IndexedState, fault_of
from indexer.verification.repair import repair
from indexer.verification.verify import Drift, Verified, verify
from schemas.tables import AuditRow
from tests.factories import home, store
from tests.indexer.agreement import agree, plain_sql, row_revisions, store_many, titles

GHOST = UUID("00000000-0000-7000-8000-00000000abcd")


@pytest.fixture
def check(engine, search, alias, generation):
    """Return a function that verifies the live generation and returns the drift by fault."""

    async def check():
        found = await verify(engine, search, alias=alias, index=generation)
        return {fault: count for fault, count in found.drift.by_fault.items() if count}

    return check


@pytest.fixture
async def listed(engine, search, alias, generation):
    """Six hundred homes and their documents; one home was edited."""
    await store_many(engine, 600)
    await plain_sql(engine, "UPDATE properties SET title = 'Edited' WHERE title = 'Home 4'")
    await drain_all(engine, search, alias=alias)


async def silently(engine, statement):
    """Change rows without triggers, so that no change reaches the outbox."""
    async with engine.begin() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        await driver.execute("SET LOCAL session_replication_role = replica")
        await driver.execute(statement)


@pytest.mark.usefixtures("listed")
async def test_an_index_that_is_level_has_no_drift(engine, search, alias, generation):
    found = await verify(engine, search, alias=alias, index=generation)
    assert found == Verified(generation, rows=600, documents=600, drift=Drift())
    rows, documents = await digest_both(engine, search, generation)
    assert rows == documents


async def test_an_empty_index_is_level_with_an_empty_table(check):
    assert await check() == {}


@pytest.mark.usefixtures("listed")
async def test_changes_that_are_still_pending_are_no_drift(engine, check):
    await plain_sql(engine, "UPDATE properties SET price = price + 1 WHERE bhk = 1")
    await plain_sql(engine, "DELETE FROM properties WHERE bhk = 2")
    await store(engine, home("New"))
    assert await check() == {}


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM properties WHERE id IN (SELECT id FROM properties LIMIT 4)", {"orphan": 4}),
        ("UPDATE properties SET revision = nextval('search_revisions') WHERE bhk = 1", {"stale": 150}),
        ("UPDATE properties SET revision = 1 WHERE title = 'Edited'", {"ahead": 1}),
    ],
)
async def test_drift_is_found_and_named(engine, check, statement, expected):
    await silently(engine, statement)
    assert await check() == expected


async def test_rows_without_a_document_are_found(engine, check):
    await store_many(engine, 5)
    await plain_sql(engine, "DELETE FROM search_outbox")
    assert await check() == {"missing": 5}


@pytest.mark.usefixtures("listed")
async def test_one_missing_does_not_make_up_for_one_too_many(engine, search, check, generation):
    """Both documents have the same bucket and the same revision."""
    one, two = UUID(int=0x1111_0000_0001), UUID(int=0x2222_0000_0001)
    await silently(engine, "DELETE FROM properties WHERE bhk > 1")
    await store(engine, home(id=one, price=1_000_000))
    await plain_sql(engine, "DELETE FROM search_outbox")
    revision = (await row_revisions(engine))[str(one)]
    await search.index(
        index=generation,
        id=str(two),
        body={
            "id": str(two),
            "revision": revision,
            "bucket": bucket(str(two)),
            "locality": "Sector 62",
            "price": 2_000_000,
        },
    )
    assert await check() == {"missing": 1, "orphan": 451}


@pytest.mark.usefixtures("generation")
async def test_a_document_that_belongs_to_no_bucket_is_an_orphan(search, check, generation):
    document = {"id": str(GHOST), "locality": "Sector 62"}
    await search.index(index=generation, id=str(GHOST), body=document)
    assert await check() == {"orphan": 1}


async def test_a_tombstone_where_there_is_a_row_means_that_it_is_missing(engine, search, alias, check):
    (flat,) = await store(engine, home())
    await plain_sql(
        engine,
        "INSERT INTO search_outbox (property_id, revision, deleted)"
        " SELECT id, revision, true FROM properties WHERE id = :id",
        id=flat,
    )
    await drain_all(engine, search, alias=alias)
    await plain_sql(engine, "DELETE FROM search_outbox")
    assert await check() == {"missing": 1}


async def test_what_was_refused_is_known_and_no_drift(engine, search, alias, check):
    await store(engine, home(society="x" * 40_000), home())
    await drain_all(engine, search, alias=alias)
    assert await check() == {}


@pytest.mark.usefixtures("listed")
async def test_people_who_go_on_writing_are_not_mistaken_for_drift(engine, check):
    async def write():
        for turn in range(40):
            await plain_sql(engine, "UPDATE properties SET price = price + 1 WHERE title LIKE 'Home 1%'")
            await plain_sql(engine, "DELETE FROM properties WHERE title = :title", title=f"Home {turn + 1}")
            await store(engine, home(f"New {turn}"))

    writing = asyncio.create_task(write())
    found = [await check() for _ in range(4)]
    await writing
    assert found == [{}, {}, {}, {}]


@pytest.mark.usefixtures("listed")
async def test_only_examples_of_a_great_drift_are_kept(engine, search, alias, generation):
    await silently(engine, "UPDATE properties SET revision = nextval('search_revisions')")
    found = await verify(engine, search, alias=alias, index=generation)
    assert found.drift.by_fault == {"missing": 0, "orphan": 0, "stale": 600, "ahead": 0, "different": 0}
    assert len(found.drift.examples) == 20
    assert str(found.drift) == "0 missing, 0 orphan, 600 stale, 0 ahead, 0 different"


@pytest.mark.usefixtures("listed")
async def test_a_repair_mends_what_is_missing_stale_or_too_many(engine, search, alias, generation):
    unseen = "UPDATE properties SET revision = nextval('search_revisions'), title = 'Stale' WHERE bhk = 1"
    await silently(engine, unseen)
    await silently(engine, "DELETE FROM properties WHERE bhk = 2")
    await silently(engine, "DELETE FROM search_outbox")
    await store_many(engine, 10)
    await plain_sql(engine, "DELETE FROM search_outbox")
    repaired = await repair(engine, search, alias=alias, index=generation)
    found = repaired.found.drift.by_fault
    assert found == {"missing": 10, "orphan": 150, "stale": 150, "ahead": 0, "different": 0}
    assert (repaired.left.rows, repaired.left.documents) == (460, 460)
    assert not repaired.left.drift
    await agree(engine, search, alias)
    assert "Stale" in await titles(search, alias)
    async with engine.connect() as connection:
        rows = await connection.scalars(select(AuditRow.changes).where(AuditRow.action == "index.repair"))
        assert rows.all() == [{"missing": [10, 0], "orphan": [150, 0], "stale": [150, 0]}]


@pytest.mark.usefixtures("listed")
async def test_rows_outrun_documents_that_are_ahead_of_them(engine, search, alias, generation):
    await plain_sql(engine, "UPDATE properties SET price = price + 1 WHERE bhk = 1")
    await plain_sql(engine, "UPDATE properties SET price = price + 1 WHERE bhk = 1 AND price % 8 = 1")
    await drain_all(engine, search, alias=alias)
    await silently(engine, "UPDATE properties SET revision = 1, title = 'Restored' WHERE bhk = 1")
    repaired = await repair(engine, search, alias=alias, index=generation)
    assert repaired.found.drift.by_fault["ahead"] == 150
    assert not repaired.left.drift
    await agree(engine, search, alias)
    assert "Restored" in await titles(search, alias)


async def test_a_document_is_passed_however_far_it_is_ahead(engine, search, alias, generation):
    (flat,) = await store(engine, home("Passed"))
    await silently(engine, "UPDATE properties SET revision = revision + 1000000000")
    far = (await row_revisions(engine))[str(flat)]
    await drain_all(engine, search, alias=alias)
    await silently(engine, "UPDATE properties SET revision = 1")
    repaired = await repair(engine, search, alias=alias, index=generation)
    (example,) = repaired.found.drift.examples
    assert (example.fault, example.property_id, example.document_revision) == (Fault.AHEAD, str(flat), far)
    assert not repaired.left.drift
    assert (await row_revisions(engine))[str(flat)] == far + 1
    await agree(engine, search, alias)


async def test_a_property_put_back_after_its_deletion_is_searchable_again(engine, search, alias, generation):
    (flat,) = await store(engine, home("Here again"))
    await plain_sql(engine, "UPDATE properties SET price = price + 1")
    await plain_sql(engine, "DELETE FROM properties")
    await drain_all(engine, search, alias=alias)
    await store(engine, home("Here again", id=flat))
    await drain_all(engine, search, alias=alias)
    assert await titles(search, alias) == {"Here again"}
    await agree(engine, search, generation)


async def test_a_document_that_somebody_deleted_a_moment_ago_is_put_back(engine, search, alias, generation):
    (flat,) = await store(engine, home("Deleted by hand"))
    await drain_all(engine, search, alias=alias)
    await search.delete(index=generation, id=str(flat))
    repaired = await repair(engine, search, alias=alias, index=generation)
    assert (repaired.found.drift.by_fault["missing"], bool(repaired.left.drift)) == (1, False)
    assert await titles(search, alias) == {"Deleted by hand"}


async def test_tombstones_are_removed_after_a_day(engine, search, alias, generation):
    young, old = await store(engine, home(), home())
    await plain_sql(engine, "DELETE FROM properties")
    await plain_sql(
        engine,
        "UPDATE search_outbox SET created_at = now() - interval '25 hours' WHERE property_id = :old",
        old=old,
    )
    await drain_all(engine, search, alias=alias)
    assert (await repair(engine, search, alias=alias, index=generation)).tombstones == 1
    assert await search.exists(index=generation, id=str(young))
    assert not await search.exists(index=generation, id=str(old))
    assert (await repair(engine, search, alias=alias, index=generation)).tombstones == 0


revisions = st.none() | st.integers(1, 3)


@given(before=revisions, later=st.none() | st.integers(0, 3), document=revisions, is_tombstone=st.booleans())
def test_no_interleaving_of_healthy_writes_is_judged_a_fault(before, later, document, is_tombstone):
    """The index may hold any revision between the row as read before and the row as read after."""
    after = None if later is None else (before or 0) + later
    held = None if document is None else IndexedState(document, is_tombstone)
    fault = fault_of(before, held, after)
    if before is None and after is None:
        assert (fault is Fault.ORPHAN) == (held is not None and not is_tombstone)
    elif before is None or after is None:
        assert fault is None
    elif held is None:
        assert fault is Fault.MISSING
    elif before <= held.revision <= after:
        assert fault is (Fault.MISSING if is_tombstone else None)
    else:
        assert fault is (Fault.STALE if held.revision < before else Fault.AHEAD)
