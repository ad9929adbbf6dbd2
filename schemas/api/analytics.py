"""The business in figures, for a period of whole days."""

from datetime import date
from typing import Annotated, TypedDict

from pydantic import AfterValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from schemas.api.base import Shape
from schemas.api.inquiries import EARLIEST, LATEST, Person

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


Day = Annotated[date, AfterValidator(_known_day)]


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
    first_contact: FirstContact


class Summary(TypedDict):
    """One member for each part of the business."""

    since: date
    until: date
    inquiries: InquirySummary
