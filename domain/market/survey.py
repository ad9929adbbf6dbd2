"""The comparison of all listings in one pass over columns, by the rules of comparison.py."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np

from domain.market.comparison import Comparison, compare
from domain.market.figures import FENCE, interval_place
from domain.market.labels import FEWEST, FEWEST_FOR_RANGE, MOST_TENTHS, UP_TO
from domain.market.ladder import LADDER, Rung
from domain.market.nearby import Nearby
from domain.market.shelves import Array, Crowd, Listings, Shelf
from schemas.vocabulary import DealLabel, MarketLevel, MarketReason

CHUNK = 65_536
"""Listings compared at a time: enough for numpy, few enough for the CPU cache."""
UNKNOWN = -(2**31)

LEVELS, LABELS, REASONS = tuple(MarketLevel), tuple(DealLabel), tuple(MarketReason)
EDGES = np.array([most for most, _ in UP_TO])
NAMES = np.array([LABELS.index(label) for label in (*(label for _, label in UP_TO), DealLabel.HIGH)])


@dataclass(frozen=True)
class Findings:
    """One entry per subject: indexes of LEVELS, LABELS and REASONS; UNKNOWN where there is no value."""

    level: Array
    n: Array
    median: Array
    delta_tenths: Array
    label: Array
    reason: Array

    @classmethod
    def blank(cls, subjects: int) -> Self:
        return cls(**{field.name: np.full(subjects, UNKNOWN, np.int64) for field in fields(cls)})

    def of(self, where: Array) -> Self:
        return replace(self, **{field.name: getattr(self, field.name)[where] for field in fields(self)})

    def note(self, where: Array, **columns: Any) -> None:
        for name, values in columns.items():
            getattr(self, name)[where] = values


def survey(listings: Listings, subjects: Array | None = None) -> Findings:
    """Compare all listings, or those at the given indexes, with all listings."""
    subjects = np.arange(len(listings.kind)) if subjects is None else subjects
    findings = Findings.blank(len(subjects))
    waiting = np.arange(len(subjects))
    for rung in LADDER:
        climb = _look_around if rung.level is MarketLevel.WITHIN_2_KM else _climb
        climb(rung, listings, subjects, waiting, findings)
        waiting = waiting[findings.level[waiting] == UNKNOWN]
    return findings


def _climb(rung: Rung, listings: Listings, subjects: Array, waiting: Array, findings: Findings) -> None:
    """Settle the subjects with enough comparables on one shelf; at city level, settle all."""
    if not len(waiting):
        return
    shelf = Shelf.of(rung, listings)
    for chunk in _chunks(waiting):
        crowd = shelf.crowd(rung, subjects[chunk])
        enough = crowd.size >= FEWEST
        _settle(rung, crowd.some(enough), chunk[enough], findings)
        if rung.level is MarketLevel.CITY:
            few = crowd.some(~enough)
            for where, price, prices in zip(chunk[~enough], few.own_price, few.prices(), strict=True):
                _note(findings, where, compare(int(price), [(rung.level, prices)]))


def _look_around(rung: Rung, listings: Listings, subjects: Array, waiting: Array, findings: Findings) -> None:
    """Check subjects one by one, because a circle is not a range of a shelf; few get this far."""
    nearby = Nearby(rung, listings)
    for where in waiting:
        subject = subjects[where]
        prices = nearby.prices(subject)
        if len(prices) < FEWEST:
            continue
        found = compare(int(listings.price_per_sqft[subject]), [(rung.level, prices)])
        if found.n >= FEWEST:
            _note(findings, where, found)


def _chunks(indexes: Array) -> Iterator[Array]:
    for start in range(0, len(indexes), CHUNK):
        yield indexes[start : start + CHUNK]


def _note(findings: Findings, where: int, found: Comparison) -> None:
    findings.note(
        np.array([where]),
        level=UNKNOWN if found.level is None else LEVELS.index(found.level),
        n=found.n,
        median=UNKNOWN if found.figures is None else found.figures.median,
        delta_tenths=UNKNOWN if found.delta_tenths is None else found.delta_tenths,
        label=UNKNOWN if found.label is None else LABELS.index(found.label),
        reason=UNKNOWN if found.reason is None else REASONS.index(found.reason),
    )


def _settle(rung: Rung, crowd: Crowd, where: Array, findings: Findings) -> None:
    """Record results for the subjects that keep enough comparables after outliers are removed."""
    cut, upto, median = _within_fence(crowd)
    n = upto - cut
    if rung.level is MarketLevel.CITY:
        _note_range(where, n, median, findings)
        return
    enough = n >= FEWEST
    findings.note(where[enough], level=LEVELS.index(rung.level), n=n[enough], median=median[enough])
    findings.note(where[enough & (median == 0)], reason=REASONS.index(MarketReason.NO_MEDIAN))
    told = enough & (median > 0)
    tenths, labels = _labels(crowd.some(told), cut[told], upto[told], median[told])
    findings.note(where[told], delta_tenths=tenths, label=labels)


def _within_fence(crowd: Crowd) -> tuple[Array, Array, Array]:
    """Return the range of comparables by price that count, and their median."""
    n = crowd.size.astype(np.int64)
    p25, median, p75 = (crowd.quarters(quarter, np.zeros_like(n), n) for quarter in (1, 2, 3))
    reach = FENCE * (p75 - p25)
    cut = np.where(reach > 0, crowd.cheaper_than(-((reach - median) // 4)), 0)
    upto = np.where(reach > 0, crowd.cheaper_than((median + reach) // 4 + 1), n)
    fenced = np.flatnonzero(upto - cut < n)
    median[fenced] = crowd.some(fenced).quarters(2, cut[fenced], (upto - cut)[fenced])
    return cut, upto, (median + 2) // 4


def _note_range(where: Array, n: Array, median: Array, findings: Findings) -> None:
    reasons = [MarketReason.INSUFFICIENT_DATA, MarketReason.TOO_FEW, MarketReason.CITY_LEVEL]
    numbers = np.array([REASONS.index(reason) for reason in reasons])
    reason = numbers[(n >= FEWEST_FOR_RANGE).astype(int) + (n >= FEWEST)]
    shown = np.where(n >= FEWEST_FOR_RANGE, median, UNKNOWN)
    findings.note(where, level=LEVELS.index(MarketLevel.CITY), n=n, median=shown, reason=reason)


def _labels(crowd: Crowd, cut: Array, upto: Array, median: Array) -> tuple[Array, Array]:
    """Like labels.tenths_off and labels.label_among, for columns."""
    price = crowd.own_price
    tenths = np.minimum((2_000 * (price - median) + median) // (2 * median), MOST_TENTHS)
    sizes, which = np.unique(upto - cut, return_inverse=True)
    place = np.array([interval_place(int(size)) for size in sizes], np.int64)[which]
    within = (crowd.price(cut + place - 1) <= price) & (price <= crowd.price(upto - place))
    fair = LABELS.index(DealLabel.FAIR)
    return tenths, np.where(within, fair, NAMES[np.searchsorted(EDGES, tenths, "left")])
