"""A price against its market, with everything that it is judged by."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from typing_extensions import TypedDict

from schemas.api.base import Bhk
from schemas.api.localities import LocalitiesRequest
from schemas.api.properties import Market
from schemas.vocabulary import AreaBasis, DealLabel, ListingType, MarketLevel, MarketReason, PropertyType

ASKING_PRICES: Literal["asking prices"] = "asking prices"


class Interval(TypedDict):
    """Where the true median lies with a probability of 95 %, in rupees per sqft."""

    low: int
    high: int


class Prices(TypedDict):
    """Of the comparables, in rupees per sqft."""

    p25: int
    median: int
    p75: int
    interval: Interval | None
    """None below eight comparables: there is none worth the name."""
    dispersion_pct: float
    """The interquartile range in percent of the median."""


class NextBetter(TypedDict):
    """The nearest price that would have another, better name."""

    label: DealLabel
    price: int
    difference: int
    """Whole rupees; negative where the price would have to fall."""


class LadderStep(TypedDict):
    level: MarketLevel
    n: int
    removed: int


class MarketComparison(TypedDict):
    """Prices per sqft are whole rupees, of a rent per month; on the subject's area basis only."""

    property_id: UUID
    basis: Literal["asking prices"]
    area_basis: str
    price: int
    price_per_sqft: int
    level: MarketLevel | None
    n: int
    removed: int
    """Comparables beyond three interquartile ranges from the median, which do not count."""
    comparable_prices: Prices | None
    percentile: float | None
    """Percent of the comparables that are cheaper, those of the same price counted half."""
    delta_pct: float | None
    label: DealLabel | None
    reason: MarketReason | None
    next_better: NextBetter | None
    approximate: bool
    """More comparables than are looked at one by one: percentiles are the engine's estimates."""
    comparables: list[str]
    """Ids, 500 at most."""
    ladder: list[LadderStep]
    """The levels that were tried, the nearest first."""
    stored: Market | None
    """What cards and the property's page show."""
    as_of: datetime


class Quality(TypedDict):
    """How far asking prices lie from the medians of their comparables."""

    listing_type: ListingType
    listings: int
    compared: int
    median_error_pct: float | None
    within_5_pct: float | None
    within_10_pct: float | None
    within_20_pct: float | None
    """Percent of the compared whose error is at most so many percent."""
    method: str
    as_of: datetime


class SegmentsRequest(LocalitiesRequest):
    bhk: Bhk | None = None
    """Without one, homes of all bedrooms together."""


class Segment(TypedDict):
    """Asking prices in rupees per sqft of one locality, as the last hourly pass found them."""

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
