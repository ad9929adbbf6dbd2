"""Dead letters when drains overtake one another."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select

from indexer.changes import dead_letters
from indexer.changes.documents import Refusal
from schemas.tables import Property
from tests.factories import home, store
from tests.indexer.agreement import letters, tombstone

ONE = UUID(int=1)


async def settle(engine, *, good=(), bad=()):
    async with engine.begin() as connection:
        documents = [tombstone(ONE, revision) for revision in good]
        refusals = [Refusal(str(ONE), revision, "refused", f"revision {revision}") for revision in bad]
        return await dead_letters.record_and_clear(connection, documents, refusals)


@pytest.mark.parametrize(
    ("good", "left"), [(1, {str(ONE): (2, "refused", 1)}), (2, {}), (3, {})], ids=["older", "same", "newer"]
)
async def test_a_letter_is_cleared_by_its_revision_or_a_newer_one(engine, good, left):
    assert await settle(engine, bad=[2]) == 1
    assert await settle(engine, good=[good]) == 0
    assert await letters(engine) == left


@pytest.mark.parametrize(("revision", "recorded"), [(-1, False), (0, True)])
async def test_what_was_refused_of_a_revision_that_is_past_is_no_letter(engine, revision, recorded):
    (flat,) = await store(engine, home())
    async with engine.begin() as connection:
        now = await connection.scalar(select(Property.revision).where(Property.id == flat))
        refusal = Refusal(str(flat), now + revision, "refused", "a slow drain brings it")
        await dead_letters.record(connection, [refusal])
    assert await letters(engine) == ({str(flat): (now, "refused", 1)} if recorded else {})


async def test_drains_with_the_same_letters_do_not_wait_for_each_other_in_a_ring(engine):
    """Drains clear the same letters in opposite orders without a deadlock."""
    many = [UUID(int=number) for number in range(1, 200)]
    async with engine.begin() as connection:
        await dead_letters.record(connection, [Refusal(str(each), 1, "refused", "") for each in many])

    async def clear(ids):
        async with engine.begin() as connection:
            await dead_letters.clear(connection, {str(each): 1 for each in ids})

    await asyncio.gather(*(clear(many[::turn]) for turn in (1, -1) * 10))
    assert await letters(engine) == {}


async def test_a_letter_keeps_the_newest_refusal(engine):
    await settle(engine, bad=[2])
    await settle(engine, bad=[1])
    assert await letters(engine) == {str(ONE): (2, "refused", 1)}
    await settle(engine, bad=[3])
    assert await letters(engine) == {str(ONE): (3, "refused", 2)}
