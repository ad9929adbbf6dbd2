"""The options of each question, made from live counts: what a visitor may choose, and what it would leave."""

from collections.abc import Callable, Mapping
from math import log2

from domain.bedrooms import bhk_label, bhk_number, bhk_term
from domain.money import format_amount
from domain.price_bands import Band, price_bands
from schemas.api.base import UNKNOWN
from schemas.api.listings import FacetOption
from schemas.api.search import ListingSearch, PriceRange
from schemas.vocabulary import LABELS, PropertyType
from server.search.queries import Group

Counts = Mapping[str, int]
"""Listings by a field's value, for the values that occur."""

COMMON_BHK = (1, 2, 3, 4, 5)  # always shown, with 0 when there are none; others when they occur
LISTED_LOCALITIES = 20  # more would be a list to search in, which is what suggestions are for


def budget_options(search: ListingSearch, supply: Counts) -> list[FacetOption]:
    """Bands of today's supply; they cover every price, so a range chosen freely lies across them."""
    chosen = prices_of(search.price or PriceRange())
    return [
        FacetOption(
            value=band.value,
            label=band.label,
            count=band.count,
            selected=(band.floor, band.ceiling) == chosen,
        )
        for band in price_bands({int(step): count for step, count in supply.items()})
    ]


def prices_of(price: PriceRange) -> tuple[int, int | None]:
    """A range, both of whose ends are included, as a band's [floor, ceiling)."""
    return price.min or 0, None if price.max is None else price.max + 1


def chosen_budget(search: ListingSearch, supply: Counts, total: int) -> list[FacetOption]:
    """The bands behind what is chosen, and any price to go back to.

    A range of the visitor's own is no band, and stands before them: what is chosen is always listed.
    """
    bands = budget_options(search, supply)
    anything = FacetOption(
        value=Band(0, None, 0).value,
        label=Band(0, None, 0).label,
        count=sum(supply.values()),
        selected=search.price is None,
    )
    options = bands if len(bands) == 1 else [anything, *bands]
    if search.price is None or any(option["selected"] for option in options):
        return options
    return [chosen_range(search.price, total), *options]


def chosen_range(price: PriceRange, count: int) -> FacetOption:
    band = Band(*prices_of(price), count)
    return FacetOption(value=band.value, label=range_label(price), count=count, selected=True)


def range_label(price: PriceRange) -> str:
    """In other words than a band's, whose upper end is not included."""
    if price.min is None:
        return f"Up to {format_amount(price.max or 0)}"
    if price.max is None:
        return f"From {format_amount(price.min)}"
    return f"{format_amount(price.min)} up to {format_amount(price.max)}"


def property_type_options(search: ListingSearch, supply: Counts) -> list[FacetOption]:
    return [
        FacetOption(
            value=kind, label=LABELS[kind], count=supply.get(kind, 0), selected=kind in search.property_type
        )
        for kind in PropertyType
    ]


def bhk_options(search: ListingSearch, supply: Counts) -> list[FacetOption]:
    chosen = (bhk for bhk in search.bhk if bhk != UNKNOWN)
    values = {*COMMON_BHK, *chosen, *map(bhk_number, supply)}
    return [
        FacetOption(
            value=bhk, label=bhk_label(bhk), count=supply.get(bhk_term(bhk), 0), selected=bhk in search.bhk
        )
        for bhk in sorted(values)
    ]


def locality_options(search: ListingSearch, supply: Counts) -> list[FacetOption]:
    """The fullest localities and the chosen ones; the others are summed up by `other_count`."""
    ranked = sorted(supply, key=lambda locality: (-supply[locality], locality))
    listed = ranked[:LISTED_LOCALITIES]
    listed += [locality for locality in search.locality if locality not in listed]
    return [
        FacetOption(
            value=locality,
            label=locality,
            count=supply.get(locality, 0),
            selected=locality in search.locality,
        )
        for locality in listed
    ]


OPTIONS: dict[Group, Callable[[ListingSearch, Counts], list[FacetOption]]] = {
    Group.PRICE: budget_options,
    Group.PROPERTY_TYPE: property_type_options,
    Group.BHK: bhk_options,
    Group.LOCALITY: locality_options,
}


def entropy(supply: Counts) -> float:
    """Bits that an answer tells about the listings: 0 when all share one value."""
    total = sum(supply.values())
    return -sum(count / total * log2(count / total) for count in supply.values() if count)
