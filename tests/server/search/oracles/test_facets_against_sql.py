"""Every facet, total and histogram of faceted search, compared with plain SQL over all rows.

The oracle shares no code with the query bodies. It writes the visitor's choices as its own SQL and counts
in Postgres.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.api.search.canonical import Wishes
from schemas.api.search.listings import Facet
from schemas.vocabulary import DealLabel, Direction, Furnishing, Possession, PropertyType
from search.answers.facets import FACETS
from tests.factories import Row, home
from tests.server.conftest import Api, Catalogue

LOCALITIES = ["Sector 1", "Sector 15A", "Sector 62", "Sector 78", "Sector 150"]
SOCIETIES = ["Lotus Court", "Neem Residency", None]
PRICES = [1_000, 499_999, 500_000, 4_000_000, 7_500_000, 12_500_000, 900_000_000]
BHKS = [0.5, 1, 2, 2.5, 3, 7]
BATHROOMS = [None, 0, 1, 2, 3, 12]
ROWS = 500
EDGES = [28.0, 28.5601, 28.6001, 29.0]
"""Edges for a box, in degrees of latitude; no sector has its centre on one."""
COLUMNS = {
    "property_type": "property_type",
    "bhk": "bhk::text",
    "bathrooms": "bathrooms::text",
    "locality": "locality",
    "society": "society",
    "furnishing_status": "furnishing_status",
    "facing_direction": "facing_direction",
    "possession_status": "possession_status",
    "deal": "label",
}
"""Facet -> SQL for a listing's value."""
WORDS = {"elevator": "lift", "कॉर्नर": "corner"}
"""Search word -> the word in titles."""
HOMES = """
    WITH homes AS (
        SELECT p.*, m.label FROM properties p LEFT JOIN property_market m ON m.property_id = p.id
    )
"""
MAY_BE_UNKNOWN = ("bhk", "bathrooms", "furnishing_status", "facing_direction", "possession_status", "deal")


def random_home(rng: random.Random) -> Row:
    kind = rng.choice([*PropertyType, "apartment", "apartment"])
    return home(
        property_type=kind,
        listing_type=rng.choice(["sale", "sale", "sale", "rent"]),
        bhk=None if kind == "plot" else rng.choice(BHKS),
        bathrooms=None if kind == "plot" else rng.choice(BATHROOMS),
        locality=rng.choice(LOCALITIES),
        society=rng.choice(SOCIETIES),
        price=rng.choice(PRICES) + rng.choice([0, 1]),
        area_sqft=rng.choice([500, 1_000, 1_500, 4_000]),
        furnishing_status=rng.choice([None, *Furnishing]),
        facing_direction=rng.choice([None, None, *Direction]),
        possession_status=rng.choice([None, *Possession]),
        pooja_direction=rng.choice([None, *Direction]),
        entrance_direction=rng.choice([None, *Direction]),
        age_years=rng.choice([None, 0, 5, 30]),
        floor_number=rng.choice([None, 0, 4]),
        vastu_score=rng.choice([None, 20, 60, 90]),
        light_score=rng.choice([None, 30, 70]),
        title=rng.choice(["Quiet home", "Sunny corner", "Quiet corner, lift"]),
        state=rng.choice(["active", "active", "active", "under_offer", "inactive", "sold", "deleted"]),
    )


def several(values: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(list(values)), max_size=3, unique=True)


def boxes() -> st.SearchStrategy[dict[str, Any]]:
    pair = st.lists(st.sampled_from(EDGES), min_size=2, max_size=2, unique=True).map(sorted)
    return pair.map(lambda both: {"box": {"south": both[0], "north": both[1], "west": 77.0, "east": 78.0}})


def ends(values: list[int]) -> st.SearchStrategy[dict[str, int]]:
    pair = st.lists(st.sampled_from(values), min_size=2, max_size=2).map(sorted)
    return pair.flatmap(
        lambda both: st.sampled_from([{"min": both[0]}, {"max": both[1]}, {"min": both[0], "max": both[1]}])
    )


