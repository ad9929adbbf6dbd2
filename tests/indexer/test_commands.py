"""Each command end to end: its output, its exit code, and its audit rows."""

from uuid import UUID

import pytest
from sqlalchemy import select

from indexer.changes.drain import drain_all
from indexer.lifecycle import generations
from indexer.lifecycle.generations import alias_target
from indexer.lifecycle.reindex import reindex, reindex_lock
from schemas.index.listings import schema_hash
from schemas.tables import AuditRow, IndexGeneration
from tests.factories import home, store
from tests.indexer.agreement import agree, letters, pending, plain_sql, row_revisions, store_many, titles
from tests.indexer.commands import Answered, quietly
from tests.indexer.lifecycle.test_generations import states

UNINDEXABLE = "x" * 40_000
NOBODY = UUID("00000000-0000-7000-8000-00000000abcd")
NO_DRIFT = {"missing": 0, "orphan": 0, "stale": 0, "ahead": 0, "different": 0}


async def actions(engine):
    async with engine.connect() as connection:
        return list(await connection.scalars(select(AuditRow.action).order_by(AuditRow.id)))


@pytest.fixture
async def rebuilt(engine, search, settings, generation):
    """Reindex twenty homes; return the name of the previous generation."""
    await store_many(engine, 20)
    await reindex(engine, search, settings, progress=quietly)
    return generation


# verify


async def test_verify_finds_nothing_and_says_so(engine, indexer, rebuilt, alias, search):
    (live,) = await alias_target(search, alias)
    answered = await indexer("verify", "--deep")
    assert answered.code == 0
    assert answered.facts.pop("seconds") < 60
    assert answered.facts == {
        "generation": live,
        "rows": 20,
        "documents": 20,
        "found": NO_DRIFT,
        "left": NO_DRIFT,
        "differences": [],
        "examples": [],
        "restored": None,
        "repair": False,
        "tombstones_removed": 0,
    }


async def lose(search, index, title, count=1):
    """Delete documents directly in the engine, at their own revision, so no newer revision is remembered."""
    body = {"query": {"match": {"title": title}}, "size": count, "version": True, "_source": False}
    hits = (await search.search(index=index, body=body))["hits"]["hits"]
    assert len(hits) == count
    for hit in hits:
        await search.delete(
            index=hit["_index"],
            id=hit["_id"],
            params={"version": hit["_version"], "version_type": "external_gte", "refresh": "true"},
        )


@pytest.mark.usefixtures("rebuilt")
async def test_verify_names_what_is_missing_and_repairs_it(engine, search, alias, indexer):
    await lose(search, alias, "Home")
    found = await indexer("verify")
    assert (found.code, found.facts["found"]["missing"]) == (1, 1)
    (example,) = found.facts["examples"]
    expected = ("missing", (await row_revisions(engine))[example["property_id"]], None)
    assert (example["fault"], example["row_revision"], example["document_revision"]) == expected

    assert (await indexer("verify", "--repair", "--dry-run")).facts["left"]["missing"] == 1
    repaired = await indexer("verify", "--repair")
    assert (repaired.code, repaired.facts["found"]["missing"], repaired.facts["left"]) == (0, 1, NO_DRIFT)
    await agree(engine, search, alias)
    assert (await actions(engine))[-1] == "index.repair"


@pytest.mark.usefixtures("rebuilt")
async def test_only_a_deep_verification_sees_another_content(engine, search, alias, indexer):
    (live,) = await alias_target(search, alias)
    hits = (await search.search(index=live, body={"size": 1, "version": True}))["hits"]["hits"]
    forged = hits[0]["_source"] | {"society": "Forged Court"}
    at = {"version": hits[0]["_version"], "version_type": "external_gte"}
    await search.index(index=live, id=hits[0]["_id"], body=forged, params=at)
    assert (await indexer("verify")).code == 0
    deep = await indexer("verify", "--deep")
    assert (deep.code, deep.facts["found"]["different"]) == (1, 1)
    repaired = await indexer("verify", "--deep", "--repair")
    assert (repaired.code, repaired.facts["left"]) == (0, NO_DRIFT)


