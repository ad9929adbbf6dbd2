"""Visitors go before a fill."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from opensearchpy.exceptions import ConnectionError as EngineIsDown

from indexer.lifecycle import generations
from indexer.lifecycle.fill import SLICES, Fill
from indexer.lifecycle.visitors import Visitors
from runtime.background import meanwhile
from tests.indexer.agreement import agree, store_many
from tests.indexer.commands import quietly
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("indexes")


@pytest.fixture
def processors(monkeypatch, search):
    """Set the number of processors that the engine reports for each of its nodes."""

    def have(*each):
        async def info(**_):
            return {"nodes": {str(key): {"os": {"allocated_processors": of}} for key, of in enumerate(each)}}

        monkeypatch.setattr(search.nodes, "info", info)

    return have


@asynccontextmanager
async def visitor(search, alias):
    async def keep_searching():
        while True:
            await search.search(index=alias, body={"size": 0})
            await asyncio.sleep(0.01)

    async with meanwhile(keep_searching()):
        yield


class Counted(Fill):
    """A fill that starts when its visitors are as wanted, and counts the slices at work."""

    wanted = True
    at_work = most = 0

    async def drain_backlog(self):
        await until(
            lambda: self.visitors.are_searching == self.wanted, "the fill sees whether visitors search"
        )

    async def fill_page(self, part):
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        try:
            return await super().fill_page(part)
        finally:
            self.at_work -= 1


async def filled(engine, search, settings, *, wanted):
    """Fill a new generation with several pages for each slice."""
    await store_many(engine, 7_000)
    name = await generations.create(engine, search, settings)
    fill = Counted(engine, search, settings.index_alias, name, quietly)
    fill.wanted = wanted
    await fill.run()
    await agree(engine, search, name)
    return fill


@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize(("nodes", "slices"), [([1], 1), ([2], 1), ([16, 4], 2), ([8, 8], SLICES)])
async def test_while_visitors_search_a_fill_takes_half_of_the_smallest_node(
    engine, search, settings, alias, processors, nodes, slices
):
    processors(*nodes)
    async with visitor(search, alias):
        fill = await filled(engine, search, settings, wanted=True)
    assert fill.most == slices


@pytest.mark.usefixtures("generation")
async def test_while_nobody_searches_all_slices_are_filled_at_once(engine, search, settings, processors):
    processors(2)
    fill = await filled(engine, search, settings, wanted=False)
    assert fill.most == SLICES


async def test_a_first_generation_is_filled_before_anything_can_be_searched(
    engine, search, settings, processors
):
    processors(2)
    fill = await filled(engine, search, settings, wanted=False)
    assert fill.most == SLICES


@pytest.mark.usefixtures("generation")
async def test_visitors_who_leave_are_noticed(search, alias):
    visitors = Visitors(search, alias)
    async with visitors.watched():
        async with visitor(search, alias):
            await until(lambda: visitors.are_searching, "the searches are noticed")
        await until(lambda: not visitors.are_searching, "the silence is noticed")


async def test_an_engine_that_does_not_answer_has_no_visitors(monkeypatch, search, alias):
    async def fail(**_):
        raise EngineIsDown("N/A", "refused", OSError())

    monkeypatch.setattr(search.nodes, "info", fail)
    monkeypatch.setattr(search.indices, "stats", fail)
    visitors = Visitors(search, alias)
    async with visitors.watched():
        await asyncio.sleep(0)
        async with visitors.turn():
            assert not visitors.are_searching
