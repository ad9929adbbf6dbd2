"""The comparison of a price with its market, with all the figures behind it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from typing_extensions import TypedDict

from schemas.api.base import Bhk
from schemas.api.properties import Market
from schemas.api.search.localities import LocalitiesRequest
from schemas.vocabulary import AreaBasis, DealLabel, ListingType, MarketLevel, MarketReason, PropertyType

ASKING_PRICES: Literal["asking prices"] = "asking prices"


class Interval(TypedDict):
    """The 95 % confidence interval of the median, in rupees per sqft."""

    low: int
    high: int


class Prices(TypedDict):
    """Prices of the comparables, in rupees per sqft."""

    p25: int
    median: int
    p75: int
    interval: Interval | None
    """Null with fewer than eight comparables, which are too few for a meaningful interval."""
    dispersion_pct: float
    """The interquartile range in percent of the median."""


class NextBetter(TypedDict):
    """The nearest price that would get a better label."""

    label: DealLabel
    price: int
    difference: int
    """Whole rupees; negative if the price would have to fall."""


class LadderStep(TypedDict):
    level: MarketLevel
    n: int
    removed: int


class MarketComparison(TypedDict):
    """Prices per sqft are whole rupees, per month for a rent, and on the property's own area basis only."""

    property_id: UUID
    basis: Literal["asking prices"]
    area_basis: str
    price: int
    price_per_sqft: int
    level: MarketLevel | None
    n: int
    removed: int
    """Outliers that were excluded: more than three interquartile ranges from the median."""
    comparable_prices: Prices | None
    percentile: float | None
    """Percent of the comparables that are cheaper; equal prices count half."""
    delta_pct: float | None
    label: DealLabel | None
    reason: MarketReason | None
    next_better: NextBetter | None
    approximate: bool
    """True if there are too many comparables to read individually; percentiles are then estimates."""
    comparables: list[str]
    """Ids of at most 500 comparables."""
    ladder: list[LadderStep]
    """The levels that were tried, closest first."""
    stored: Market | None
    """The stored comparison that cards and the property page show."""
    as_of: datetime


class Quality(TypedDict):
    """How far asking prices are from the medians of their comparables."""

    listing_type: ListingType
    listings: int
    compared: int
    median_error_pct: float | None
    within_5_pct: float | None
    within_10_pct: float | None
    within_20_pct: float | None
    """The `within_` figures are the percent of compared listings with at most that error in percent."""
    method: str
    as_of: datetime


class SegmentsRequest(LocalitiesRequest):
    bhk: Bhk | None = None
    """If left out, figures cover all bedroom counts together."""


class Segment(TypedDict):
    """Asking prices of one locality in rupees per sqft, as of the last hourly pass."""

    locality: str
    latitude: float | None
    longitude: float | None
    n: int
    p25: int
    median: int
    p75: int
    as_of: datetime


class Segments(TypedDict):
    basis: Literal["asking prices"]
    listing_type: ListingType
    property_type: PropertyType
    area_basis: AreaBasis
    bhk: float | None
    fewest: int
    """Localities with fewer listings are left out."""
    items: list[Segment]


class MarketQuality(TypedDict):
    basis: Literal["asking prices"]
    items: list[Quality]
