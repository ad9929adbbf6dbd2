"""Price bands: for any supply, they cover every price once and are large enough to offer."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import LADDER
from domain.price_bands import BANDS, SMALLEST_SHARE, Band, ladder_step, price_bands
from schemas.api.search.canonical import PriceRange
from schemas.api.search.guided import Answers
from schemas.vocabulary import ListingType

LAKH = 100_000

listing_types = st.sampled_from(ListingType)
prices = st.integers(0, 10**11)


@st.composite
def supplies(draw):
    """Return the listings at each step of a ladder; some steps have none."""
    ladder = (0, *LADDER[draw(listing_types)])
    return draw(st.dictionaries(st.sampled_from(ladder), st.integers(0, 10_000)))


@given(supplies())
def test_bands_cover_every_price_without_gap_or_overlap(supply):
    bands = price_bands(supply)
    if not sum(supply.values()):
        assert bands == []
        return
    assert (bands[0].floor, bands[-1].ceiling) == (0, None)
    assert [band.ceiling for band in bands[:-1]] == [band.floor for band in bands[1:]]
    assert all(band.ceiling is None or band.floor < band.ceiling for band in bands)


@given(supplies())
def test_the_counts_of_the_bands_add_up_to_the_supply(supply):
    assert sum(band.count for band in price_bands(supply)) == sum(supply.values())


@given(supplies())
def test_no_band_is_too_thin_to_ask_for(supply):
    bands, total = price_bands(supply), sum(supply.values())
    assert len(bands) <= 1 or all(band.count >= total * SMALLEST_SHARE for band in bands)
    assert len(bands) <= 10  # any two neighbours together hold at least a sixth of the supply


@given(listing_types, st.lists(prices, min_size=1, max_size=60))
def test_a_band_counts_the_prices_inside_it(listing_type, offered):
    supply = Counter(ladder_step(listing_type, price) for price in offered)
    for band in price_bands(supply):
        inside = [p for p in offered if p >= band.floor and (band.ceiling is None or p < band.ceiling)]
        assert band.count == len(inside)


@given(supplies())
def test_a_band_quoted_as_an_answer_means_its_own_prices(supply):
    for band in price_bands(supply):
        last = None if band.ceiling is None else band.ceiling - 1
        budget = PriceRange(min=band.floor or None, max=last)
        assert Answers.model_validate({"budget": band.value}) == Answers(budget=budget)


@given(listing_types, prices, prices)
def test_a_higher_price_never_stands_on_a_lower_step(listing_type, one, other):
    low, high = sorted((one, other))
    assert ladder_step(listing_type, low) <= ladder_step(listing_type, high) <= high


@pytest.mark.parametrize("listing_type", ListingType)
def test_a_price_stands_on_the_step_at_or_below_it(listing_type):
    ladder = LADDER[listing_type]
    assert [ladder_step(listing_type, step) for step in ladder] == list(ladder)
    assert [ladder_step(listing_type, step - 1) for step in ladder] == [0, *ladder[:-1]]
    assert ladder_step(listing_type, 10 * ladder[-1]) == ladder[-1]


def test_an_even_supply_makes_bands_of_one_size():
    supply = dict.fromkeys(LADDER[ListingType.RENT], 10)
    assert [band.count for band in price_bands(supply)] == [len(supply) * 10 // BANDS] * BANDS


def test_prices_that_crowd_at_one_step_get_a_band_of_their_own():
    supply = {50 * LAKH: 10, 60 * LAKH: 80, 75 * LAKH: 10}
    assert price_bands(supply) == [
        Band(0, 60 * LAKH, 10),
        Band(60 * LAKH, 75 * LAKH, 80),
        Band(75 * LAKH, None, 10),
    ]


def test_a_few_odd_prices_join_their_neighbours():
    assert price_bands({5 * LAKH: 4, 60 * LAKH: 96}) == [Band(0, None, 100)]
    assert price_bands({60 * LAKH: 96, 500 * LAKH: 4}) == [Band(0, None, 100)]


@pytest.mark.parametrize(
    ("floor", "ceiling", "value", "label"),
    [
        (0, None, "-", "Any price"),
        (0, 40 * LAKH, "-4000000", "Under ₹40 L"),
        (60 * LAKH, 90 * LAKH, "6000000-9000000", "₹60 L to ₹90 L"),
        (75 * LAKH, 125 * LAKH, "7500000-12500000", "₹75 L to ₹1.25 Cr"),
        (12_500, 25_000, "12500-25000", "₹12,500 to ₹25,000"),
        (100 * 100 * LAKH, None, "1000000000-", "₹100 Cr and above"),
    ],
)
def test_a_band_has_a_value_to_quote_and_a_label_to_read(floor, ceiling, value, label):
    band = Band(floor, ceiling, 1)
    assert (band.value, band.label) == (value, label)
