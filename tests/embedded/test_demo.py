"""Demo homes are the same for everyone, satisfy every constraint of the tables, and resemble Noida's."""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from math import hypot
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from demo import homes, load_demo
from demo.album import Albums
from demo.home import COLUMNS, Home
from demo.homes import FLATS
from demo.load import load_homes
from demo.offers import LURED, asked
from demo.pictures import Picture, draw_pictures
from demo.prices import CIRCLE_RATES, PUBLISHED, price_band
from demo.shares import FACING_KNOWN, FACINGS, FLAT_BHKS, LURE, SHARE_OF_SUPER, TYPES, UNDER_OFFER, YIELD
from demo.societies import FIRST, SECOND, numbered
from demo.words import ordinal
from domain.light import light_score
from domain.vastu import vastu_score
from schemas.sectors import LOCALITIES
from schemas.vocabulary import ListingType, Possession, PropertyState, PropertyType

TODAY = datetime(2026, 3, 1, tzinfo=UTC)
SEED = 7
WHOLE_HOUSES = {PropertyType.INDEPENDENT_HOUSE, PropertyType.VILLA}

DIGEST = f"""
from datetime import datetime, UTC
from hashlib import sha256
from demo import homes
rows = [home.row for home in homes(500, {SEED}, datetime(2026, 3, 1, tzinfo=UTC))]
print(sha256(repr(rows).encode()).hexdigest())
"""

STORED = text("""
    SELECT (SELECT md5(string_agg(p::text, '|' ORDER BY id)) FROM properties p),
           (SELECT md5(string_agg(i::text, '|' ORDER BY id)) FROM property_images i),
           (SELECT count(*) FROM search_outbox)
""")


@pytest.fixture(scope="module")
def drawn() -> list[Home]:
    return list(homes(10_000, SEED, TODAY))


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def pictures(media: Path) -> tuple[Picture, ...]:
    return draw_pictures(media)


def of_type(drawn: list[Home], *kinds: PropertyType) -> list[Home]:
    return [home for home in drawn if home.property_type in kinds]


def near(count: int, share: float, total: int) -> bool:
    """Return whether the count is within four standard deviations of the expected number."""
    return abs(count - share * total) <= 4 * (total * share * (1 - share)) ** 0.5


