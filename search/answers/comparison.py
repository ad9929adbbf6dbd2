"""Build the answer that compares a listing with its market."""

from datetime import UTC, datetime

from domain.market.comparison import Comparison
from domain.market.labels import FEWEST, next_better
from schemas.api.market import ASKING_PRICES, Interval, LadderStep, MarketComparison, NextBetter, Prices
from search.market import LiveComparison, Subject
from services.market import market_answer
from services.properties.live import ListingRow


def subject_of(found: ListingRow) -> Subject:
    place = None
    if found.latitude is not None and found.longitude is not None:
        place = found.latitude, found.longitude
    return Subject(
        id=str(found.id),
        property_type=found.property_type,
        listing_type=found.listing_type,
        area_basis=found.area_basis,
        bhk=found.bhk,
        area_sqft=found.area_sqft,
        price_per_sqft=found.price_per_sqft,
        locality=found.locality,
        society=found.society,
        place=place,
    )


def market_comparison(subject: ListingRow, found: LiveComparison) -> MarketComparison:
    compared = found.comparison
    return MarketComparison(
        property_id=subject.id,
        basis=ASKING_PRICES,
        area_basis=subject.area_basis,
        price=subject.price,
        price_per_sqft=subject.price_per_sqft,
        level=compared.level,
        n=compared.n,
        removed=compared.ladder[-1].removed,
        comparable_prices=_prices(compared),
        percentile=compared.percentile,
        delta_pct=None if compared.delta_tenths is None else compared.delta_tenths / 10,
        label=compared.label,
        reason=compared.reason,
        next_better=_next_better(subject, compared),
        approximate=found.approximate,
        comparables=found.comparables,
        ladder=[LadderStep(level=step.level, n=step.n, removed=step.removed) for step in compared.ladder],
        stored=None if subject.as_of is None else market_answer(subject),
        as_of=datetime.now(UTC),
    )


def _prices(compared: Comparison) -> Prices | None:
    figures = compared.figures
    if figures is None:
        return None
    enough = figures.n >= FEWEST
    return Prices(
        p25=figures.p25,
        median=figures.median,
        p75=figures.p75,
        interval=Interval(low=figures.low, high=figures.high) if enough else None,
        dispersion_pct=figures.dispersion_pct,
    )


def _next_better(subject: ListingRow, compared: Comparison) -> NextBetter | None:
    if compared.figures is None or compared.label is None:
        return None
    better = next_better(subject.price, subject.area_sqft, compared.figures)
    if better is None:
        return None
    return NextBetter(label=better.label, price=better.price, difference=better.difference)
