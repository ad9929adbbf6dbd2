"""Build facets from counts: the values that a visitor may choose, and the price histogram."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.money import LADDER
from schemas.api.base import UNKNOWN
from schemas.api.search.canonical import ListingSearch
from schemas.api.search.listings import Bar, Facet, FacetOption, PriceHistogram
from schemas.vocabulary import LABELS, DealLabel, Direction, Furnishing, Possession
from search.answers.options import (
    Counts,
    bhk_options,
    locality_options,
    most_common_options,
    property_type_options,
)
from search.queries import Group

Response = dict[str, Any]


@dataclass(frozen=True)
class Supply:
    """The listings counted for a facet: by value, and in total, including those without a value."""

    values: Counts
    total: int

    @property
    def unknown(self) -> int:
        return self.total - sum(self.values.values())


def supply_in(response: Response, group: Group) -> Supply:
    """Read a group's counts. A listing has at most one value, so the rest of the total has none."""
    buckets = response["aggregations"][group]["buckets"]
    return Supply(
        {bucket["key"]: bucket["doc_count"] for bucket in buckets}, response["hits"]["total"]["value"]
    )


def facet_options(facet: Facet, search: ListingSearch, supply: Supply) -> list[FacetOption]:
    options = list(OPTIONS[facet](search, supply.values))
    if facet not in NULLABLE:
        return options
    chosen = UNKNOWN in getattr(search, facet)
    return [
        *options,
        FacetOption(value=UNKNOWN, label=LABELS[UNKNOWN], count=supply.unknown, selected=chosen),
    ]


def count_outside(options: Iterable[FacetOption], supply: Supply) -> int:
    """Return the number of listings outside an open facet's options, without a value or with another one."""
    return supply.total - sum(option["count"] for option in options)


def closed(facet: Facet, vocabulary: type[StrEnum]) -> Callable[[ListingSearch, Counts], list[FacetOption]]:
    """Return a function that lists all values of a vocabulary in its order, with 0 for absent ones."""

    def options(search: ListingSearch, supply: Counts) -> list[FacetOption]:
        chosen = getattr(search, facet)
        return [
            FacetOption(
                value=value, label=LABELS[value], count=supply.get(value, 0), selected=value in chosen
            )
            for value in vocabulary
        ]

    return options


def society_options(search: ListingSearch, supply: Counts) -> list[FacetOption]:
    return most_common_options(supply, search.society)


OPTIONS: dict[Facet, Callable[[ListingSearch, Counts], Sequence[FacetOption]]] = {
    Facet.PROPERTY_TYPE: property_type_options,
    Facet.BHK: bhk_options,
    Facet.LOCALITY: locality_options,
    Facet.SOCIETY: society_options,
    Facet.FURNISHING: closed(Facet.FURNISHING, Furnishing),
    Facet.FACING: closed(Facet.FACING, Direction),
    Facet.POSSESSION: closed(Facet.POSSESSION, Possession),
    Facet.DEAL: closed(Facet.DEAL, DealLabel),
}
NULLABLE = {Facet.BHK, Facet.FURNISHING, Facet.FACING, Facet.POSSESSION, Facet.DEAL}
"""Facets with an option for listings without a value. SOCIETY has none: a missing society is not a choice."""
OPEN = (Facet.LOCALITY, Facet.SOCIETY)
"""Facets that list only the values with the most listings, and the chosen ones."""


def price_histogram(search: ListingSearch, response: Response) -> PriceHistogram:
    """Return bars for the rupee ladder's intervals, and for prices below its first or above its last step."""
    supply = supply_in(response, Group.PRICE).values
    steps = [0, *LADDER[search.listing_type]]
    ends = response["aggregations"]
    bars = [
        Bar({"from": floor or None, "to": ceiling, "count": supply.get(str(floor), 0)})
        for floor, ceiling in zip(steps, [*steps[1:], None], strict=True)
    ]
    return PriceHistogram(
        min=_whole(ends["lowest"]["value"]), max=_whole(ends["highest"]["value"]), bars=bars
    )


def _whole(price: float | None) -> int | None:
    return None if price is None else int(price)