@pytest.mark.usefixtures("rebuilt")
async def test_what_is_verified_is_kept_with_the_generation(engine, search, alias, indexer):
    await lose(search, alias, "Home")
    await indexer("verify")
    async with engine.connect() as connection:
        is_live = IndexGeneration.state == "live"
        verified = await connection.scalar(select(IndexGeneration.counts["verified"]).where(is_live))
    assert (verified["missing"], verified["rows"]) == (1, 20)


async def test_verify_needs_a_generation(engine, indexer, generation):
    unknown = await indexer("verify", "--generation", "listings-unheard-of")
    assert unknown.code == 3
    assert unknown.facts["error"].startswith("listings-unheard-of is not a generation of ")


@pytest.mark.usefixtures("engine")
async def test_nothing_can_be_verified_before_the_first_reindex(indexer):
    assert await indexer("verify") == Answered(3, {"error": "Nothing is live: run `indexer reindex`."})


# rollback


async def test_rollback_leads_back_and_forth_and_loses_nothing(engine, search, alias, indexer, rebuilt):
    (newer,) = await alias_target(search, alias)
    await store(engine, home("Written after the promotion"))
    await drain_all(engine, search, alias=alias)

    assert (await indexer("rollback", "--dry-run")).facts == {"live": rebuilt, "dry_run": True}
    assert await alias_target(search, alias) == [newer]

    assert await indexer("rollback") == Answered(0, {"live": rebuilt, "dry_run": False})
    assert await states(engine) == {rebuilt: "live", newer: "retained"}
    assert "Written after the promotion" in await titles(search, alias)
    await agree(engine, search, alias)

    assert (await indexer("rollback")).facts["live"] == newer
    await agree(engine, search, alias)
    assert (await actions(engine))[-2:] == ["index.rollback", "index.rollback"]


async def test_what_was_written_a_moment_before_a_rollback_is_searchable_after_it(
    engine, search, alias, indexer, rebuilt
):
    """A drain refreshes only the live generation, so the rollback must refresh the other one."""
    await store(engine, home("A moment ago"))
    await drain_all(engine, search, alias=alias)
    await indexer("rollback")
    assert "A moment ago" in await titles(search, alias)


@pytest.mark.usefixtures("generation")
async def test_there_is_nothing_to_roll_back_to_at_first(indexer):
    answered = await indexer("rollback")
    assert answered.code == 3
    assert (
        answered.facts["error"]
        == "There is no generation that was live within 24 hours: run `indexer reindex`."
    )


async def test_a_generation_that_lags_is_not_rolled_back_to_until_it_is_mended(
    engine, search, alias, indexer, rebuilt
):
    live = await alias_target(search, alias)
    await lose(search, rebuilt, "Home", count=2)
    refused = await indexer("rollback")
    assert refused.code == 3
    assert refused.facts["error"].startswith(f"{rebuilt} lags: 2 missing, ")
    assert await alias_target(search, alias) == live
    assert (await indexer("verify", "--generation", rebuilt, "--repair")).code == 0
    assert (await indexer("rollback")).facts["live"] == rebuilt


async def test_a_generation_of_another_schema_cannot_serve(engine, indexer, rebuilt):
    await plain_sql(
        engine, "UPDATE index_generations SET schema_hash = '00000000' WHERE name = :name", name=rebuilt
    )
    assert await indexer("rollback") == Answered(
        3,
        {
            "error": f"{rebuilt} has the schema 00000000, and this code searches {schema_hash()}:"
            " run `indexer rollback` of the release that made it."
        },
    )


