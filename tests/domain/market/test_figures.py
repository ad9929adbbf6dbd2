"""The statistics of a set of prices, compared with simpler ways to compute them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.market.figures import Figures, figures, interval_place, quarters, within_fence

PRICES = st.lists(st.integers(1, 50_000), min_size=1, max_size=60).map(sorted)


@given(PRICES, st.sampled_from([1, 2, 3]))
def test_a_quartile_lies_between_the_two_nearest_prices(prices, quarter):
    assert quarters(prices, quarter) == 4 * np.percentile(prices, 25 * quarter)


@given(PRICES)
def test_what_lies_beyond_the_fence_is_left_out_once(prices):
    p25, median, p75 = np.percentile(prices, [25, 50, 75])
    reach = 3 * (p75 - p25)
    expected = [price for price in prices if reach == 0 or abs(price - median) <= reach]
    assert list(within_fence(prices)) == expected


@given(PRICES)
def test_figures_are_those_of_the_prices_that_count(prices):
    found = figures(prices)
    kept = list(within_fence(prices))
    assert found is not None
    assert (found.n, found.removed) == (len(kept), len(prices) - len(kept))
    assert kept[0] <= found.low <= found.median + 1
    assert found.median <= found.high + 1 <= kept[-1] + 1
    for mine, percent in ((found.p25, 25), (found.median, 50), (found.p75, 75)):
        assert abs(mine - np.percentile(kept, percent)) <= 0.5


def test_a_slip_of_the_keyboard_moves_nothing():
    prices = [9_000, 9_500, 9_800, 10_000, 10_000, 10_200, 10_500, 11_000, 100_000]
    assert figures(prices) == Figures(8, 1, 9_725, 10_000, 10_275, 9_000, 11_000)


def test_no_prices_say_nothing():
    assert figures([]) is None


def test_where_half_of_the_prices_are_equal_the_others_stay():
    assert figures([100] * 7 + [300]) == Figures(8, 0, 100, 100, 100, 100, 300)


def test_dispersion_is_the_middle_half_in_percent_of_the_median():
    assert Figures(8, 0, 9_000, 10_000, 11_000, 8_000, 12_000).dispersion_pct == 20.0
    assert Figures(8, 0, 0, 0, 1, 0, 1).dispersion_pct == 0.0


@pytest.mark.parametrize(
    ("n", "place"), [(1, 0), (5, 0), (6, 1), (8, 1), (9, 2), (20, 6), (50, 18), (100, 40), (1_000, 469)]
)
def test_the_interval_of_a_median_is_that_of_the_tables(n, place):
    """Conover, Practical Nonparametric Statistics, table A3 for the quantile 0.5."""
    assert interval_place(n) == place


def test_beyond_the_exact_ones_intervals_go_on_smoothly():
    assert interval_place(1_001) - interval_place(1_000) in {0, 1}
    assert interval_place(10_000) == 4_902
