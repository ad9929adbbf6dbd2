"""The business in figures, for a period of whole days."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.api.base import Shape, SomeChoices, WrittenOut
from schemas.api.inquiries import EARLIEST, LATEST, Person
from schemas.vocabulary import ListingType

MOST_DAYS = 366


def _known_day(day: date) -> date:
    if not EARLIEST.date() <= day < LATEST.date():
        raise PydanticCustomError("out_of_range", "must lie between the years 2000 and 2199")
    return day


def _in_order(until: date | None, info: ValidationInfo) -> date | None:
    since = info.data.get("since")
    if until is None or since is None:
        return until
    if not 0 <= (until - since).days < MOST_DAYS:
        raise PydanticCustomError(
            "period", "must not be before since, nor {days} days or more after it", {"days": MOST_DAYS}
        )
    return until


Day = Annotated[date, WrittenOut, AfterValidator(_known_day)]


class SummaryRequest(Shape):
    """Days in UTC, both included; without any, the last thirty."""

    since: Day | None = None
    until: Annotated[Day | None, AfterValidator(_in_order)] = None


class DayCount(TypedDict):
    day: date
    count: int


class AdminFirstContact(TypedDict):
    admin: Person
    contacted: int
    median_s: int | None
    p90_s: int | None


class FirstContact(TypedDict):
    """Seconds from an inquiry to its first contact, of those that came in within the period."""

    contacted: int
    waiting: int
    median_s: int | None
    p90_s: int | None
    by_admin: list[AdminFirstContact]
    """By who made the contact, whoever has the lead now."""


class InquirySummary(TypedDict):
    total: int
    """Without spam."""
    by_status: dict[str, int]
    """Every status, those without a lead too."""
    by_day: list[DayCount]
    spam: int
    of_inactive: int
    """Open leads of accounts that are inactive, of this moment: somebody has to take them over."""
    first_contact: FirstContact


class PropertyViews(TypedDict):
    property_id: UUID
    title: str
    views: int


class ViewSummary(TypedDict):
    """One view of a visit on a property in half an hour."""

    total: int
    by_day: list[DayCount]
    most_viewed: list[PropertyViews]


class SearchSummary(TypedDict):
    total: int
    by_kind: dict[str, int]
    by_day: list[DayCount]
    few: int
    """Found fewer than three listings, or none; on the map that is no disappointment, so it is left out."""
    none: int


class EnhancementQueue(TypedDict):
    """Of this moment, whatever the period."""

    pending: int
    processing: int
    oldest_s: int | None
    """For how long the oldest has waited."""


class Summary(TypedDict):
    """One member for each part of the business."""

    since: date
    until: date
    inquiries: InquirySummary
    views: ViewSummary
    searches: SearchSummary
    enhancement: EnhancementQueue


class Dimension(StrEnum):
    """What a search asks for, as far as it is worth knowing who misses it."""

    LOCALITY = "locality"
    PROPERTY_TYPE = "property_type"
    BHK = "bhk"
    BUDGET = "budget"
    VASTU = "vastu"


class UnmetDemandRequest(SummaryRequest):
    listing_type: ListingType | None = None
    by: SomeChoices[Dimension] = (Dimension.LOCALITY, Dimension.BHK)
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class UnmetGroup(TypedDict):
    listing_type: ListingType
    wanted: dict[str, str | float | bool | None]
    """Dimension -> what was asked for; null where the search left it open."""
    sessions: int
    """Visits that asked for this and found little; five at least, or it is not told."""
    searches: int
    none: int
    """Of the searches, those that found nothing."""


class UnmetDemand(TypedDict):
    """Searches that found fewer than three listings, by what they asked for."""

    since: date
    until: date
    fewest_sessions: int
    items: list[UnmetGroup]
