"""The survey of all listings gives each the result of its own comparison, and of a simple reference."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.geography.neighbours import distance_km
from domain.market.comparison import Comparison, compare
from domain.market.ladder import LADDER, Rung, area_bounds, neighbourhood
from domain.market.shelves import NONE, PLACES, Listings
from domain.market.survey import LABELS, LEVELS, REASONS, UNKNOWN, survey
from schemas.sectors import LOCALITIES
from schemas.vocabulary import MarketLevel


class Home(NamedTuple):
    price_per_sqft: int = 10_000
    area_sqft: int = 1_000
    halves: int = 6
    locality: str = "Sector 62"
    society: int = NONE
    kind: int = 0
    north: float | None = 0.0
    """Degrees from the sector's centre; None if unknown."""

    @property
    def place(self) -> tuple[float, float] | None:
        fact = LOCALITIES[self.locality]
        if self.north is None or fact.latitude is None or fact.longitude is None:
            return None
        return fact.latitude + self.north, fact.longitude


def columns(homes: list[Home]) -> Listings:
    places = [home.place or (np.nan, np.nan) for home in homes]
    return Listings(
        kind=np.array([home.kind for home in homes], np.int64),
        place=np.array([PLACES.index(home.locality) for home in homes], np.int64),
        society=np.array([home.society for home in homes], np.int64),
        halves=np.array([home.halves for home in homes], np.int64),
        area_sqft=np.array([home.area_sqft for home in homes], np.int64),
        price_per_sqft=np.array([home.price_per_sqft for home in homes], np.int64),
        latitude=np.array([latitude for latitude, _ in places]),
        longitude=np.array([longitude for _, longitude in places]),
    )


def comparable(rung: Rung, subject: Home, other: Home) -> bool:
    return subject.kind == other.kind and alike(rung, subject, other) and together(rung.level, subject, other)


def alike(rung: Rung, subject: Home, other: Home) -> bool:
    if bool(subject.halves) != bool(other.halves) or abs(subject.halves - other.halves) > 2 * rung.bhk_span:
        return False
    if rung.area_pct is None:
        return True
    least, most = area_bounds(subject.area_sqft, rung.area_pct)
    return least <= other.area_sqft <= most


def together(level: MarketLevel, subject: Home, other: Home) -> bool:
    match level:
        case MarketLevel.SAME_SOCIETY:
            return subject.locality == other.locality and subject.society == other.society
        case MarketLevel.SAME_SECTOR | MarketLevel.SIMILAR_IN_SECTOR:
            return subject.locality == other.locality
        case MarketLevel.WITHIN_2_KM:
            here, there = subject.place, other.place
            return bool(here and there and distance_km(here, there) <= 2)
        case MarketLevel.NEIGHBOURING_SECTORS:
            return other.locality in neighbourhood(subject.locality)
        case MarketLevel.CITY:
            return True


def climbed(homes: list[Home], subject: int) -> Comparison:
    def tried() -> Iterator[tuple[MarketLevel, list[int]]]:
        home = homes[subject]
        others = homes[:subject] + homes[subject + 1 :]
        for rung in LADDER:
            if rung.level is MarketLevel.SAME_SOCIETY and home.society == NONE:
                continue
            yield rung.level, sorted(one.price_per_sqft for one in others if comparable(rung, home, one))

    return compare(homes[subject].price_per_sqft, tried())


def surveyed(homes: list[Home]) -> list[tuple[object, ...]]:
    found = survey(columns(homes))

    def name(names, number):
        return None if number == UNKNOWN else names[number]

    return [
        (
            name(LEVELS, found.level[each]),
            found.n[each],
            None if found.median[each] == UNKNOWN else found.median[each],
            None if found.delta_tenths[each] == UNKNOWN else found.delta_tenths[each],
            name(LABELS, found.label[each]),
            name(REASONS, found.reason[each]),
        )
        for each in range(len(homes))
    ]


def by_itself(homes: list[Home]) -> list[tuple[object, ...]]:
    return [
        (one.level, one.n, one.figures and one.figures.median, one.delta_tenths, one.label, one.reason)
        for one in (climbed(homes, subject) for subject in range(len(homes)))
    ]


HOMES = st.builds(
    Home,
    price_per_sqft=st.integers(0, 40) | st.integers(8_000, 12_000) | st.just(10_000),
    area_sqft=st.sampled_from([800, 900, 1_000, 1_100, 1_150, 1_200, 1_249, 1_250, 1_300, 5_000]),
    halves=st.sampled_from([6, 6, 6, 4, 5, 8, 2, 1, 0]),
    locality=st.sampled_from(["Sector 62", "Sector 62", "Sector 61", "Sector 63", "Sector 150"]),
    society=st.sampled_from([NONE, 0, 1]),
    kind=st.sampled_from([0, 0, 0, 1]),
    north=st.sampled_from([0.0, 0.001, 0.0179, 0.018, None]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(HOMES, min_size=1, max_size=70))
def test_the_survey_finds_what_each_listing_finds_by_itself(homes):
    assert surveyed(homes) == by_itself(homes)


@pytest.mark.parametrize("seed", range(4))
def test_large_markets_agree_too(seed):
    chance = np.random.default_rng(seed)
    homes = [
        Home(
            price_per_sqft=int(chance.normal(10_000, 2_000)),
            area_sqft=int(chance.integers(500, 3_000)),
            halves=int(chance.choice([4, 5, 6, 8])),
            locality=str(chance.choice(PLACES[60:90])),
            society=int(chance.integers(-1, 4)),
            kind=int(chance.integers(0, 2)),
        )
        for _ in range(900)
    ]
    assert surveyed(homes) == by_itself(homes)


def test_nobody_is_no_market():
    assert surveyed([]) == []


def test_chosen_subjects_are_compared_with_everybody():
    homes = [Home(price) for price in range(9_000, 11_000, 100)]
    found = survey(columns(homes), np.array([3, 15]))
    everybody = survey(columns(homes))
    assert found.delta_tenths.tolist() == everybody.delta_tenths[[3, 15]].tolist()
