"""Dead letters when drains overtake one another."""

from uuid import UUID

import pytest

from indexer import dead_letters
from indexer.documents import Refusal
from tests.indexer.agreement import letters, tombstone

ONE = UUID(int=1)


async def settle(engine, *, good=(), bad=()):
    async with engine.begin() as connection:
        documents = [tombstone(ONE, revision) for revision in good]
        refusals = [Refusal(str(ONE), revision, "refused", f"revision {revision}") for revision in bad]
        return await dead_letters.settle(connection, documents, refusals)


@pytest.mark.parametrize(
    ("good", "left"), [(1, {str(ONE): (2, "refused", 1)}), (2, {}), (3, {})], ids=["older", "same", "newer"]
)
async def test_a_letter_is_cleared_by_its_revision_or_a_newer_one(engine, good, left):
    assert await settle(engine, bad=[2]) == 1
    assert await settle(engine, good=[good]) == 0
    assert await letters(engine) == left


async def test_a_letter_keeps_the_newest_refusal(engine):
    await settle(engine, bad=[2])
    await settle(engine, bad=[1])
    assert await letters(engine) == {str(ONE): (2, "refused", 1)}
    await settle(engine, bad=[3])
    assert await letters(engine) == {str(ONE): (3, "refused", 2)}
