"""The label for a difference from the median, at the limits of each label, and the distance to the next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.market.figures import Figures
from domain.market.labels import (
    BY_PRICE,
    Change,
    label_among,
    label_of,
    next_better,
    price_per_sqft,
    tenths_off,
)

AROUND_10_000 = Figures(20, 0, 9_500, 10_000, 10_500, 9_900, 10_100)


@pytest.mark.parametrize(
    ("tenths", "label"),
    [
        (-1_000, "check_price"),
        (-351, "check_price"),
        (-350, "great"),
        (-120, "great"),
        (-119, "good"),
        (-50, "good"),
        (-49, "fair"),
        (0, "fair"),
        (49, "fair"),
        (50, "above"),
        (119, "above"),
        (120, "high"),
        (9_000, "high"),
    ],
)
def test_a_difference_has_a_name(tenths, label):
    assert label_of(tenths) == label


@pytest.mark.parametrize(
    ("price", "tenths"),
    [(10_000, 0), (9_500, -50), (9_504, -50), (9_506, -49), (8_800, -120), (25_000, 1_500), (10**9, 99_999)],
)
def test_a_difference_is_in_tenths_of_a_percent(price, tenths):
    assert tenths_off(price, 10_000) == tenths


@pytest.mark.parametrize(
    ("price", "label"),
    [(9_400, "good"), (9_900, "fair"), (10_100, "fair"), (10_600, "above"), (6_000, "check_price")],
)
def test_a_label_is_given_outside_the_interval(price, label):
    assert label_among(price, AROUND_10_000) == label


@pytest.mark.parametrize("price", [8_000, 10_900, 11_900])
def test_within_the_interval_every_price_is_fair(price):
    assert label_among(price, Figures(8, 0, 9_000, 10_000, 11_000, 8_000, 12_000)) == "fair"


@pytest.mark.parametrize(
    ("per_sqft", "better"),
    [
        (12_000, Change("above", 11_194_999, -805_001)),
        (10_600, Change("fair", 10_494_999, -105_001)),
        (10_000, Change("good", 9_505_499, -494_501)),
        (9_400, Change("great", 8_805_499, -594_501)),
        (8_000, None),
        (6_000, Change("great", 6_494_500, 494_500)),
    ],
)
def test_the_way_to_the_next_better_name_is_in_rupees(per_sqft, better):
    found = next_better(per_sqft * 1_000, 1_000, AROUND_10_000)
    if better is None:
        assert found is None
    else:
        assert found is not None
        assert (found.label, found.difference) == (better.label, found.price - per_sqft * 1_000)
        assert label_among(price_per_sqft(found.price, 1_000), AROUND_10_000) == better.label


@given(
    st.integers(500, 10**9),
    st.integers(50, 20_000),
    st.lists(st.integers(50, 30_000), min_size=5, max_size=5).map(sorted),
)
def test_one_rupee_short_of_it_the_name_is_still_the_old_one(price, area, five):
    low, p25, median, p75, high = five
    found = Figures(20, 0, p25, median, p75, low, high)
    better = next_better(price, area, found)
    now = label_among(price_per_sqft(price, area), found)
    if better is None:
        assert now == "great" or label_among(price_per_sqft(price, area), found) == now
        return
    short = better.price + (1 if better.difference < 0 else -1)
    assert label_among(price_per_sqft(better.price, area), found) == better.label != now
    between = label_among(price_per_sqft(short, area), found)
    if now == "check_price":
        assert (better.difference > 0, between) == (True, "check_price")
    else:
        assert better.difference < 0
        assert BY_PRICE.index(between) >= BY_PRICE.index(better.label) != BY_PRICE.index(now)
