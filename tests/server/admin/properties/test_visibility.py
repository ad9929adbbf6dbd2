"""Why a listing is not in a search: the first reason, for each situation of a table, over HTTP."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from opensearchpy import AsyncOpenSearch
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.api.search.canonical import ListingSearch
from schemas.settings import Settings
from schemas.tables import DeadLetter
from search.visibility import rank_of
from tests.factories import home, store, store_user
from tests.server.conftest import Api, Catalogue, served

PATH = "/api/v1/admin/properties"
GARDEN = home(
    "Garden flat",
    bhk=3,
    price=9_000_000,
    area_sqft=1_500,
    society="Lotus Court",
    facing_direction="east",
    furnishing_status="furnished",
    floor_number=4,
    total_floors=9,
    age_years=5,
    vastu_score=70,
    pooja_direction="north_east",
)


async def asked(api: Api, key: object, **wanted: Any) -> Any:
    answer = await api.post(f"{PATH}/{key}/visibility", wanted)
    assert answer.status == 200, answer.body
    return answer.body


@pytest.mark.parametrize(
    ("wanted", "reason", "value"),
    [
        ({"listing_type": "rent"}, "listing_type", "sale"),
        ({"property_type": "villa"}, "property_type", "apartment"),
        ({"bhk": [2]}, "bhk", 3),
        ({"price": {"max": 8_999_999}}, "price", 9_000_000),
        ({"price": {"min": 9_000_001}}, "price", 9_000_000),
        ({"price_per_sqft": {"max": 5_999}}, "price_per_sqft", 6_000),
        ({"area_sqft": {"min": 1_501}}, "area_sqft", 1_500),
        ({"locality": "Sector 63"}, "locality", "Sector 62"),
        ({"sector": "63"}, "sector", "62"),
        ({"society": "Neem Residency"}, "society", "Lotus Court"),
        ({"facing_direction": "west"}, "facing_direction", "east"),
        ({"furnishing_status": "unknown"}, "furnishing_status", "furnished"),
        ({"possession_status": "ready_to_move"}, "possession_status", None),
        ({"floor_number": {"min": 5}}, "floor_number", 4),
        ({"age_years": {"max": 4}}, "age_years", 5),
        ({"vastu_score": {"min": 71}}, "vastu_score", 70),
        ({"light_score": {"min": 1}}, "light_score", None),
        ({"deal": "great"}, "deal", None),
        ({"vastu_rooms": [{"room": "pooja", "directions": "east"}]}, "vastu_rooms", "north_east"),
        ({"geo": {"box": {"south": 28.4, "west": 77.3, "north": 28.5, "east": 77.4}}}, "geo", None),
        ({"bhk": [2], "locality": "Sector 63"}, "bhk", 3),
    ],
)
async def test_the_first_filter_that_it_does_not_fit_is_named_with_what_it_holds(
    admin: Api, catalogue: Catalogue, wanted: dict[str, Any], reason: str, value: Any
):
    [key] = await catalogue.store(GARDEN)
    found = await asked(admin, key, **wanted)
    verdict = next(verdict for verdict in found["filters"] if verdict["field"] == reason)
    assert (found["visible"], found["reason"], verdict["matches"]) == (False, reason, False)
    if reason != "geo":
        assert verdict["value"] == value


async def test_words_that_it_does_not_hold_are_a_reason(admin: Api, catalogue: Catalogue):
    [key] = await catalogue.store(GARDEN)
    assert (await asked(admin, key, q="penthouse"))["reason"] == "q"
    assert (await asked(admin, key, q="garden"))["visible"]


@pytest.mark.parametrize("state", ["draft", "inactive", "sold", "expired", "deleted"])
async def test_its_state_comes_before_every_filter(admin: Api, catalogue: Catalogue, state: str):
    [key] = await catalogue.store(GARDEN | {"state": state})
    found = await asked(admin, key, bhk=[2])
    assert (found["reason"], found["row"]["state"], state in found["detail"]) == ("state", state, True)


async def test_what_is_in_the_search_has_a_place_and_a_page(admin: Api, catalogue: Catalogue):
    keys = await catalogue.store(*(home(str(n), price=1_000_000 * (n + 1)) for n in range(5)))
    found = await asked(admin, keys[3], sort="price_asc", page_size=2)
    assert (found["visible"], found["reason"], found["rank"], found["page"]) == (True, None, 4, 2)
    assert all(verdict["matches"] for verdict in found["filters"])


@pytest.mark.parametrize("sort", ["price_asc", "price_desc", "relevance", "vastu_desc"])
async def test_a_place_far_down_is_found_by_walking_there(catalogue: Catalogue, sort: str):
    await catalogue.store(*(home(str(n), price=1_000_000 * (n + 1)) for n in range(5)))
    wanted = ListingSearch.model_validate({"sort": sort, "page": 2, "page_size": 1})
    found = await catalogue.search.search(index=catalogue.alias, body={"query": {"match_all": {}}})
    places = [
        await rank_of(catalogue.search, catalogue.alias, UUID(hit["_id"]), wanted, stride=2)
        for hit in found["hits"]["hits"]
    ]
    assert sorted(place or 0 for place in places) == [1, 2, 3, 4, 5]
    assert await rank_of(catalogue.search, catalogue.alias, UUID(int=7), wanted, stride=2) is None


async def test_the_search_may_come_in_a_link(admin: Api, catalogue: Catalogue):
    [key] = await catalogue.store(GARDEN)
    search = orjson.dumps({"bhk": [2]}).decode()
    answer = await admin.get(f"{PATH}/{key}/visibility", search=search)
    assert answer.body["reason"] == "bhk"


async def test_a_new_listing_waits_for_the_index(admin: Api, catalogue: Catalogue, engine: AsyncEngine):
    [key] = await store(engine, GARDEN)
    found = await asked(admin, key)
    assert (found["reason"], found["index"]["revision"], found["index"]["up_to_date"]) == (
        "not_indexed",
        None,
        False,
    )
    assert found["index"]["oldest_pending_change_age_s"] >= 0
    await catalogue.sync_index()
    assert (await asked(admin, key))["visible"]


async def test_an_edit_that_the_index_has_not_seen_is_told_with_both_revisions(
    admin: Api, catalogue: Catalogue, engine: AsyncEngine
):
    [key] = await catalogue.store(GARDEN)
    indexed = (await asked(admin, key))["row"]["revision"]
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE properties SET bhk = 2"))
    found = await asked(admin, key, bhk=[2])
    assert (found["reason"], found["index"]["revision"]) == ("not_indexed", indexed)
    assert found["row"]["revision"] > indexed


async def test_a_document_that_the_index_refused_is_told_with_its_error(
    admin: Api, catalogue: Catalogue, engine: AsyncEngine
):
    [key] = await store(engine, GARDEN)
    letter = {
        "property_id": key,
        "revision": (await asked(admin, key))["row"]["revision"],
        "error_type": "mapper",
        "reason": "strict mapping",
        "attempts": 1,
    }
    async with engine.begin() as connection:
        await connection.execute(insert(DeadLetter).values(letter))
    found = await asked(admin, key)
    assert (found["reason"], "strict mapping" in found["detail"]) == ("dead_letter", True)


async def test_without_an_index_that_is_the_reason(admin: Api, engine: AsyncEngine, search: AsyncOpenSearch):
    [key] = await store(engine, GARDEN)
    assert (await asked(admin, key))["reason"] == "no_index"


async def test_an_engine_that_is_away_is_a_reason_too(settings: Settings, engine: AsyncEngine):
    nowhere = settings.model_copy(update={"opensearch_url": "http://127.0.0.1:1"})
    [key] = await store(engine, GARDEN)
    user = await store_user(engine)
    async with served(nowhere, "visibility_without_engine") as api:
        found = await asked(api.signed_in(user, settings), key)
    assert (found["visible"], found["reason"]) == (False, "search_unavailable")


@pytest.mark.parametrize("key", [str(UUID(int=7)), "x"])
async def test_what_is_not_there_is_not_found(admin: Api, key: str):
    assert (await admin.post(f"{PATH}/{key}/visibility", {})).status == 404


async def test_a_search_that_is_none_is_refused(admin: Api, catalogue: Catalogue):
    [key] = await catalogue.store(GARDEN)
    answer = await admin.post(f"{PATH}/{key}/visibility", {"bhk": [2.3], "colour": "red"})
    assert (answer.status, set(answer.wrong_fields())) == (422, {"#/bhk/0", "#/colour"})
