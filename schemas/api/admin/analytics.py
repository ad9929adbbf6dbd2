"""Business figures for a period of whole days."""

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
    """Days in UTC, both inclusive; the last thirty days by default."""

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
    """Seconds from an inquiry to its first contact, for inquiries that arrived within the period."""

    contacted: int
    waiting: int
    median_s: int | None
    p90_s: int | None
    by_admin: list[AdminFirstContact]
    """Grouped by the admin who made the first contact, even if the lead is now assigned to another."""


class InquirySummary(TypedDict):
    total: int
    """Excludes spam."""
    by_status: dict[str, int]
    """Contains every status, including those with zero leads."""
    by_day: list[DayCount]
    spam: int
    of_inactive: int
    """Open leads that are currently assigned to inactive accounts; they need to be reassigned."""
    first_contact: FirstContact


class PropertyViews(TypedDict):
    property_id: UUID
    title: str
    views: int


class ViewSummary(TypedDict):
    """Repeated views of a property by one visit within half an hour count once."""

    total: int
    by_day: list[DayCount]
    most_viewed: list[PropertyViews]


class SearchSummary(TypedDict):
    total: int
    by_kind: dict[str, int]
    by_day: list[DayCount]
    few: int
    """Searches with fewer than three results, including none. Map searches are excluded, because few results
    are normal on a map."""
    none: int


class EnhancementQueue(TypedDict):
    """Current figures, regardless of the period."""

    pending: int
    processing: int
    oldest_s: int | None
    """Seconds for which the oldest picture has waited."""


class Summary(TypedDict):
    """One member for each part of the business."""

    since: date
    until: date
    inquiries: InquirySummary
    views: ViewSummary
    searches: SearchSummary
    enhancement: EnhancementQueue


class Dimension(StrEnum):
    """The parts of a search by which unmet demand is grouped."""

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
    """Dimension -> the value searched for; null if the search left it open."""
    sessions: int
    """Visits that searched for this and found little. Groups with fewer than five are not shown."""
    searches: int
    none: int
    """Searches that found nothing."""


class UnmetDemand(TypedDict):
    """Searches with fewer than three results, grouped by what they asked for."""

    since: date
    until: date
    fewest_sessions: int
    items: list[UnmetGroup]
