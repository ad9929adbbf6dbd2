"""What a difference to the median is called, at the edges of each name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.market import FEWEST, Deal, deal, label_of
from schemas.vocabulary import DealLabel

FROM_CHEAP_TO_DEAR = [
    DealLabel.CHECK_PRICE,
    DealLabel.GREAT,
    DealLabel.GOOD,
    DealLabel.FAIR,
    DealLabel.ABOVE,
    DealLabel.HIGH,
]


@pytest.mark.parametrize(
    ("delta_pct", "label"),
    [
        (-100.0, "check_price"),
        (-35.1, "check_price"),
        (-35.0, "great"),
        (-12.0, "great"),
        (-11.9, "good"),
        (-5.0, "good"),
        (-4.9, "fair"),
        (0.0, "fair"),
        (4.9, "fair"),
        (5.0, "above"),
        (11.9, "above"),
        (12.0, "high"),
        (900.0, "high"),
    ],
)
def test_a_difference_has_a_name(delta_pct, label):
    assert label_of(delta_pct) == label


@given(st.floats(-100, 1_000), st.floats(-100, 1_000))
def test_a_dearer_home_is_never_called_cheaper(one, other):
    low, high = sorted((one, other))
    assert FROM_CHEAP_TO_DEAR.index(label_of(low)) <= FROM_CHEAP_TO_DEAR.index(label_of(high))


@pytest.mark.parametrize(
    ("price_per_sqft", "delta_pct", "label"),
    [
        (10_000, 0.0, "fair"),
        (9_500, -5.0, "good"),
        (9_504, -5.0, "good"),  # named by what is shown, which is rounded
        (9_506, -4.9, "fair"),
        (8_800, -12.0, "great"),
        (6_500, -35.0, "great"),
        (6_490, -35.1, "check_price"),
        (10_500, 5.0, "above"),
        (11_200, 12.0, "high"),
        (25_000, 150.0, "high"),
    ],
)
def test_a_price_is_named_by_its_difference_to_the_median(price_per_sqft, delta_pct, label):
    found = deal(price_per_sqft, median=10_000, n=FEWEST)
    assert found == Deal(delta_pct, DealLabel(label), None)


@pytest.mark.parametrize(("median", "n"), [(10_000, FEWEST - 1), (10_000, 1), (None, 0), (None, FEWEST)])
def test_too_few_comparables_give_a_reason_and_no_label(median, n):
    assert deal(9_000, median=median, n=n) == Deal(None, None, "too_few")


def test_an_absurd_price_is_called_high_by_a_difference_that_fits_its_column():
    found = deal(2_000_000_000, median=1, n=FEWEST)
    assert found.label == DealLabel.HIGH
    assert found.delta_pct is not None
    assert found.delta_pct < 100_000


def test_nothing_is_compared_with_a_median_of_nought():
    found = deal(8, median=0, n=FEWEST)
    assert (found.delta_pct, found.label, found.reason is None) == (None, None, False)
