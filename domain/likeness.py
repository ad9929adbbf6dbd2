"""Describes how one listing resembles another, in words for a page."""

from dataclasses import dataclass

from domain.geography.neighbours import distance_km

CLOSE_PERCENT = 2
"""Differences up to this percentage count as equal."""


@dataclass(frozen=True)
class Home:
    """The attributes by which two listings are compared."""

    locality: str
    society: str | None
    place: tuple[float, float] | None
    """Latitude and longitude."""
    bhk: str | None
    price: int
    area_sqft: int


def likeness(subject: Home, other: Home) -> list[str]:
    """Return location, price, bedrooms and size: `same society`, `6 % cheaper`, `same BHK`, `10 % larger`."""
    return [
        _where(subject, other),
        _price(subject, other),
        *_bedrooms(subject, other),
        _area(subject, other),
    ]


def _where(subject: Home, other: Home) -> str:
    if subject.society is not None and subject.society == other.society:
        return "same society"
    if subject.locality == other.locality:
        return "same sector"
    if subject.place is None or other.place is None:
        return f"in {other.locality}"
    return f"{distance_km(subject.place, other.place):.1f} km away"


def _price(subject: Home, other: Home) -> str:
    percent = _percent(subject.price, other.price)
    if abs(percent) <= CLOSE_PERCENT:
        return "same price"
    return f"{abs(percent)} % {'cheaper' if percent < 0 else 'more expensive'}"


def _bedrooms(subject: Home, other: Home) -> list[str]:
    return ["same BHK"] if subject.bhk is not None and subject.bhk == other.bhk else []


def _area(subject: Home, other: Home) -> str:
    percent = _percent(subject.area_sqft, other.area_sqft)
    if abs(percent) <= CLOSE_PERCENT:
        return "same size"
    return f"{abs(percent)} % {'smaller' if percent < 0 else 'larger'}"


def _percent(subject: int, other: int) -> int:
    return round((other - subject) / subject * 100)
