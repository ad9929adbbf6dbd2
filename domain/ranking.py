"""The default order of results: how good a listing looks, and how fresh it is.

The answers of a visitor are filters, so every result matches all of them and the order is free to
ask what helps most. The rank is stored with the document, which keeps sorting as cheap as by
price: nothing in it depends on today. Freshness manages that by counting points upwards from a
fixed day, the same for all; a listing ages because newer ones start higher.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.vocabulary import DealLabel

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)

VASTU_POINTS = 20  # what visitors here filter by most after price and size
LIGHT_POINTS = 10  # felt at the visit, seldom asked for before it
UNKNOWN_SHARE = 0.4  # an unknown score counts a little below the middle: unknown is not bad
DEAL_POINTS: dict[str, float] = {
    DealLabel.GREAT: 25,
    DealLabel.GOOD: 18,
    DealLabel.FAIR: 12,
    DealLabel.ABOVE: 6,
    DealLabel.HIGH: 0,
    DealLabel.CHECK_PRICE: 0,  # too good to be true is never praised
}
UNLABELLED_DEAL_POINTS = 10  # just below fair: nothing is known against it
DOUBTFUL_ORDER = 1_000_000  # beyond every difference to the market, in tenths of a percent
IMAGE_POINTS = 15  # a listing without a picture is hardly ever opened
FRESH_POINTS_PER_DAY = 0.1  # half a year costs what a fair price costs against a great one


@dataclass(frozen=True)
class Rank:
    """The named parts of a listing's rank, in points; shown by `explain`."""

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
    """`rank(...).thousandths` without its parts, for a million documents in a row."""
    points = VASTU[vastu_score] + LIGHT[light_score] + DEAL[deal]
    return round((points + (IMAGE_POINTS if has_image else 0) + _freshness(listed_at)) * 1000)


def deal_order(deal: str | None, delta_pct: float | None) -> int | None:
    """Where a listing stands among deals, the lowest first; None without a label.

    In tenths of a percent off its market; behind all others when its price needs a check.
    """
    if deal is None or delta_pct is None:
        return None
    return round(delta_pct * 10) + (DOUBTFUL_ORDER if deal == DealLabel.CHECK_PRICE else 0)


def _freshness(listed_at: datetime) -> float:
    return (listed_at - EPOCH).total_seconds() / 86_400 * FRESH_POINTS_PER_DAY


def _points(most: float) -> dict[int | None, float]:
    """By score; 0 to 100, or unknown."""
    known: dict[int | None, float] = {score: score / 100 * most for score in range(101)}
    return known | {None: UNKNOWN_SHARE * most}


VASTU, LIGHT = _points(VASTU_POINTS), _points(LIGHT_POINTS)
DEAL: dict[str | None, float] = {None: UNLABELLED_DEAL_POINTS}
DEAL |= {str(label): points for label, points in DEAL_POINTS.items()}
