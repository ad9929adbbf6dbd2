"""Generations and the alias: the recorded state matches the engine's."""

import pytest
from sqlalchemy import select, text

from domain.states.generation_state import IllegalMove
from indexer.lifecycle import generations
from indexer.lifecycle.generations import alias_target
from schemas.index.listings import schema_hash
from schemas.tables import AuditRow, IndexGeneration
from tests.indexer.agreement import plain_sql


async def states(engine):
    query = select(IndexGeneration.name, IndexGeneration.state)
    async with engine.connect() as connection:
        return {row.name: row.state for row in await connection.execute(query)}


async def writable(engine, alias):
    async with engine.connect() as connection:
        return {generation.name for generation in await generations.writable(connection, alias)}


@pytest.fixture
async def names(engine, search, settings, generation):
    """Names of a live generation and one in verification."""
    building = await generations.create(engine, search, settings)
    await generations.begin_verifying(engine, building)
    return generation, building


async def test_a_generation_is_named_for_its_alias_schema_and_time(settings, generation):
    prefix = f"{settings.index_alias}-{schema_hash()}-"
    assert generation.startswith(prefix)
    assert generation.removeprefix(prefix).replace("-", "").isdigit()


async def test_an_index_is_filled_without_replicas_and_with_the_shards_of_the_settings(
    engine, search, settings
):
    asked = settings.model_copy(update={"index_shards": 2, "index_replicas": 1})
    name = await generations.create(engine, search, asked)
    index = (await search.indices.get_settings(index=name))[name]["settings"]["index"]
    assert (index["number_of_shards"], index["number_of_replicas"]) == ("2", "0")
    await generations.drop(engine, search, name)


async def test_promotion_moves_the_alias_and_retains_the_earlier_one(engine, search, alias, names):
    live, building = names
    await generations.promote(engine, search, alias, building)
    assert await alias_target(search, alias) == [building]
    assert await states(engine) == {live: "retained", building: "live"}
    assert await writable(engine, alias) == {live, building}


async def test_promoting_the_live_one_again_changes_nothing(engine, search, alias, generation):
    await generations.promote(engine, search, alias, generation)
    assert await states(engine) == {generation: "live"}
    assert await alias_target(search, alias) == [generation]


async def test_a_failed_promotion_is_not_recorded(engine, search, alias, names):
    live, building = names
    await search.indices.delete(index=building)
    with pytest.raises(Exception, match="index_not_found_exception"):
        await generations.promote(engine, search, alias, building)
    assert await states(engine) == {live: "live", building: "verifying"}
    assert await alias_target(search, alias) == [live]


async def test_a_retained_generation_takes_writes_for_a_day(engine, search, alias, names):
    live, building = names
    await generations.promote(engine, search, alias, building)
    await plain_sql(
        engine,
        "UPDATE index_generations SET retained_at = now() - interval '25 hours' WHERE name = :name",
        name=live,
    )
    assert await writable(engine, alias) == {building}
    async with engine.connect() as connection:
        assert [each.name for each in await generations.unneeded(connection, alias)] == [live]


async def test_failed_and_dropped_generations_take_no_writes(engine, search, alias, names, settings):
    live, building = names
    third = await generations.create(engine, search, settings)
    await generations.fail(engine, building, "for the test")
    await generations.drop(engine, search, third)
    assert await writable(engine, alias) == {live}
    assert not await generations.exists(search, third)


async def test_every_change_leaves_an_audit_row(engine, search, alias, names):
    live, building = names
    await generations.promote(engine, search, alias, building)
    await generations.promote(engine, search, alias, live)
    await generations.drop(engine, search, building)
    query = select(AuditRow.actor, AuditRow.action, AuditRow.changes).where(AuditRow.entity_id == building)
    async with engine.connect() as connection:
        rows = [tuple(row) for row in await connection.execute(query.order_by(AuditRow.id))]
    assert rows == [
        ("indexer", "index.create", {}),
        ("indexer", "index.promote", {"live": [live, building]}),
        ("indexer", "index.drop", {}),
    ]


async def test_a_promotion_killed_before_it_was_recorded_is_recorded_later(engine, search, alias, names):
    live, building = names
    actions = [
        {"remove": {"index": live, "alias": alias}},
        {"add": {"index": building, "alias": alias}},
    ]
    await search.indices.update_aliases(body={"actions": actions})
    await generations.reconcile(engine, search, alias)
    assert await states(engine) == {live: "retained", building: "live"}


async def test_an_index_deleted_by_hand_is_recorded_as_failed(engine, search, alias, names):
    live, building = names
    await search.indices.delete(index=live)
    await generations.reconcile(engine, search, alias)
    assert await states(engine) == {live: "failed", building: "verifying"}


async def test_no_alias_leads_nowhere(search, alias):
    assert await alias_target(search, f"{alias}_unheard_of") == []


async def test_an_alias_moved_by_hand_to_one_that_is_being_built_records_nothing(
    engine, search, settings, alias, generation
):
    building = await generations.create(engine, search, settings)
    await search.indices.put_alias(index=building, name=alias)
    await search.indices.delete_alias(index=generation, name=alias)
    await generations.reconcile(engine, search, alias)
    assert await states(engine) == {generation: "live", building: "building"}


@pytest.mark.parametrize("state", ["building", "dropped", "failed"])
async def test_nothing_but_what_was_verified_or_retained_goes_live(engine, search, alias, names, state):
    live, other = names
    await plain_sql(
        engine, "UPDATE index_generations SET state = :state WHERE name = :name", state=state, name=other
    )
    with pytest.raises(IllegalMove, match=f"A generation that is {state} cannot become live"):
        await generations.promote(engine, search, alias, other)
    assert await alias_target(search, alias) == [live]
    assert await states(engine) == {live: "live", other: state}


async def test_only_one_generation_can_be_live(engine, names):
    _, building = names
    with pytest.raises(Exception, match="uq_index_generations_live"):
        async with engine.begin() as connection:
            await connection.execute(
                text("UPDATE index_generations SET state = 'live' WHERE name = :name"), {"name": building}
            )