async def test_a_generation_whose_index_is_gone_cannot_serve(search, indexer, rebuilt):
    await search.indices.delete(index=rebuilt)
    assert (await indexer("rollback", "--dry-run")).facts["error"] == f"The index {rebuilt} is not there."
    assert (await indexer("rollback")).code == 3


@pytest.mark.parametrize("arguments", [("rollback",), ("prune",), ("reindex",)])
@pytest.mark.usefixtures("generation")
async def test_one_operator_at_a_time(engine, alias, indexer, arguments):
    async with reindex_lock(engine, alias):
        answered = await indexer(*arguments)
    assert answered == Answered(3, {"error": f"Another reindex of {alias} is running."})


# prune


async def test_prune_deletes_what_nobody_needs(engine, search, settings, alias, indexer, rebuilt):
    stray = f"{alias}-00000000-20260101-000000-000000"
    await search.indices.create(index=stray)
    await search.indices.create(index=f"{alias}-by-hand")
    unfinished = await generations.create(engine, search, settings)
    live = await alias_target(search, alias)

    expected = {"generations": [], "indexes": [stray], "dry_run": True}
    assert await indexer("prune", "--dry-run") == Answered(0, expected)
    assert await indexer("prune") == Answered(0, expected | {"dry_run": False})
    assert not await search.indices.exists(index=stray)
    assert await search.indices.exists(index=f"{alias}-by-hand")

    assert (await indexer("prune", "--unfinished")).facts["generations"] == [unfinished]
    assert (await indexer("prune", "--retained")).facts["generations"] == [rebuilt]
    assert (await indexer("prune")).facts == {"generations": [], "indexes": [], "dry_run": False}
    assert await alias_target(search, alias) == live
    assert set((await states(engine)).values()) == {"live", "dropped"}
    assert (await actions(engine))[-3:] == ["index.delete", "index.drop", "index.drop"]


async def test_prune_drops_what_is_too_old_to_roll_back_to(engine, indexer, rebuilt):
    await plain_sql(
        engine,
        "UPDATE index_generations SET retained_at = now() - interval '25 hours' WHERE state = 'retained'",
    )
    assert (await indexer("prune")).facts["generations"] == [rebuilt]


# dead-letters


@pytest.fixture
async def refused(engine, search, alias, generation):
    """Two properties that the engine refuses."""
    ids = await store(engine, home("Bad", society=UNINDEXABLE), home("Worse", society=UNINDEXABLE))
    await drain_all(engine, search, alias=alias)
    return ids


@pytest.mark.usefixtures("generation")
async def test_no_dead_letters_are_fine(indexer):
    assert await indexer("dead-letters", "list") == Answered(0, {"letters": []})
    assert await indexer("dead-letters", "retry", "--all") == Answered(0, {"retried": [], "left": []})
    assert (await indexer("dead-letters", "discard", "--all")).facts["letters"] == []


async def test_dead_letters_are_listed_and_shown(indexer, refused):
    listed = await indexer("dead-letters", "list")
    assert listed.code == 1
    assert {letter["property_id"] for letter in listed.facts["letters"]} == set(map(str, refused))
    assert len((await indexer("dead-letters", "list", "--limit", "1")).facts["letters"]) == 1

    shown = await indexer("dead-letters", "show", str(refused[0]))
    assert shown.code == 0
    assert (shown.facts["title"], shown.facts["error_type"], shown.facts["attempts"]) == (
        "Bad",
        "illegal_argument_exception",
        1,
    )


async def test_a_letter_that_does_not_exist_is_refused(indexer, refused):
    for action in ("show", "retry", "discard"):
        answered = await indexer("dead-letters", action, str(NOBODY))
        assert answered == Answered(3, {"error": f"There is no dead letter of {NOBODY}."})


