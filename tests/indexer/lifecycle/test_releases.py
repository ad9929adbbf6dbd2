"""Two releases with different schemas share one outbox: a deploy and its rollback lose no change.

The earlier release is the current code, in processes of its own. The later release runs in the test
process, with one more field in its schema.
"""

import asyncio
from contextlib import contextmanager

import pytest

from indexer.lifecycle import generations
from indexer.lifecycle.generations import ForeignGeneration, Refused, alias_target
from indexer.lifecycle.reindex import reindex
from indexer.lifecycle.rollback import rollback
from indexer.run import run
from indexer.verification.repair import repair
from schemas.index.listings import KEYWORD, MAPPING, schema_hash
from tests.factories import home, store
from tests.indexer.agreement import agree, letters, pending, plain_sql, store_many, titles
from tests.indexer.commands import quietly
from tests.indexer.conftest import indexing
from tests.indexer.lifecycle.test_generations import states
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.usefixtures("indexes")


@contextmanager
def later_release():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MAPPING["properties"], "era", KEYWORD)
        yield


@pytest.fixture
async def first(engine, search, settings):
    """The live generation of the earlier release."""
    await store_many(engine, 300)
    return await reindex(engine, search, settings, progress=quietly)


@pytest.fixture
async def second(engine, search, settings, first):
    """The live generation of the later release; the first one is retained."""
    with later_release():
        return await reindex(engine, search, settings, progress=quietly)


async def write_on(engine, over):
    number = 0
    while not over.is_set():
        number += 1
        await plain_sql(
            engine, "UPDATE properties SET price = price + 1 WHERE bhk = :bhk", bhk=1 + number % 4
        )
        await store(engine, home(f"Written meanwhile {number}"))
        await asyncio.sleep(0.01)


def up_to_date(engine):
    async def is_up_to_date():
        return await pending(engine) == 0

    return is_up_to_date


async def test_a_schema_that_differs_has_another_hash():
    earlier = schema_hash()
    with later_release():
        assert schema_hash() != earlier
    assert schema_hash() == earlier


async def test_a_release_that_has_built_no_index_yet_leaves_changes_to_the_one_before(
    engine, settings, first, start
):
    await store(engine, home("Pending"))
    with later_release(), pytest.raises(ForeignGeneration, match=f"{first} is live"):
        async with asyncio.timeout(PATIENCE_S):
            await run(settings, asyncio.Event())
    assert await pending(engine) == 1
    await start("run").until(up_to_date(engine), "the earlier release goes on")


async def test_a_deploy_hands_over_from_one_release_to_the_other(
    engine, search, settings, alias, first, start
):
    over, stop, later = asyncio.Event(), asyncio.Event(), []
    earlier = start("run")
    writing = asyncio.create_task(write_on(engine, over))

    async def hand_over(_written, _total):
        """The earlier release sees the generation under construction and ends; the later one starts."""
        if not later:
            assert await earlier.ends() == 3
            later.append(asyncio.create_task(run(settings, stop)))

    with later_release():
        name = await reindex(engine, search, settings, progress=hand_over)
        over.set()
        await writing
        await until(up_to_date(engine), "the later release has caught up")
        stop.set()
        async with asyncio.timeout(PATIENCE_S):
            await later[0]
    assert f"{name} is building" in earlier.complained
    assert await alias_target(search, alias) == [name]
    assert await letters(engine) == {}
    await agree(engine, search, name)
    await agree(engine, search, first)  # so a rollback would serve the same


async def test_a_code_rollback_is_refused_until_its_index_is_live_again(
    engine, search, settings, alias, first, second, start
):
    await store(engine, home("Before"))
    assert await start("run").ends() == 3
    assert await pending(engine) == 1
    with later_release():
        async with indexing(settings):
            assert await start("rollback").ends() == 0
            assert await alias_target(search, alias) == [first]
            await store(engine, home("Between"))
            await until(up_to_date(engine), "the later release keeps both fresh")
    await agree(engine, search, first)
    await agree(engine, search, second)

    earlier = start("run")
    await store(engine, home("After"))
    await earlier.until(up_to_date(engine), "the earlier release goes on")
    await earlier.stop()
    assert {"Before", "Between", "After"} <= await titles(search, alias)
    await agree(engine, search, first)

    with later_release():
        with pytest.raises(Refused, match=f"{second} lags: 1 missing"):
            await rollback(engine, search, settings)
        assert await alias_target(search, alias) == [first]
        await repair(engine, search, alias=alias, index=second)
        assert await rollback(engine, search, settings) == second
    await agree(engine, search, alias)


async def test_an_earlier_release_builds_anew_what_is_no_more_retained(
    engine, search, settings, alias, first, second, start
):
    await generations.drop(engine, search, first)
    over = asyncio.Event()
    with later_release():
        async with indexing(settings):
            writing = asyncio.create_task(write_on(engine, over))
            rebuilding = start("reindex")
            code = await rebuilding.ends()
            over.set()
            await writing
            assert code == 0, rebuilding.complained
            await until(up_to_date(engine), "the later release has caught up")
    (third,) = await alias_target(search, alias)
    assert (await states(engine))[second] == "retained"
    assert schema_hash() in third
    await agree(engine, search, third)
