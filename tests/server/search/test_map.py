"""The map search over HTTP."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.api.search.geo import Box
from search.map import FINER, MOST_TILES, tile_column, tile_row, tile_zoom, tiles_in
from tests.factories import home
from tests.server.conftest import Api, Catalogue

PATH = "/api/v1/search/map"
NOIDA = {"south": 28.4, "west": 77.25, "north": 28.7, "east": 77.55}


async def draw(api: Api, zoom: float = 12, box: Any = NOIDA, **wanted: Any) -> Any:
    answer = await api.post(PATH, {"zoom": zoom, "geo": {"box": box}, **wanted})
    assert answer.status == 200, answer.body
    return answer.body


async def test_listings_far_apart_are_clusters_of_their_own(api: Api, catalogue: Catalogue):
    await catalogue.store(
        *(home(latitude=28.6, longitude=77.3, price=price) for price in (5_000_000, 7_000_000, 9_000_000)),
        home(latitude=28.5, longitude=77.4, price=4_000_000),
    )
    drawn = await draw(api)
    assert drawn["items"] == []
    assert [(c["latitude"], c["longitude"], c["count"], c["median_price"]) for c in drawn["clusters"]] == [
        (28.6, 77.3, 3, 7_000_000),
        (28.5, 77.4, 1, 4_000_000),
    ]


async def test_a_map_obeys_the_filters_of_the_search(api: Api, catalogue: Catalogue):
    await catalogue.store(home(bhk=2), home(bhk=3), home(bhk=3, listing_type="rent"), home(state="sold"))
    assert [cluster["count"] for cluster in (await draw(api, bhk=3))["clusters"]] == [1]


CIRCLE = {"radius": {"centre": {"latitude": 28.6, "longitude": 77.3}, "metres": 2_000}}
CORNERS = [(28.59, 77.29), (28.59, 77.33), (28.62, 77.33), (28.62, 77.29)]
SHAPE = {"polygon": [{"latitude": north, "longitude": east} for north, east in CORNERS]}


@pytest.mark.parametrize("geo", [CIRCLE, SHAPE, {"box": NOIDA | {"north": 28.62}}])
async def test_the_place_that_is_searched_in_is_shown_on_any_part_of_the_map(
    api: Api, catalogue: Catalogue, geo: dict[str, Any]
):
    await catalogue.store(
        home("west", latitude=28.6, longitude=77.295),
        home("east", latitude=28.6, longitude=77.31),
        home("far", latitude=28.65, longitude=77.31),
    )
    searched = (await api.post("/api/v1/search/listings", {"geo": geo})).body["total"]
    for viewport, expected in ((NOIDA, {"west", "east"}), (NOIDA | {"west": 77.3}, {"east"})):
        answer = await api.post(PATH, {"zoom": 16, "viewport": viewport, "geo": geo})
        assert {item["title"] for item in answer.body["items"]} == expected
        assert answer.body["total"] == len(expected) <= searched == 2


async def test_a_home_that_stands_at_its_sectors_centre_says_so(api: Api, catalogue: Catalogue):
    await catalogue.store(home("there"), home("thereabouts", location_approximate=True))
    answer = await api.post(PATH, {"zoom": 16, "viewport": NOIDA})
    assert {item["title"]: item["location_approximate"] for item in answer.body["items"]} == {
        "there": False,
        "thereabouts": True,
    }


async def test_close_by_listings_are_shown_one_by_one(api: Api, catalogue: Catalogue):
    await catalogue.store(home("Garden flat"), home("Tower flat"))
    drawn = await draw(api, zoom=16)
    assert (drawn["clusters"], drawn["total"]) == ([], 2)
    assert {item["title"] for item in drawn["items"]} == {"Garden flat", "Tower flat"}


async def test_too_many_to_tell_apart_stay_a_cluster(api: Api, catalogue: Catalogue):
    await catalogue.store(*(home() for _ in range(201)))
    drawn = await draw(api, zoom=18)
    assert (drawn["items"], [cluster["count"] for cluster in drawn["clusters"]]) == ([], [201])


async def test_a_listing_without_a_place_is_on_no_map(api: Api, catalogue: Catalogue):
    await catalogue.store(home(latitude=None, longitude=None))
    assert await draw(api) == {"clusters": [], "items": [], "total": 0}


async def test_a_map_that_was_dragged_around_the_world_shows_the_same(api: Api, catalogue: Catalogue):
    await catalogue.store(home(latitude=28.6, longitude=77.3), home(latitude=28.5, longitude=77.4))
    turned = NOIDA | {"west": NOIDA["west"] + 360, "east": NOIDA["east"] + 360}
    assert await draw(api, 12.37, turned) == await draw(api, 12, NOIDA)
    whole = await draw(api, 1.9, NOIDA | {"west": -250, "east": 390})
    assert whole["total"] == 2


async def test_a_viewport_as_large_as_a_screen_gets_tiles_of_its_zoom(api: Api, catalogue: Catalogue):
    await catalogue.store(home(latitude=28.6, longitude=77.3))
    [cluster] = (await draw(api, zoom=12))["clusters"]
    assert cluster["tile"].startswith("14/")


@pytest.fixture(scope="module")
async def scattered(live: Catalogue) -> list[tuple[float, float]]:
    rng = random.Random(5)
    places = [(round(rng.uniform(28.45, 28.65), 4), round(rng.uniform(77.3, 77.5), 4)) for _ in range(150)]
    await live.store(*(home(latitude=north, longitude=east) for north, east in places))
    return places


@settings(max_examples=40)
@given(
    zoom=st.integers(0, 22),
    corner=st.tuples(st.floats(28.4, 28.6), st.floats(77.25, 77.45)),
    side=st.floats(0.01, 0.2),
)
async def test_what_is_drawn_adds_up_to_what_lies_in_the_viewport(
    api: Api, scattered: list[tuple[float, float]], zoom: int, corner: tuple[float, float], side: float
):
    south, west = corner
    box = {"south": south, "west": west, "north": south + side, "east": west + side}
    inside = sum(south <= north <= south + side and west <= east <= west + side for north, east in scattered)
    drawn = await draw(api, zoom, box)
    assert drawn["total"] == pytest.approx(inside, abs=1)  # the engine stores locations to a few centimetres
    assert sum(c["count"] for c in drawn["clusters"]) + len(drawn["items"]) == drawn["total"]
    for cluster in drawn["clusters"]:
        assert south - 1e-4 <= cluster["latitude"] <= south + side + 1e-4


@settings(max_examples=40)
@given(
    zoom=st.integers(0, 22),
    south=st.floats(-89, 28.6),
    west=st.floats(-179, 77.4),
    height=st.floats(0.001, 60),
    width=st.floats(0.001, 200),
)
async def test_tiles_are_so_large_that_all_of_them_are_told_of(
    api: Api, scattered: list[tuple[float, float]], zoom: int, south: float, west: float, height: float,
    width: float,
):  # fmt: skip
    box = Box(south=south, west=west, north=min(90, south + height), east=min(180, west + width))
    step = tile_zoom(box, zoom)
    assert tiles_in(box, step) <= MOST_TILES
    assert step == zoom + FINER or tiles_in(box, step + 1) > MOST_TILES
    drawn = await draw(api, zoom, box.model_dump())
    assert sum(c["count"] for c in drawn["clusters"]) + len(drawn["items"]) == drawn["total"]
    for cluster in drawn["clusters"]:
        depth, across, down = map(int, cluster["tile"].split("/"))
        assert depth == step
        assert tile_column(box.west, step) <= across <= tile_column(box.east, step)
        assert tile_row(box.north, step) <= down <= tile_row(box.south, step)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"geo": {"box": NOIDA}}, {"#/zoom": "missing"}),
        ({"zoom": 23, "geo": {"box": NOIDA}}, {"#/zoom": "less_than_equal"}),
        ({"zoom": 12}, {"#": "no_viewport"}),
        (
            {"zoom": 12, "geo": {"radius": {"centre": {"latitude": 28, "longitude": 77}, "metres": 9}}},
            {"#": "no_viewport"},
        ),
        (
            {"zoom": 12, "viewport": NOIDA, "page": 1, "page_size": 5, "sort": "newest"},
            {"#/page": "extra_forbidden", "#/page_size": "extra_forbidden", "#/sort": "extra_forbidden"},
        ),
        (
            {"zoom": 12, "viewport": NOIDA | {"north": 28}},
            {"#/viewport": "empty_box"},
        ),
        (
            {"zoom": "12", "geo": {"box": NOIDA}, "cluster": 1},
            {"#/zoom": "int_type", "#/cluster": "extra_forbidden"},
        ),
    ],
)
async def test_a_map_needs_its_viewport(api: Api, body: dict[str, Any], pointers: dict[str, str]):
    answer = await api.post(PATH, body)
    assert (answer.status, answer.wrong_fields()) == (422, pointers)