async def test_a_letter_is_retried_when_its_cause_is_gone(engine, search, alias, indexer, refused):
    mended, _ = refused
    # Remove the cause without an outbox entry, as a release does that can render the row.
    async with engine.begin() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        await driver.execute("SET LOCAL session_replication_role = replica")
        await driver.execute("UPDATE properties SET society = 'Short' WHERE id = %s", [mended])
    assert (await indexer("dead-letters", "retry", "--all", "--dry-run")).facts["dry_run"] is True
    assert len(await letters(engine)) == 2

    retried = await indexer("dead-letters", "retry", "--all")
    assert (retried.code, [left["title"] for left in retried.facts["left"]]) == (1, ["Worse"])
    assert retried.facts["left"][0]["attempts"] == 2
    assert await titles(search, alias) == {"Bad"}
    assert await pending(engine) == 0
    assert (await actions(engine))[-2:] == ["index.sync", "index.sync"]


async def test_the_letter_of_a_property_that_is_gone_is_thrown_away(engine, indexer, refused):
    gone, _ = refused
    await plain_sql(engine, "DELETE FROM properties WHERE id = :id", id=gone)
    await plain_sql(engine, "DELETE FROM search_outbox")
    assert await indexer("dead-letters", "retry", str(gone)) == Answered(
        0, {"retried": [str(gone)], "left": []}
    )


async def test_letters_can_be_discarded(engine, indexer, refused):
    one, two = map(str, refused)
    assert (await indexer("dead-letters", "discard", one, "--dry-run")).facts["letters"] == [one]
    assert set(await letters(engine)) == {one, two}
    assert (await indexer("dead-letters", "discard", one)).facts == {"letters": [one], "dry_run": False}
    assert set(await letters(engine)) == {two}
    assert (await actions(engine))[-1] == "index.discard"
    assert (await indexer("verify")).facts["found"] == NO_DRIFT | {"missing": 1}


# sync-ids


async def test_properties_are_synchronised_whatever_the_index_holds(
    engine, search, alias, indexer, generation
):
    lost, gone, bad = await store(engine, home("Lost"), home("Gone"), home("Bad"))
    await drain_all(engine, search, alias=alias)
    await lose(search, alias, "Lost")
    await plain_sql(engine, "UPDATE properties SET society = :text WHERE id = :id", id=bad, text=UNINDEXABLE)
    await plain_sql(engine, "DELETE FROM properties WHERE id = :id", id=gone)
    await plain_sql(engine, "DELETE FROM search_outbox")
    ids = [str(lost), str(gone), str(bad), str(NOBODY)]

    expected = dict(zip(ids, ["indexed", "removed", "indexed", "unknown"], strict=True))
    assert await indexer("sync-ids", *ids, "--dry-run") == Answered(
        0, {"properties": expected, "dry_run": True}
    )
    assert await titles(search, alias) == {"Gone", "Bad"}

    expected[str(bad)] = "refused"
    assert await indexer("sync-ids", *ids) == Answered(1, {"properties": expected, "dry_run": False})
    assert await titles(search, alias) == {"Lost", "Bad"}
    assert await actions(engine) == ["index.create", "index.promote", *["index.sync"] * 3]


async def test_a_property_whose_document_is_ahead_of_it_is_synchronised_too(
    engine, search, alias, indexer, generation
):
    (flat,) = await store(engine, home("Later"))
    await drain_all(engine, search, alias=alias)
    async with engine.begin() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        await driver.execute("SET LOCAL session_replication_role = replica")
        await driver.execute("UPDATE properties SET title = 'Restored', revision = 1")
    assert (await indexer("sync-ids", str(flat))).facts["properties"] == {str(flat): "indexed"}
    assert await titles(search, alias) == {"Restored"}
    await agree(engine, search, generation)


@pytest.mark.usefixtures("generation")
async def test_unknown_ids_change_nothing(engine, indexer):
    answered = await indexer("sync-ids", str(NOBODY))
    assert answered == Answered(0, {"properties": {str(NOBODY): "unknown"}, "dry_run": False})
    assert await actions(engine) == ["index.create", "index.promote"]