async def fetch(engine: AsyncEngine, query: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


# -- The same for everyone


def test_the_same_seed_gives_the_same_homes_in_another_process():
    here = sha256(repr([home.row for home in homes(500, SEED, TODAY)]).encode()).hexdigest()
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    other = subprocess.run(
        [sys.executable, "-c", DIGEST], env=environment, check=True, capture_output=True, text=True
    )
    assert other.stdout.strip() == here


def test_fewer_homes_are_the_beginning_of_more(drawn: list[Home]):
    assert list(homes(300, SEED, TODAY)) == drawn[:312]


def test_another_seed_gives_other_homes_and_other_ids(drawn: list[Home]):
    ids = {home.id for home in drawn}
    assert len(ids) == len(drawn)
    assert ids.isdisjoint(home.id for home in homes(500, SEED + 1, TODAY))


def test_ids_are_of_version_7_and_sort_in_the_order_of_the_homes(drawn: list[Home]):
    ids = [home.id for home in drawn]
    assert ids == sorted(ids)
    assert {found.version for found in ids} == {7}


def test_another_day_moves_only_the_dates():
    later = TODAY + timedelta(days=30)
    for now, then in zip(homes(300, SEED, TODAY), homes(300, SEED, later), strict=True):
        assert then.standing.listed_at - now.standing.listed_at == timedelta(days=30)
        assert now._replace(standing=then.standing) == then


# -- Shares


def test_as_many_live_homes_as_asked_for_and_one_dead_for_25(drawn: list[Home]):
    assert sum(home.is_live for home in drawn) == 10_000
    assert len(drawn) == 10_400
    assert {home.standing.state for home in drawn if not home.is_live} == {
        PropertyState.DRAFT,
        PropertyState.SOLD,
        PropertyState.EXPIRED,
        PropertyState.INACTIVE,
    }


@pytest.mark.parametrize("kind", PropertyType)
def test_types_are_shared_out_as_counted(drawn: list[Home], kind: PropertyType):
    assert near(len(of_type(drawn, kind)), TYPES[kind] / sum(TYPES.values()), len(drawn))


@pytest.mark.parametrize("bhk", FLAT_BHKS)
def test_bedrooms_of_flats_are_shared_out_as_counted(drawn: list[Home], bhk: float):
    flats = of_type(drawn, PropertyType.APARTMENT)
    having = sum(home.rooms.bhk == bhk for home in flats)
    assert near(having, FLAT_BHKS[bhk] / sum(FLAT_BHKS.values()), len(flats))


def test_facings_are_known_and_shared_out_as_counted(drawn: list[Home]):
    facings = Counter(home.directions.facing_direction for home in drawn)
    assert near(facings[None], 1 - FACING_KNOWN, len(drawn))
    for direction, weight in FACINGS.items():
        share = FACING_KNOWN * weight / sum(FACINGS.values())
        assert near(facings[direction], share, len(drawn))


def test_a_quarter_is_for_rent(drawn: list[Home]):
    rented = sum(home.offer.listing_type is ListingType.RENT for home in drawn)
    assert 0.22 < rented / len(drawn) < 0.28


def test_a_few_live_homes_are_under_offer(drawn: list[Home]):
    live = [home for home in drawn if home.is_live]
    offered = sum(home.standing.state is PropertyState.UNDER_OFFER for home in live)
    assert near(offered, UNDER_OFFER, len(live))


def test_localities_with_most_flats_have_most_homes(drawn: list[Home]):
    flats = Counter(home.place.locality for home in of_type(drawn, PropertyType.APARTMENT))
    assert flats.most_common(1)[0][0] == max(FLATS, key=FLATS.__getitem__)
    assert len(flats) > 100


def test_homes_were_first_offered_in_the_last_half_year_and_most_of_them_lately(drawn: list[Home]):
    ages = sorted((TODAY - home.standing.listed_at).days for home in drawn)
    assert ages[0] == 0
    assert ages[-1] <= 180
    assert ages[len(ages) // 2] < 60


def test_expired_homes_say_when(drawn: list[Home]):
    for home in drawn:
        expired = home.standing.state is PropertyState.EXPIRED
        assert (home.standing.expires_at is not None) == expired


# -- Consistency


def test_plots_have_no_rooms_and_no_building(drawn: list[Home]):
    for plot in of_type(drawn, PropertyType.PLOT):
        assert set(plot.rooms) == {None}
        assert set(plot.building._replace(open_sides=None)) == {None}
        assert plot.offer.listing_type is ListingType.SALE


def test_penthouses_are_on_top_and_studios_small(drawn: list[Home]):
    for home in of_type(drawn, PropertyType.PENTHOUSE):
        assert home.building.floor_number == home.building.total_floors
        assert (home.rooms.bhk or 0) >= 3
    assert {home.rooms.bhk for home in of_type(drawn, PropertyType.STUDIO)} == {0.5, 1}


def test_houses_are_whole_and_of_one_to_four_floors(drawn: list[Home]):
    houses = of_type(drawn, *WHOLE_HOUSES)
    assert {home.building.floor_number for home in houses} == {None}
    assert {home.building.total_floors for home in houses} == {1, 2, 3, 4}


def test_what_is_being_built_is_new_unfurnished_and_not_let(drawn: list[Home]):
    sites = [home for home in drawn if home.building.possession_status is Possession.UNDER_CONSTRUCTION]
    assert {(home.building.age_years, home.building.furnishing_status) for home in sites} == {(0, None)}
    assert {home.offer.listing_type for home in sites} == {ListingType.SALE}


def test_a_society_stands_in_one_place_with_one_height(drawn: list[Home]):
    societies: dict[str, list[Home]] = defaultdict(list)
    for home in drawn:
        if home.place.society:
            societies[home.place.society].append(home)
    for members in societies.values():
        assert len({(home.place.locality, home.building.total_floors) for home in members}) == 1
    assert max(map(len, societies.values())) > 50


def test_homes_stand_within_400_m_of_their_sectors_centre_or_nowhere(drawn: list[Home]):
    for home in drawn:
        fact, place = LOCALITIES[home.place.locality], home.place
        assert place.sector == fact.sector
        if fact.latitude is None or fact.longitude is None:
            assert place.latitude is place.longitude is None
        else:
            assert place.latitude is not None
            assert place.longitude is not None
            north, east = place.latitude - fact.latitude, place.longitude - fact.longitude
            assert hypot(north * 110_900, east * 97_700) < 410


def test_scores_are_those_of_the_rules(drawn: list[Home]):
    for home in islice(drawn, 1_000):
        seen, building = home.directions, home.building
        vastu = vastu_score(
            facing=seen.facing_direction,
            entrance=seen.entrance_direction,
            kitchen=seen.kitchen_direction,
            master_bedroom=seen.master_bedroom_direction,
            pooja=seen.pooja_direction,
            toilet=seen.toilet_direction,
        )
        light = light_score(
            open_sides=building.open_sides,
            balcony_direction=seen.balcony_direction,
            floor_number=building.floor_number,
            total_floors=building.total_floors,
        )
        assert (home.scores.vastu_score, home.scores.vastu_coverage) == (vastu.score, vastu.coverage)
        assert (home.scores.light_score, home.scores.light_coverage) == (light.score, light.coverage)


# -- Prices


def super_sqft(home: Home) -> float:
    return home.offer.area_sqft / SHARE_OF_SUPER[home.offer.area_basis]


def test_prices_per_sqft_lie_within_the_band_of_the_locality_except_for_lures(drawn: list[Home]):
    sales = [home for home in drawn if home.offer.listing_type is ListingType.SALE]
    below = 0
    for home in sales:
        band = price_band(home.property_type, home.place.locality)
        per_sqft = home.offer.price / super_sqft(home)
        rounding = 1.04  # rounding of area and price together
        assert band.low * LURED / rounding <= per_sqft <= band.high * rounding
        below += per_sqft < band.low / rounding
    assert below <= 2 * LURE * len(sales)


def test_a_years_rent_is_about_three_percent_of_the_value(drawn: list[Home]):
    for home in drawn:
        if home.offer.listing_type is ListingType.RENT:
            band = price_band(home.property_type, home.place.locality)
            a_year = home.offer.price * 12
            assert a_year >= YIELD[0] * band.low * LURED * super_sqft(home) * 0.85
            assert a_year <= YIELD[1] * band.high * super_sqft(home) * 1.25
            assert home.offer.price % 500 == 0


@pytest.mark.parametrize(
    ("value", "price"),
    [
        (1, 10_000),
        (1_234_567, 1_230_000),
        (4_512_345, 4_500_000),
        (12_345_678, 12_500_000),
        (98_700_000, 98_500_000),
    ],
)
def test_prices_are_rounded_as_people_round_them(value: float, price: int):
    assert asked(value) == price


def test_a_published_band_is_taken_as_it_is():
    assert price_band(PropertyType.APARTMENT, "Sector 150").average == 13_066


def test_a_missing_band_is_the_mean_of_the_nearest_three():
    band = price_band(PropertyType.APARTMENT, "Sector 99")
    published = PUBLISHED[PropertyType.APARTMENT]
    assert "Sector 99" not in published
    assert min(b.low for b in published.values()) < band.low < band.average < band.high


def test_a_locality_without_a_centre_takes_the_mean_of_all():
    assert LOCALITIES["Sector 13"].latitude is None
    averages = [band.average for band in PUBLISHED[PropertyType.APARTMENT].values()]
    expected = sum(averages) / len(averages)
    assert price_band(PropertyType.APARTMENT, "Sector 13").average == pytest.approx(expected)


def test_land_follows_the_circle_rate_and_the_median_where_there_is_none():
    assert "Sector 13" not in CIRCLE_RATES
    dear, cheap = (price_band(PropertyType.PLOT, name).average for name in ("Sector 44", "Sector 150"))
    assert dear > price_band(PropertyType.PLOT, "Sector 13").average > cheap


def test_a_name_used_up_gets_a_number():
    assert numbered(["Koyal Steps", "Megh Rows"], 3) == "Megh Rows 2"
    assert len({f"{first} {second}" for first in FIRST for second in SECOND}) == len(FIRST) * len(SECOND)


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")]
)
def test_floors_are_said_in_words(number: int, said: str):
    assert ordinal(number) == said


# -- In the database


async def test_every_rule_of_the_tables_holds_and_live_homes_are_counted(engine: AsyncEngine):
    told: list[tuple[int, int]] = []
    added = await load_homes(
        engine, (), listings=500, seed=SEED, progress=lambda done, total: told.append((done, total))
    )
    assert (added, told) == (500, [(500, 500)])
    assert await fetch(engine, "SELECT count(*) FILTER (WHERE is_active), count(*) FROM properties") == [
        (500, 520)
    ]
    first = next(homes(1, SEED, TODAY))
    assert await fetch(engine, f"SELECT title, price FROM properties WHERE id = '{first.id}'") == [
        (first.words.title, first.offer.price)
    ]


async def test_loading_twice_changes_nothing(engine: AsyncEngine, pictures: tuple[Picture, ...]):
    assert await load_homes(engine, pictures, listings=300, seed=SEED) == 300
    async with engine.connect() as connection:
        before = (await connection.execute(STORED)).one()
    assert await load_homes(engine, pictures, listings=300, seed=SEED) == 0
    async with engine.connect() as connection:
        assert (await connection.execute(STORED)).one() == before


async def test_more_listings_add_to_what_is_there(engine: AsyncEngine):
    await load_homes(engine, (), listings=100, seed=SEED)
    assert await load_homes(engine, (), listings=150, seed=SEED) == 50


async def test_every_picture_of_a_listing_exists_and_one_is_primary(
    engine: AsyncEngine, media: Path, pictures: tuple[Picture, ...]
):
    await load_demo(engine, media, listings=500, seed=SEED)
    shown = await fetch(engine, "SELECT original_url, thumbnail_url, content_hash FROM property_images")
    hashes = {picture.content_hash for picture in pictures}
    for original, thumbnail, content_hash in set(shown):
        assert (media / original.removeprefix("/media/")).is_file()
        assert (media / thumbnail.removeprefix("/media/")).is_file()
        assert content_hash in hashes
    counts = await fetch(
        engine,
        "SELECT count(*) FILTER (WHERE is_primary), count(DISTINCT content_hash) = count(*)"
        " FROM property_images GROUP BY property_id",
    )
    assert set(counts) == {(1, True)}


def test_albums_hold_up_to_five_pictures_and_a_few_are_empty(
    drawn: list[Home], pictures: tuple[Picture, ...]
):
    albums = Albums(pictures)
    sizes = Counter(len(albums.pictures(home)) for home in drawn)
    assert set(sizes) == {0, 1, 2, 3, 4, 5}
    assert near(sizes[0], 0.05, len(drawn))


def test_an_album_opens_with_its_type_and_plans_have_its_bedrooms(
    drawn: list[Home], pictures: tuple[Picture, ...]
):
    albums = Albums(pictures)
    for home in islice(drawn, 2_000):
        album = albums.pictures(home)
        assert all(picture.kind == home.property_type for picture in album[:1])
        plans = [picture.bhk for picture in album if picture.kind == "floor_plan"]
        assert plans in ([], [int(home.rooms.bhk or 0)])


def test_a_row_has_a_value_for_every_column(drawn: list[Home]):
    assert len(drawn[0].row) == len(COLUMNS) == len(set(COLUMNS))
