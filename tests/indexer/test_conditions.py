"""Conditions for any write: one alias per database, and an engine that does not auto-create indexes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.conditions import auto_creates, require_no_auto_create
from indexer.lifecycle.generations import Refused
from indexer.lifecycle.reindex import reindex
from tests.factories import home, store
from tests.indexer.agreement import pending
from tests.indexer.lifecycle.test_generations import states


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", True),
        ("false", False),
        ("+listings-*", True),
        ("listings-*", True),
        ("-listings-*,+*", False),
        ("+*,-listings-*", True),  # the first pattern that matches decides
        ("+logs-*", False),
        ("+logs-*, +list*", True),
        ("", False),
    ],
)
def test_the_setting_is_read_as_the_engine_reads_it(value, expected):
    assert auto_creates(value, "listings-x") is expected


@given(st.lists(st.tuples(st.sampled_from(["+", "-", ""]), st.sampled_from(["a*", "b*", "*"])), min_size=1))
def test_the_first_pattern_that_fits_decides_and_without_one_nothing_is_made(patterns):
    value = ",".join(sign + pattern for sign, pattern in patterns)
    fits = [sign != "-" for sign, pattern in patterns if pattern in {"a*", "*"}]
    assert auto_creates(value, "a-x") is bool(fits and fits[0])


@pytest.fixture
async def auto_created(search, settings):
    """Let the engine auto-create indexes of this worker's alias."""

    async def put(value):
        await search.cluster.put_settings(body={"transient": {"action.auto_create_index": value}})

    await put(f"+{settings.index_alias}-*,-*")
    yield
    await put(None)


async def test_an_engine_of_ours_makes_nothing_by_itself(search, settings):
    await require_no_auto_create(search, settings.index_alias)


@pytest.mark.usefixtures("auto_created")
async def test_an_engine_that_makes_indexes_by_itself_is_refused(engine, indexer, start, settings):
    await store(engine, home())
    expected = (
        "The engine would make indexes by itself: set action.auto_create_index to false,"
        f" or to -{settings.index_alias}-*,+* where others rely on it."
    )
    refused = await indexer("reindex")
    assert (refused.code, refused.facts) == (3, {"error": expected})
    assert await states(engine) == {}
    process = start("run")
    assert await process.ends() == 3
    assert expected in process.complained
    assert await pending(engine) == 1


@pytest.mark.usefixtures("generation")
async def test_a_second_alias_on_the_same_database_is_refused(engine, search, settings, start, indexer):
    await store(engine, home())
    other = f"{settings.index_alias}_renamed"
    expected = (
        f"The changes of this database feed {settings.index_alias}, not {other}:"
        f" set INDEX_ALIAS={settings.index_alias}, or see `Another name for the index` in docs/operations.md."
    )
    assert (await indexer("reindex", INDEX_ALIAS=other)).facts == {"error": expected}
    process = start("run", INDEX_ALIAS=other)
    assert await process.ends() == 3
    assert expected in process.complained
    assert await pending(engine) == 1
    assert not await search.indices.exists(index=f"{other}-*", params={"allow_no_indices": "false"})


@pytest.mark.usefixtures("generation")
async def test_verify_says_where_the_served_mapping_is_not_ours(search, settings, indexer):
    field = {"properties": {"by_hand": {"type": "keyword"}}}
    await search.indices.put_mapping(index=settings.index_alias, body=field)
    verified = await indexer("verify")
    assert (verified.code, verified.facts["differences"]) == (
        1,
        [{"path": "mappings.properties.by_hand.type", "live": "keyword", "wanted": None}],
    )


async def test_an_index_that_was_guessed_is_not_promoted(engine, search, settings, generation):
    """The engine guesses the mapping if it auto-creates an index for the first document."""

    async def guess(_written, _total):
        (building,) = [name for name, state in (await states(engine)).items() if state == "building"]
        await search.indices.put_mapping(
            index=building, body={"properties": {"guessed": {"type": "keyword"}}}
        )

    await store(engine, home())
    with pytest.raises(Refused, match=r"mappings\.properties\.guessed\.type: keyword -> None"):
        await reindex(engine, search, settings, progress=guess)
    assert sorted((await states(engine)).values()) == ["failed", "live"]
    assert (await states(engine))[generation] == "live"
