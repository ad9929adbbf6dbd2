"""Listings sorted by what they have in common, so that the comparables of one listing are a few ranges.

stretches.py finds any percentile of such ranges for many listings at once.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from domain.market.ladder import Rung, neighbourhood
from domain.market.stretches import Bounds, Ints, Stretches
from schemas.sectors import SECTORS
from schemas.vocabulary import MarketLevel

Array = NDArray[Any]

AREA_BITS = 20
MOST_AREA = 2**AREA_BITS - 1
LOCALITIES, HALVES = 256, 64
"""Upper bounds for the number of localities, and of half bedrooms."""
NONE = -1

PLACES = tuple(fact.locality for fact in SECTORS)
"""Locality names by their number."""


@dataclass(frozen=True)
class Listings:
    """Active listings, in columns with one entry per listing."""

    kind: Array
    """One number for type, sale or rent, and area basis together."""
    place: Array
    """Index of the locality in PLACES."""
    society: Array
    """A number for the society's name; NONE without a society."""
    halves: Array
    """Bedrooms times two; 0 if unknown."""
    area_sqft: Array
    price_per_sqft: Array
    latitude: Array
    longitude: Array
    """NaN if unknown."""


class Shelf:
    """Listings sorted by group, then area, with their prices as ranks."""

    def __init__(self, listings: Listings, members: Array, groups: Array) -> None:
        """Build from `groups`, a key that comparables share, and `members`, the indexes of its listings."""
        self.listings, self._groups = listings, groups
        keys = (groups[members] << AREA_BITS) + listings.area_sqft[members]
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        by_price = members[np.argsort(listings.price_per_sqft[members], kind="stable")]
        self.prices = listings.price_per_sqft[by_price]
        self._ranks = np.full(len(groups), NONE, np.int32)
        self._ranks[by_price] = np.arange(len(by_price), dtype=np.int32)
        self.stretches = Stretches(self._ranks[members[order]])

    @classmethod
    def of(cls, rung: Rung, listings: Listings) -> Self:
        everyone = np.arange(len(listings.kind))
        if rung.level is MarketLevel.CITY:
            return cls(listings, everyone, listings.kind * HALVES + listings.halves)
        groups = _key(listings.kind, listings.place, listings.halves)
        if rung.level is not MarketLevel.SAME_SOCIETY:
            return cls(listings, everyone, groups)
        named = np.flatnonzero(listings.society != NONE)
        societies = np.unique(listings.society, return_inverse=True)[1]
        return cls(listings, named, groups * (societies.max(initial=0) + 1) + societies)

    def crowd(self, rung: Rung, subjects: Array) -> "Crowd":
        """Return the comparables of each subject; the ranges contain the subject, which is skipped later."""
        groups, known = self._stretches_of(rung, subjects)
        least, most = self._areas(rung, subjects)
        keys = groups << AREA_BITS
        starts = np.where(known, np.searchsorted(self._keys, keys + least, "left"), 0).astype(np.int32)
        ends = np.where(known, np.searchsorted(self._keys, keys + most, "right"), 0).astype(np.int32)
        return Crowd.around(self, subjects, self._ranks[subjects], starts, ends)

    def _areas(self, rung: Rung, subjects: Array) -> tuple[Array, Array]:
        """Like ladder.area_bounds, for a column of listings."""
        area = self.listings.area_sqft[subjects][:, None].astype(np.int64)
        if rung.area_pct is None:
            return np.zeros_like(area), np.full_like(area, MOST_AREA)
        least, most = -(-area * (100 - rung.area_pct) // 100), area * (100 + rung.area_pct) // 100
        return least, np.minimum(most, MOST_AREA)

    def _stretches_of(self, rung: Rung, subjects: Array) -> tuple[Array, Array]:
        """Return the groups that each subject is compared with, and a mask of those that exist."""
        if rung.level is MarketLevel.NEIGHBOURING_SECTORS:
            places = NEIGHBOURHOODS[self.listings.place[subjects]]
            kind, halves = self.listings.kind[subjects][:, None], self.listings.halves[subjects][:, None]
            return _key(kind, np.maximum(places, 0), halves), places != NONE
        spans = np.arange(-2 * rung.bhk_span, 2 * rung.bhk_span + 1)
        halves = self.listings.halves[subjects][:, None]
        known = (self._ranks[subjects][:, None] != NONE) & (
            (spans == 0) | (halves > 0) & (halves + spans > 0)
        )
        return self._groups[subjects][:, None] + spans, known


def _key(kind: Array, place: Array, halves: Array) -> Array:
    return np.asarray((kind * LOCALITIES + place) * HALVES + halves)


def _neighbourhoods() -> Array:
    """Return one row per locality with the numbers of its neighbourhood, padded with NONE."""
    numbers = {locality: number for number, locality in enumerate(PLACES)}
    rows = [[numbers[locality] for locality in neighbourhood(place)] for place in PLACES]
    longest = max(map(len, rows))
    return np.array([row + [NONE] * (longest - len(row)) for row in rows])


NEIGHBOURHOODS = _neighbourhoods()


@dataclass(frozen=True)
class Crowd:
    """The comparables of several subjects, as ranges of a shelf."""

    shelf: Shelf
    subjects: Array
    starts: Bounds
    ends: Bounds
    rank: Ints
    """The subject's own rank on the shelf."""
    own: Ints
    """How many comparables come before the subject by price."""
    size: Ints

    @classmethod
    def around(cls, shelf: Shelf, subjects: Array, rank: Ints, starts: Bounds, ends: Bounds) -> Self:
        own = shelf.stretches.below(starts, ends, np.maximum(rank, 0))
        size = np.maximum((ends - starts).sum(axis=1, dtype=np.int32) - 1, 0)
        return cls(shelf, subjects, starts, ends, rank, own, size)

    def some(self, chosen: Array) -> "Crowd":
        columns = (self.subjects, self.starts, self.ends, self.rank, self.own, self.size)
        return Crowd(self.shelf, *(column[chosen] for column in columns))

    @property
    def own_price(self) -> Array:
        return np.asarray(self.shelf.listings.price_per_sqft[self.subjects])

    def prices(self) -> list[list[int]]:
        """Return all prices of each subject, ascending; meant for small crowds."""
        found: list[list[int]] = [[] for _ in self.size]
        for place in range(int(self.size.max(initial=0))):
            longer = np.flatnonzero(self.size > place)
            for subject, price in zip(
                longer, self.some(longer).price(np.full(len(longer), place)), strict=True
            ):
                found[subject].append(int(price))
        return found

    def price(self, place: Array) -> Array:
        """Return the price at this position among the comparables, from 0 for the cheapest."""
        place = place.astype(np.int32)
        ranks = self.shelf.stretches.smallest(self.starts, self.ends, place + (place >= self.own))
        return np.asarray(self.shelf.prices[ranks])

    def cheaper_than(self, price: Array) -> Array:
        """Return how many comparables cost less."""
        rank = np.searchsorted(self.shelf.prices, price, "left").astype(np.int32)
        return np.asarray(self.shelf.stretches.below(self.starts, self.ends, rank) - (self.rank < rank))

    def quarters(self, quarter: int, start: Array, n: Array) -> Array:
        """Return four times a quartile of the `n` comparables from position `start`."""
        place, rest = np.divmod(quarter * (n - 1), 4)
        above = np.minimum(place + 1, n - 1)
        return np.asarray(self.price(start + place) * (4 - rest) + self.price(start + above) * rest)
