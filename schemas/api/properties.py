"""A property as its page shows it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from typing_extensions import TypedDict

from schemas.vocabulary import DealLabel


class Picture(TypedDict):
    id: UUID
    url: str
    medium_url: str
    """Of the enhanced picture, where there is one."""
    thumbnail_url: str | None
    enhanced_url: str | None
    is_enhanced: bool
    """Whether an AI service had a hand in what is shown; `url` is always the original."""
    image_type: str
    is_primary: bool
    enhancement_status: str


class FacingReading(TypedDict):
    rating: str
    """`ideal`, `acceptable`, `neutral` or `avoid`."""
    sentence: str


class Facing(TypedDict):
    """What the page draws as a compass."""

    direction: str
    degrees: int
    """Clockwise from north."""
    label: str
    sun: str | None
    """`morning` or `evening` where the front gets it, at Noida's latitude."""
    vastu: FacingReading


class Score(TypedDict):
    score: int | None
    coverage: int | None
    """Percent of the rules' weight that is known; below 60 there is no score."""
    partial: bool
    """Whether too little is known for a score."""
    source: str | None
    """`computed`, or `manual` where somebody set it."""
    set_at: datetime | None
    """When it was set by hand."""


class Verdict(TypedDict):
    """What one rule says of one direction of the home."""

    rule: str
    direction: str
    rating: str
    """`ideal`, `acceptable`, `neutral` or `avoid`."""
    sentence: str


class VastuScore(Score):
    rules_version: int | None
    """Of the rules by which a computed score was found, see docs/vastu.md."""
    note: Literal["A traditional guideline, never a promise."]
    readings: list[Verdict]
    """Of the rules whose direction is known, by today's rules."""


class Scores(TypedDict):
    vastu: VastuScore
    light: Score


class Market(TypedDict):
    """Asking prices per sqft of comparable listings, and where this one stands among them."""

    level: str | None
    n: int
    median: int | None
    delta_pct: float | None
    label: DealLabel | None
    reason: str | None
    as_of: datetime


class PropertyPage(TypedDict):
    id: UUID
    title: str
    description: str
    society: str | None
    locality: str
    sector: str
    latitude: float | None
    longitude: float | None
    location_approximate: bool
    property_type: str
    listing_type: str
    bhk: float | None
    bathrooms: int | None
    balconies: int | None
    area_sqft: int
    area_basis: str
    price: int
    price_per_sqft: int
    furnishing_status: str | None
    floor_number: int | None
    total_floors: int | None
    age_years: int | None
    possession_status: str | None
    state: str
    listed_at: datetime
    updated_at: datetime
    facing: Facing | None
    scores: Scores
    market: Market | None
    images: list[Picture]