NARROWING = {
    "property_type": several(PropertyType),
    "bhk": several([*BHKS, "unknown"]),
    "bathrooms": several([0, 1, 3, 4, "unknown"]),
    "locality": several([*LOCALITIES, "Sector 99"]),
    "society": several(["Lotus Court", "Neem Residency", "Nowhere Park"]),
    "furnishing_status": several([*Furnishing, "unknown"]),
    "facing_direction": several([*Direction, "unknown"]),
    "possession_status": several([*Possession, "unknown"]),
    "deal": several([*DealLabel, "unknown"]),
    "price": ends(PRICES),
    "area_sqft": ends([600, 1_000, 3_000]),
    "price_per_sqft": ends([100, 4_000, 12_000]),
    "sector": several(["1", "15A", "62"]),
    "q": st.sampled_from(["quiet", "sunny corner", "elevator", "quiet sunny", "कॉर्नर"]),
    "geo": boxes(),
    "floor_number": st.sampled_from([{"min": 0}, {"max": 3}, {"min": 1, "max": 4, "unknown": True}]),
    "light_score": st.fixed_dictionaries({"min": st.integers(0, 100), "unknown": st.booleans()}),
    "age_years": st.fixed_dictionaries({"max": st.integers(0, 10), "unknown": st.booleans()}),
    "vastu_score": st.fixed_dictionaries({"min": st.integers(0, 100), "unknown": st.booleans()}),
    "vastu_rooms": st.lists(
        st.fixed_dictionaries(
            {
                "room": st.sampled_from(["pooja", "entrance"]),
                "directions": st.lists(st.sampled_from(list(Direction)), min_size=1, max_size=5),
                "avoid": st.booleans(),
            }
        ),
        max_size=2,
    ),
}
"""Filter -> what is chosen of it."""
searches = st.fixed_dictionaries(
    {"listing_type": st.sampled_from(["sale", "sale", "rent"])}, optional=NARROWING
)


def conditions(wanted: Mapping[str, Any], ignoring: str | None = None) -> str:
    base = [f"listing_type = '{wanted['listing_type']}'", "state IN ('active', 'under_offer')"]
    chosen = [condition(name, value) for name, value in wanted.items() if name != ignoring and value]
    return " AND ".join([*base, *chosen])


def condition(name: str, value: Any) -> str:
    if name in COLUMNS or name == "sector":
        return in_list(COLUMNS.get(name, name), value)
    if name == "q":
        return " AND ".join(f"title ILIKE '%{WORDS.get(word, word)}%'" for word in value.split())
    if name == "geo":
        return f"latitude BETWEEN {value['box']['south']} AND {value['box']['north']}"
    if name == "vastu_rooms":
        return " AND ".join(room(wish) for wish in value)
    if name == "listing_type":
        return "true"
    return in_range(name, value)


def in_list(column: str, values: list[Any]) -> str:
    known = ", ".join(f"'{value}'" for value in values if value != "unknown") or "NULL"
    listed = f"coalesce({column} IN ({known}), false)"
    return f"({listed} OR {column} IS NULL)" if "unknown" in values else listed


def in_range(column: str, wanted: dict[str, Any]) -> str:
    inside = f"coalesce({column} BETWEEN {wanted.get('min', 0)} AND {wanted.get('max', 10**12)}, false)"
    return f"({inside} OR {column} IS NULL)" if wanted.get("unknown") else inside


def room(wish: dict[str, Any]) -> str:
    inside = in_list(f"{wish['room']}_direction", wish["directions"])
    return f"NOT {inside}" if wish["avoid"] else inside


@dataclass(frozen=True)
class Oracle:
    engine: AsyncEngine

    async def spread(self, column: str, where: str) -> dict[Any, int]:
        rows = await self._run(f"SELECT {column}, count(*) FROM homes WHERE {where} GROUP BY 1")
        return {"unknown" if value is None else value: count for value, count in rows}

    async def one(self, expression: str, where: str) -> Any:
        return (await self._run(f"SELECT {expression} FROM homes WHERE {where}"))[0][0]

    async def ids(self, where: str) -> set[str]:
        return {row[0] for row in await self._run(f"SELECT id::text FROM homes WHERE {where}")}

    async def _run(self, statement: str) -> list[Any]:
        async with self.engine.connect() as connection:
            return list(await connection.execute(text(f"{HOMES} {statement}".replace("::", r"\:\:"))))


