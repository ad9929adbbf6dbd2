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
    """Medium-size version of the enhanced picture, or of the original if there is none."""
    thumbnail_url: str | None
    enhanced_url: str | None
    is_enhanced: bool
    """Whether the pictures shown were enhanced by an AI service; `url` is always the original."""
    image_type: str
    is_primary: bool
    enhancement_status: str


class FacingReading(TypedDict):
    rating: str
    """`ideal`, `acceptable`, `neutral` or `avoid`."""
    sentence: str


class Facing(TypedDict):
    """Data for the compass on the property page."""

    direction: str
    degrees: int
    """Clockwise from north."""
    label: str
    sun: str | None
    """`morning` or `evening` if the front gets sun then, at Noida's latitude."""
    vastu: FacingReading


class Score(TypedDict):
    score: int | None
    coverage: int | None
    """Percent of the rules' weight for which data is known; below 60, `score` is null."""
    partial: bool
    """True if too little is known to compute a score."""
    source: str | None
    """`computed`, or `manual` if an admin set it."""
    set_at: datetime | None
    """When an admin set it."""


class Verdict(TypedDict):
    """The result of one rule for one direction of the home."""

    rule: str
    direction: str
    rating: str
    """`ideal`, `acceptable`, `neutral` or `avoid`."""
    sentence: str


class VastuScore(Score):
    rules_version: int | None
    """Version of the rules that a computed score used, see docs/vastu.md."""
    note: Literal["A traditional guideline, never a promise."]
    readings: list[Verdict]
    """Results of the rules whose direction is known, by the current rules."""


class Scores(TypedDict):
    vastu: VastuScore
    light: Score


class Market(TypedDict):
    """Asking prices per sqft of comparable listings, and how this listing compares."""

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
