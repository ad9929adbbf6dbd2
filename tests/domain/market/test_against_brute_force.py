"""Both implementations of the method, compared with plain loops: level, figures, interval, label."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.market.comparison import compare
from domain.market.shelves import NONE, PLACES, Listings
from domain.market.survey import LABELS, LEVELS, REASONS, UNKNOWN, survey
from schemas.sectors import LOCALITIES
from schemas.vocabulary import MarketLevel
from tests.domain.market import oracle
from tests.domain.market.oracle import Found, Home, comparables, compared

SOCIETIES = ("Green Court", "Blue Court")
CENTRE = LOCALITIES["Sector 62"]
SPOTS = (None, (28.618, 77.372), (28.619, 77.373), (28.6365, 77.372), (28.70, 77.45))

HOMES = st.builds(
    Home,
    price_per_sqft=st.integers(0, 30) | st.integers(6_000, 14_000) | st.sampled_from([10_000, 90_000]),
    area_sqft=st.sampled_from([500, 800, 850, 900, 1_000, 1_100, 1_150, 1_200, 1_250, 1_300, 5_000]),
    bhk=st.sampled_from([3, 3, 3, 2.5, 2, 4, None]),
    locality=st.sampled_from(["Sector 62", "Sector 62", "Sector 62", "Sector 61", "Sector 63", "Sector 150"]),
    society=st.sampled_from([None, *SOCIETIES]),
    kind=st.sampled_from([0, 0, 0, 0, 1]),
    place=st.sampled_from(SPOTS),
)


def columns(homes: list[Home]) -> Listings:
    places = [home.place or (np.nan, np.nan) for home in homes]
    numbers = {
        "kind": [home.kind for home in homes],
        "place": [PLACES.index(home.locality) for home in homes],
        "society": [NONE if home.society is None else SOCIETIES.index(home.society) for home in homes],
        "halves": [0 if home.bhk is None else int(2 * home.bhk) for home in homes],
        "area_sqft": [home.area_sqft for home in homes],
        "price_per_sqft": [home.price_per_sqft for home in homes],
    }
    return Listings(
        **{name: np.array(column, np.int64) for name, column in numbers.items()},
        latitude=np.array([latitude for latitude, _ in places]),
        longitude=np.array([longitude for _, longitude in places]),
    )


def surveyed(homes: list[Home]) -> list[tuple[object, ...]]:
    found = survey(columns(homes))
    named = [
        [None if number == UNKNOWN else str(names[number]) for number in numbers]
        for names, numbers in ((LEVELS, found.level), (LABELS, found.label), (REASONS, found.reason))
    ]
    counted = [
        [None if n == UNKNOWN else n for n in column.tolist()]
        for column in (found.median, found.delta_tenths)
    ]
    return list(zip(found.n.tolist(), *named, *counted, strict=True))


def expected(found: Found) -> tuple[object, ...]:
    median = found.quartiles and found.quartiles[1]
    return found.n, found.level, found.label, found.reason, median, found.delta_tenths


@settings(max_examples=60)
@given(st.lists(HOMES, min_size=1, max_size=60))
def test_the_pass_over_all_finds_what_plain_loops_find(homes: list[Home]):
    assert surveyed(homes) == [expected(compared(homes, subject)) for subject in range(len(homes))]


@settings(max_examples=60)
@given(st.lists(HOMES, min_size=1, max_size=60))
def test_one_comparison_finds_what_plain_loops_find(homes: list[Home]):
    subject, *others = homes
    same_kind = [home for home in others if home.kind == subject.kind]
    tried = (
        (level, sorted(home.price_per_sqft for home in same_kind if comparables(level, subject, home)))
        for level in MarketLevel
    )
    told, found = compare(subject.price_per_sqft, tried), compared(homes, 0)
    figures = told.figures
    assert (told.level, told.n, told.label, told.reason, told.delta_tenths) == (
        found.level, found.n, found.label, found.reason, found.delta_tenths,
    )  # fmt: skip
    assert told.ladder[-1].removed == found.removed
    assert found.quartiles == (figures and (figures.p25, figures.median, figures.p75))
    assert found.interval == (figures and (figures.low, figures.high))
    if found.percentile is not None:
        assert told.percentile is not None
        assert abs(Fraction(told.percentile) - found.percentile) <= Fraction(51, 1_000)


@pytest.mark.parametrize("seed", range(2))
def test_a_market_of_many_agrees_too(seed: int):
    chance = np.random.default_rng(seed)
    homes = [
        Home(
            price_per_sqft=int(chance.normal(10_000, 1_500)),
            area_sqft=int(chance.integers(700, 1_500)),
            bhk=float(chance.choice([2, 2.5, 3])),
            locality=str(chance.choice(PLACES[60:75])),
            society=str(chance.choice(SOCIETIES)),
        )
        for _ in range(300)
    ]
    assert surveyed(homes) == [expected(compared(homes, subject)) for subject in range(len(homes))]


@settings(max_examples=40)
@given(st.lists(HOMES, min_size=12, max_size=60), st.data())
def test_a_changed_price_is_news_only_for_those_it_may_be_compared_with(
    homes: list[Home], data: st.DataObject
):
    changed = data.draw(st.integers(0, len(homes) - 1))
    moved = homes[changed]._replace(price_per_sqft=homes[changed].price_per_sqft + 3_000)
    after = surveyed([*homes[:changed], moved, *homes[changed + 1 :]])
    for subject, (before, now) in enumerate(zip(surveyed(homes), after, strict=True)):
        home = homes[subject]
        peers = home.kind == moved.kind and any(comparables(level, home, moved) for level in oracle.LEVELS)
        assert before == now or subject == changed or peers
