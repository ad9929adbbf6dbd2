"""The default order: the points of each part, and which part outweighs which."""

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.ranking import DEAL_POINTS, EPOCH, Rank, deal_order, rank, stored_rank
from schemas.vocabulary import DealLabel

scores = st.none() | st.integers(0, 100)
listings = st.fixed_dictionaries(
    {
        "vastu_score": scores,
        "light_score": scores,
        "deal": st.none() | st.sampled_from(DealLabel),
        "has_image": st.booleans(),
        "listed_at": st.integers(0, 10_000).map(lambda days: EPOCH + timedelta(days=days)),
    }
)


def ranked(**known):
    """Return the parts for a listing of which only the given values are known."""
    unknown = {"vastu_score": None, "light_score": None, "deal": None, "has_image": False, "listed_at": EPOCH}
    return rank(**(unknown | known))


def test_a_listing_of_which_nothing_is_known_stands_a_little_below_the_middle():
    assert ranked() == Rank(vastu=8, light=4, deal=10, image=0, freshness=0)
    assert ranked().thousandths == 22_000


def test_the_best_listing_gets_all_points():
    best = ranked(vastu_score=100, light_score=100, deal="great", has_image=True)
    assert best == Rank(vastu=20, light=10, deal=25, image=15, freshness=0)
    assert best.thousandths == 70_000


def test_a_known_nought_is_worse_than_unknown():
    assert ranked(vastu_score=0, light_score=0) == Rank(vastu=0, light=0, deal=10, image=0, freshness=0)


@pytest.mark.parametrize(
    ("deal", "points"),
    [("great", 25), ("good", 18), ("fair", 12), (None, 10), ("above", 6), ("high", 0), ("check_price", 0)],
)
def test_a_deal_gives_points_and_no_label_counts_just_below_fair(deal, points):
    assert ranked(deal=deal).deal == points


def test_every_label_has_its_points():
    assert DEAL_POINTS.keys() == set(DealLabel)


@pytest.mark.parametrize(("days", "points"), [(0, 0), (0.5, 0.05), (1, 0.1), (365, 36.5), (-10, -1)])
def test_freshness_counts_days_upwards_from_a_fixed_one(days, points):
    assert ranked(listed_at=EPOCH + timedelta(days=days)).freshness == pytest.approx(points)


@given(listings, st.sampled_from(["vastu_score", "light_score"]), st.integers(0, 100), st.integers(0, 100))
def test_a_better_score_never_ranks_lower(listing, score, one, other):
    low, high = sorted((one, other))
    worse, better = rank(**(listing | {score: low})), rank(**(listing | {score: high}))
    assert worse.thousandths <= better.thousandths


@given(listings)
def test_a_picture_and_a_younger_date_rank_higher(listing):
    bare, pictured = (rank(**(listing | {"has_image": given})) for given in (False, True))
    assert pictured.thousandths - bare.thousandths == 15_000
    younger = rank(**(listing | {"listed_at": listing["listed_at"] + timedelta(days=1)}))
    assert younger.thousandths - rank(**listing).thousandths == pytest.approx(100, abs=1)


@given(listings, st.timedeltas(timedelta(), timedelta(days=365)))
def test_time_passing_leaves_the_order_of_two_listings_as_it_is(listing, age):
    """The rank does not depend on today, so a stored rank stays valid: two dates always differ equally."""
    older = rank(**(listing | {"listed_at": listing["listed_at"] - age}))
    difference = rank(**listing).freshness - older.freshness
    assert difference == pytest.approx(age / timedelta(days=10), abs=1e-6)


@given(listings)
def test_what_is_stored_is_the_sum_of_the_parts(known):
    scores = known.pop("vastu_score"), known.pop("light_score"), known.pop("deal")
    names = ("vastu_score", "light_score", "deal")
    assert stored_rank(*scores, **known) == rank(**dict(zip(names, scores, strict=True)), **known).thousandths


MOST_TENTHS = 999_999  # what numeric(6, 1) holds
DEALS = st.tuples(st.sampled_from(DealLabel), st.integers(-MOST_TENTHS, MOST_TENTHS))


@given(one=DEALS, other=DEALS)
@example(one=(DealLabel.HIGH, MOST_TENTHS), other=(DealLabel.CHECK_PRICE, -MOST_TENTHS))
def test_deals_stand_by_their_difference_and_doubtful_ones_behind(one, other):
    def order(deal):
        return deal_order(deal[0], deal[1] / 10)

    def standing(deal):
        return deal[0] is DealLabel.CHECK_PRICE, deal[1]

    assert (order(one) < order(other)) is (standing(one) < standing(other))


def test_without_a_label_a_listing_is_no_deal():
    assert deal_order(None, None) is deal_order(None, -5) is deal_order("fair", None) is None
