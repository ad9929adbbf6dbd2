"""The market comparison again, with plain loops and fractions, written from the design, not the code."""

from dataclasses import dataclass
from fractions import Fraction
from math import comb, floor
from typing import NamedTuple

import numpy as np

from schemas.sectors import LOCALITIES


class Home(NamedTuple):
    price_per_sqft: int = 10_000
    area_sqft: int = 1_000
    bhk: float | None = 3
    locality: str = "Sector 62"
    society: str | None = None
    kind: int = 0
    """Type, sale or rent, and area basis as one number."""
    place: tuple[float, float] | None = None


@dataclass(frozen=True)
class Found:
    level: str
    n: int
    removed: int
    quartiles: tuple[int, int, int] | None
    interval: tuple[int, int] | None
    percentile: Fraction | None
    delta_tenths: int | None
    label: str | None
    reason: str | None


def half_up(number: Fraction) -> int:
    return floor(number + Fraction(1, 2))


def km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Return the distance from the chord between two vectors; the product uses the haversine formula."""
    points = np.radians([here, there])
    latitudes, longitudes = points[:, 0], points[:, 1]
    vectors = np.stack(
        [np.cos(latitudes) * np.cos(longitudes), np.cos(latitudes) * np.sin(longitudes), np.sin(latitudes)]
    )
    chord = np.linalg.norm(vectors[:, 0] - vectors[:, 1])
    return float(2 * 6_371 * np.arcsin(chord / 2))


def area_within(one: Home, other: Home, percent: int) -> bool:
    return abs(other.area_sqft - one.area_sqft) * 100 <= percent * one.area_sqft


def same_bhk(one: Home, other: Home, span: int = 0) -> bool:
    if one.bhk is None or other.bhk is None:
        return one.bhk == other.bhk
    return abs(one.bhk - other.bhk) <= span


def next_door(one: Home, other: Home) -> bool:
    if one.locality == other.locality:
        return True
    centres = [LOCALITIES[name] for name in (one.locality, other.locality)]
    places = [(fact.latitude, fact.longitude) for fact in centres]
    if any(None in place for place in places):
        return False
    return km(*places) <= 1.3  # type: ignore[arg-type]


def comparables(level: str, one: Home, other: Home) -> bool:
    same_sector = one.locality == other.locality
    match level:
        case "same_society":
            same = one.society is not None and one.society == other.society
            return same and same_sector and same_bhk(one, other) and area_within(one, other, 15)
        case "same_sector":
            return same_sector and same_bhk(one, other) and area_within(one, other, 20)
        case "similar_in_sector":
            return same_sector and same_bhk(one, other, 1) and area_within(one, other, 30)
        case "within_2_km":
            near = one.place is not None and other.place is not None and km(one.place, other.place) <= 2
            return near and same_bhk(one, other) and area_within(one, other, 25)
        case "neighbouring_sectors":
            return next_door(one, other) and same_bhk(one, other)
        case _:
            return same_bhk(one, other)


LEVELS = ("same_society", "same_sector", "similar_in_sector", "within_2_km", "neighbouring_sectors", "city")


def quantile(prices: list[int], share: Fraction) -> Fraction:
    place = share * (len(prices) - 1)
    below = floor(place)
    above = min(below + 1, len(prices) - 1)
    return prices[below] + (prices[above] - prices[below]) * (place - below)


def without_slips(prices: list[int]) -> list[int]:
    p25, median, p75 = (quantile(prices, Fraction(quarter, 4)) for quarter in (1, 2, 3))
    if p25 == p75:
        return prices
    return [price for price in prices if abs(price - median) <= 3 * (p75 - p25)]


def interval(prices: list[int]) -> tuple[int, int]:
    """Return the narrowest pair of order statistics, symmetric from both ends, that covers 95 %."""
    n, place = len(prices), 1
    for rank in range(1, n // 2 + 1):
        outside = Fraction(sum(comb(n, k) for k in range(rank)), 2**n)
        if outside <= Fraction(25, 1000):
            place = rank
    return prices[place - 1], prices[-place]


def label_of(delta_tenths: int) -> str:
    if delta_tenths < -350:
        return "check_price"
    for most, label in ((-120, "great"), (-50, "good")):
        if delta_tenths <= most:
            return label
    for least, label in ((120, "high"), (50, "above")):
        if delta_tenths >= least:
            return label
    return "fair"


def compared(homes: list[Home], subject: int) -> Found:
    one = homes[subject]
    others = [home for place, home in enumerate(homes) if place != subject and home.kind == one.kind]
    found = []
    for level in LEVELS:
        prices = sorted(home.price_per_sqft for home in others if comparables(level, one, home))
        kept = without_slips(prices) if prices else []
        found.append((level, kept, len(prices) - len(kept)))
    level, kept, removed = next((each for each in found if len(each[1]) >= 8), found[-1])
    return _judged(one.price_per_sqft, level, kept, removed)


def _judged(price: int, level: str, kept: list[int], removed: int) -> Found:
    n = len(kept)
    if n < 5:
        return Found(level, n, removed, None, None, None, None, None, "insufficient_data")
    p25, median, p75 = (half_up(quantile(kept, Fraction(quarter, 4))) for quarter in (1, 2, 3))
    below, same = sum(other < price for other in kept), kept.count(price)
    rank = 100 * (below + Fraction(same, 2)) / n
    reason = "too_few" if n < 8 else "city_level" if level == "city" else "no_median" if not median else None
    if reason is not None:
        return Found(level, n, removed, (p25, median, p75), interval(kept), rank, None, None, reason)
    delta = min(half_up(Fraction(1_000 * (price - median), median)), 99_999)
    low, high = interval(kept)
    label = "fair" if low <= price <= high else label_of(delta)
    return Found(level, n, removed, (p25, median, p75), (low, high), rank, delta, label, None)
