"""The options of each question, built from live counts: each choice and how many listings it would leave."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from math import log2

from domain.bedrooms import Number, bhk_number, bhk_term
from domain.money import format_amount
from domain.price_bands import Band, price_bands
from schemas.api.base import UNKNOWN
from schemas.api.search.canonical import ListingSearch, PriceRange
from schemas.api.search.listings import FacetOption
from schemas.vocabulary import LABELS

Counts = Mapping[str, int]
"""Number of listings for each value of a field that occurs, in the engine's order: the largest number first,
equal numbers by value."""

Options = Callable[[ListingSearch, Counts], list[FacetOption]]

LISTED = 20  # localities or societies; a longer list would need a search; suggestions provide that


def budget_options(search: ListingSearch, supply: Counts) -> list[FacetOption]:
    """Return price bands of the current supply. They cover every price, so a free range may span several."""
    chosen = prices_of(search.price or PriceRange())
    return [
        {
            "value": band.value,
            "label": band.label,
            "count": band.count,
            "selected": (band.floor, band.ceiling) == chosen,
        }
        for band in price_bands({int(step): count for step, count in supply.items()})
    ]


def prices_of(price: PriceRange) -> tuple[int, int | None]:
    """Convert a range with both ends included to a band's [floor, ceiling)."""
    return price.min or 0, None if price.max is None else price.max + 1


def chosen_budget(search: ListingSearch, supply: Counts, total: int) -> list[FacetOption]:
    """Return the price bands with the chosen one marked, and an option for any price.

    A free range that is not a band is listed before them, so that the visitor's choice is always listed.
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
    """Return a label worded differently from a band's, because the upper end is included here."""
    if price.min is None:
        return f"Up to {format_amount(price.max or 0)}"
    if price.max is None:
        return f"From {format_amount(price.min)}"
    return f"{format_amount(price.min)} up to {format_amount(price.max)}"


def closed(field: str, vocabulary: type[StrEnum]) -> Options:
    """List all values of a vocabulary in its order, with 0 for absent ones."""
    labelled = [(member.value, LABELS[member]) for member in vocabulary]

    def options(search: ListingSearch, supply: Counts) -> list[FacetOption]:
        chosen = getattr(search, field)
        return [
            {"value": value, "label": label, "count": supply.get(value, 0), "selected": value in chosen}
            for value, label in labelled
        ]

    return options


def numbers(field: str, always: Sequence[int], label: Callable[[Number], str]) -> Options:
    """List these numbers, those that occur and those that are chosen, in order."""

    def options(search: ListingSearch, supply: Counts) -> list[FacetOption]:
        chosen = getattr(search, field)
        values = {*always, *(value for value in chosen if value != UNKNOWN), *map(bhk_number, supply)}
        return [
            {
                "value": value,
                "label": label(value),
                "count": supply.get(bhk_term(value), 0),
                "selected": value in chosen,
            }
            for value in sorted(values)
        ]

    return options


def commonest(field: str) -> Options:
    """List the values with the most listings and the chosen ones; `other_count` sums up the others."""

    def options(search: ListingSearch, supply: Counts) -> list[FacetOption]:
        chosen = getattr(search, field)
        listed = list(islice(supply, LISTED))
        listed += [value for value in chosen if value not in listed]
        return [
            {"value": value, "label": value, "count": supply.get(value, 0), "selected": value in chosen}
            for value in listed
        ]

    return options


def entropy(supply: Counts) -> float:
    """Return the bits of information in an answer: 0 if all listings share one value."""
    total = sum(supply.values())
    return -sum(count / total * log2(count / total) for count in supply.values() if count)
