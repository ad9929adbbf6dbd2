"""The plan for a release: no change, new fields, or a reindex; and how search results change."""

import copy

import pytest

from indexer.lifecycle import generations, golden
from indexer.lifecycle.golden import overlap_share
from indexer.lifecycle.plan import Difference, Needed, diff, needed
from indexer.lifecycle.reindex import reindex
from schemas.index.listings import INDEX, schema_hash
from tests.factories import home, store
from tests.indexer.agreement import plain_sql, store_many
from tests.indexer.commands import quietly


def held(**settings):
    """Return the mappings and settings that the engine reports for an index of this release."""
    index = {"number_of_shards": "1", "sort": {"field": INDEX["settings"]["index"]["sort.field"]}}
    index["sort"]["order"] = INDEX["settings"]["index"]["sort.order"]
    return copy.deepcopy(INDEX["mappings"]), index | {"analysis": INDEX["settings"]["analysis"]} | settings


def test_an_index_of_this_code_differs_in_nothing():
    assert list(diff(*held(), 1)) == []
    assert needed(()) is Needed.NOTHING


def test_a_field_that_is_new_can_be_added():
    mappings, settings = held()
    del mappings["properties"]["rank"]
    found = tuple(diff(mappings, settings, 1))
    assert found == (Difference("mappings.properties.rank.type", None, "long"),)
    assert needed(found) is Needed.PUT_MAPPING


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda m, _: m["properties"]["price"].update(type="integer"),
            "mappings.properties.price.type: integer -> long",
        ),
        (
            lambda m, _: m["properties"].update(old={"type": "date"}),
            "mappings.properties.old.type: date -> None",
        ),
        (lambda m, _: m.update(dynamic="true"), "mappings.dynamic: true -> strict"),
        (lambda _, s: s.update(number_of_shards="3"), "shards: 3 -> 1"),
        (lambda _, s: s["sort"].update(order=["asc"]), "sort.order: asc -> desc, asc, asc, asc, asc"),
        (
            lambda _, s: s.update(analysis={"analyzer": {"x": {"type": "old"}}}),
            "analysis.analyzer.x.type: old -> None",
        ),
    ],
)
def test_whatever_else_differs_wants_a_reindex(change, expected):
    mappings, settings = held()
    change(mappings, settings)
    found = tuple(diff(mappings, settings, 1))
    assert expected in [str(difference) for difference in found]
    assert needed(found) is Needed.REINDEX


@pytest.mark.usefixtures("engine", "indexes")
async def test_at_first_everything_is_needed(engine, indexer):
    await store_many(engine, 30)
    planned = await indexer("plan")
    assert planned.code == 1
    assert planned.facts == {
        "live": None,
        "wanted_schema": schema_hash(),
        "needed": "reindex",
        "differences": [],
        "documents": 30,
        "disk_bytes": 12_000,
        "seconds": 0.0,
        "resumes": None,
        "golden": None,
    }
    assert (await indexer("reindex", "--dry-run")).facts == planned.facts


async def test_after_a_reindex_nothing_is_needed(engine, search, settings, indexer, generation):
    await store(engine, home("3 BHK flat near metro"), home("Villa", property_type="villa", bhk=4))
    live = await reindex(engine, search, settings, progress=quietly)
    broken_off = await generations.create(engine, search, settings)
    planned = await indexer("plan")
    assert (planned.code, planned.facts["live"], planned.facts["needed"]) == (0, live, "nothing")
    assert (planned.facts["differences"], planned.facts["resumes"]) == ([], broken_off)
    assert planned.facts["disk_bytes"] > 0


async def test_golden_searches_are_compared_between_generations(
    engine, search, settings, indexer, generation
):
    await store(engine, *(home(f"2 BHK flat {number}", price=5_000_000 + number) for number in range(12)))
    live = await reindex(engine, search, settings, progress=quietly)
    same = await golden.compare(search, live, live)
    assert (same.mean, set(same.by_search.values())) == (1.0, {1.0})

    # Negate the ranks in the retained generation, so that it orders results differently.
    await search.update_by_query(
        index=generation,
        body={"script": "ctx._source.rank = -ctx._source.rank"},
        params={"refresh": "true", "conflicts": "proceed"},
    )
    overlap = (await indexer("plan")).facts["golden"]
    assert (overlap["live"], overlap["other"]) == (live, generation)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [([], [], 1.0), (["a"], [], 0.0), (["a", "b"], ["b", "a"], 1.0), (["a", "b", "c"], ["b", "d"], 0.333)],
)
def test_what_two_results_share(before, after, expected):
    assert overlap_share(before, after) == expected


async def test_the_time_expected_is_that_of_the_last_reindex(engine, search, settings, indexer, generation):
    await store_many(engine, 100)
    await reindex(engine, search, settings, progress=quietly)
    await plain_sql(
        engine,
        """UPDATE index_generations SET counts = jsonb_set(counts, '{filled,rows_per_s}', '4')"""
        """ WHERE counts ? 'filled'""",
    )
    assert (await indexer("plan")).facts["seconds"] == 25.0