@pytest.fixture(scope="module")
async def oracle(live: Catalogue) -> Oracle:
    """Random listings, also inactive ones, in both stores; many have a label."""
    rng = random.Random(20260301)
    ids = await live.store(*(random_home(rng) for _ in range(ROWS)))
    labels = list(DealLabel)
    await live.label(*((key, rng.choice(labels), 1.0) for key in ids if rng.random() < 0.6))
    return Oracle(live.engine)


NUMBERS = ("bhk", "bathrooms")
COUNTED = {"facets": list(COLUMNS), "suggest": False, "understand": False}


async def find(api: Api, wanted: Mapping[str, Any], **more: Any) -> Any:
    answer = await api.post("/api/v1/search/listings", {**wanted, **COUNTED, **more})
    assert answer.status == 200, answer.body
    return answer.body


def counted(options: list[dict[str, Any]], facet: str) -> dict[Any, int]:
    named = ((str(o["value"]) if facet in NUMBERS else o["value"], o["count"]) for o in options)
    return {value: count for value, count in named if count}


def test_every_facet_is_compared():
    assert set(COLUMNS) == set(FACETS) == set(Facet)


def test_every_filter_is_compared():
    assert set(NARROWING) == set(Wishes.model_fields) - {"listing_type"}


@settings(max_examples=100)
@given(wanted=searches)
async def test_totals_hits_and_every_facet_are_those_of_sql(api: Api, oracle: Oracle, wanted: dict[str, Any]):
    answer = await find(api, wanted, page_size=50)
    everything = await oracle.ids(conditions(wanted))
    assert answer["total"] == len(everything)
    assert {item["id"] for item in answer["items"]} <= everything
    assert len(answer["items"]) == min(50, len(everything))
    for facet, column in COLUMNS.items():
        expected = await oracle.spread(column, conditions(wanted, ignoring=facet))
        if facet not in MAY_BE_UNKNOWN:
            unnamed = expected.pop("unknown", 0)
            assert facet in answer["other_counts"] or not unnamed
        assert counted(answer["facets"][facet], facet) == expected, facet


@settings(max_examples=100)
@given(wanted=searches)
async def test_the_histogram_is_that_of_sql(api: Api, oracle: Oracle, wanted: dict[str, Any]):
    histogram = (await find(api, wanted))["price_histogram"]
    where = conditions(wanted, ignoring="price")
    assert (histogram["min"], histogram["max"]) == (
        await oracle.one("min(price)", where),
        await oracle.one("max(price)", where),
    )
    edges = [bar["from"] or 0 for bar in histogram["bars"]]
    buckets = await oracle.spread(f"width_bucket(price, array{edges}::bigint[])", where)
    assert [bar["count"] for bar in histogram["bars"]] == [buckets.get(n + 1, 0) for n in range(len(edges))]


def choices_of(answer: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for facet, options in answer["facets"].items():
        yield from ((facet, option) for option in options)


@settings(max_examples=100)
@given(wanted=searches, pick=st.randoms(use_true_random=False))
async def test_counts_keep_their_promises(
    api: Api, oracle: Oracle, wanted: dict[str, Any], pick: random.Random
):
    answer = await find(api, wanted, page_size=1)
    total = answer["total"]
    for facet, options in answer["facets"].items():
        selected = [option["count"] for option in options if option["selected"]]
        if wanted.get(facet):
            assert sum(selected) == total, facet
        else:
            assert sum(o["count"] for o in options) + answer["other_counts"].get(facet, 0) == total, facet
    facet, option = pick.choice(list(choices_of(answer)))
    chosen = await find(api, {**wanted, facet: [option["value"]]}, page_size=1)
    assert chosen["total"] == option["count"]
    if not wanted.get(facet):
        for name, before in choices_of(answer):
            if name != facet:
                after = {o["value"]: o["count"] for o in chosen["facets"][name]}
                assert after.get(before["value"], 0) <= before["count"]


@pytest.mark.parametrize("facet", [facet for facet, facts in FACETS.items() if not facts.open])
def test_unknown_is_an_option_where_it_may_be_chosen(facet: Facet):
    try:
        Wishes.model_validate({facet: ["unknown"]})
    except ValidationError:
        assert not FACETS[facet].nullable
    else:
        assert FACETS[facet].nullable
