"""The default order of results: the quality of a listing, and its freshness.

The visitor's answers are filters, so every result matches all of them and the order can favour what helps
most. The rank is stored with the document, so sorting is as cheap as by price. It therefore must not depend
on today's date: freshness counts points upwards from a fixed day, the same for all listings. A listing ages
because newer ones start higher.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.vocabulary import DealLabel

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)

VASTU_POINTS = 20  # visitors filter by it most, after price and size
LIGHT_POINTS = 10  # noticed at a visit, seldom searched for
UNKNOWN_SHARE = 0.4  # an unknown score counts slightly below the middle, because unknown is not bad
DEAL_POINTS: dict[str, float] = {
    DealLabel.GREAT: 25,
    DealLabel.GOOD: 18,
    DealLabel.FAIR: 12,
    DealLabel.ABOVE: 6,
    DealLabel.HIGH: 0,
    DealLabel.CHECK_PRICE: 0,  # an implausibly low price is never rewarded
}
UNLABELLED_DEAL_POINTS = 10  # just below fair, because nothing speaks against it
DOUBTFUL_ORDER = 2_000_000  # tenths of a percent; wider than the whole range of the stored difference
IMAGE_POINTS = 15  # a listing without a picture is hardly ever opened
FRESH_POINTS_PER_DAY = 0.1  # half a year costs as much as a fair price loses against a great one


@dataclass(frozen=True)
class Rank:
    """The parts of a listing's rank, in points; `explain` shows them."""

    vastu: float
    light: float
    deal: float
    image: float
    freshness: float

    @property
    def thousandths(self) -> int:
        return round((self.vastu + self.light + self.deal + self.image + self.freshness) * 1000)


def rank(
    *,
    vastu_score: int | None,
    light_score: int | None,
    deal: str | None,
    has_image: bool,
    listed_at: datetime,
) -> Rank:
    return Rank(
        vastu=VASTU[vastu_score],
        light=LIGHT[light_score],
        deal=DEAL[deal],
        image=IMAGE_POINTS if has_image else 0,
        freshness=_freshness(listed_at),
    )


def stored_rank(
    vastu_score: int | None,
    light_score: int | None,
    deal: str | None,
    *,
    has_image: bool,
    listed_at: datetime,
) -> int:
    """Return `rank(...).thousandths` without building its parts, for runs over a million documents."""
    points = VASTU[vastu_score] + LIGHT[light_score] + DEAL[deal]
    return round((points + (IMAGE_POINTS if has_image else 0) + _freshness(listed_at)) * 1000)


def deal_order(deal: str | None, delta_pct: float | None) -> int | None:
    """Return the sort key among deals, lowest first; None without a label.

    The key is the distance from the market in tenths of a percent. Prices that need a check come last.
    """
    if deal is None or delta_pct is None:
        return None
    return round(delta_pct * 10) + (DOUBTFUL_ORDER if deal == DealLabel.CHECK_PRICE else 0)


def _freshness(listed_at: datetime) -> float:
    return (listed_at - EPOCH).total_seconds() / 86_400 * FRESH_POINTS_PER_DAY


def _points(most: float) -> dict[int | None, float]:
    """Return points by score, from 0 to 100 or unknown."""
    known: dict[int | None, float] = {score: score / 100 * most for score in range(101)}
    return known | {None: UNKNOWN_SHARE * most}


VASTU, LIGHT = _points(VASTU_POINTS), _points(LIGHT_POINTS)
DEAL: dict[str | None, float] = {None: UNLABELLED_DEAL_POINTS}
DEAL |= {str(label): points for label, points in DEAL_POINTS.items()}
