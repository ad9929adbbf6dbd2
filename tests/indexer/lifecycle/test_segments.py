"""A filled index is merged into one segment; where that fails, it is only slower."""

import asyncio

import pytest
from opensearchpy.exceptions import NotFoundError

from indexer.lifecycle import segments
from indexer.lifecycle.reindex import reindex
from indexer.lifecycle.segments import is_merging, merge_segments
from tests.indexer.agreement import agree, store_many
from tests.indexer.commands import quietly

pytestmark = pytest.mark.usefixtures("indexes")


async def segments_of(search, name):
    """Documents in each segment that searches use."""
    found = await search.cat.segments(index=name, params={"format": "json"})
    return [int(segment["docs.count"]) for segment in found if segment["searchable"] == "true"]


async def test_a_reindex_leaves_one_segment(engine, search, settings):
    await store_many(engine, 7_000)  # several pages for each slice
    name = await reindex(engine, search, settings, progress=quietly)
    assert await segments_of(search, name) == [7_000]
    await agree(engine, search, settings.index_alias)


async def test_a_merge_that_outlasts_its_request_is_waited_for(search, generation, monkeypatch):
    asked, answers = [], iter([True, True, False])

    async def never_answered(**arguments):
        asked.append(arguments["index"])
        await asyncio.Event().wait()

    async def still_merging(_search, name):
        asked.append(name)
        return next(answers)

    monkeypatch.setattr(search.indices, "forcemerge", never_answered)
    monkeypatch.setattr(segments, "is_merging", still_merging)
    monkeypatch.setattr(segments, "ANSWER_S", 0.01)
    monkeypatch.setattr(segments, "POLL_S", 0.01)
    await merge_segments(search, generation)
    assert asked == [generation] * 4


async def test_an_index_that_is_not_being_merged_is_not(search, generation):
    assert await is_merging(search, generation) is False


async def test_an_index_that_cannot_be_merged_is_left_as_it_is(search, generation):
    await search.indices.close(index=generation)
    await merge_segments(search, generation)


@pytest.mark.usefixtures("generation")
async def test_an_index_that_is_not_there_is_not_merged(search):
    with pytest.raises(NotFoundError):
        await merge_segments(search, "no-such-index")
