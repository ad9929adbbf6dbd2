"""Build facets from counts: the values that a visitor may choose, and the price histogram."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from domain.bedrooms import Number, bhk_label
from domain.money import LADDER
from schemas.api.base import UNKNOWN
from schemas.api.search.canonical import ListingSearch
from schemas.api.search.listings import Bar, Facet, FacetOption, PriceHistogram
from schemas.vocabulary import LABELS, DealLabel, Direction, Furnishing, Possession, PropertyType
from search.answers.options import Counts, Options, closed, commonest, numbers
from search.queries import PRICE, Group, chosen_of

Response = dict[str, Any]


def bathrooms(number: Number) -> str:
    return "1 bathroom" if number == 1 else f"{number} bathrooms"


@dataclass(frozen=True)
class FacetFacts:
    """What there is to know about a facet."""

    label: str
    """What a page calls it."""
    options: Options
    nullable: bool = False
    """True if listings without a value are an option. A missing society is not a choice."""
    open: bool = False
    """True if only the values with the most listings are listed, and the chosen ones."""


FACETS: dict[Facet, FacetFacts] = {
    Facet.PROPERTY_TYPE: FacetFacts("Type", closed("property_type", PropertyType)),
    Facet.BHK: FacetFacts("Bedrooms", numbers("bhk", range(1, 6), bhk_label), nullable=True),
    Facet.BATHROOMS: FacetFacts("Bathrooms", numbers("bathrooms", range(1, 5), bathrooms), nullable=True),
    Facet.DEAL: FacetFacts("Deal", closed("deal", DealLabel), nullable=True),
    Facet.LOCALITY: FacetFacts("Place", commonest("locality"), open=True),
    Facet.SOCIETY: FacetFacts("Society", commonest("society"), open=True),
    Facet.FACING: FacetFacts("Facing", closed("facing_direction", Direction), nullable=True),
    Facet.FURNISHING: FacetFacts("Furnishing", closed("furnishing_status", Furnishing), nullable=True),
    Facet.POSSESSION: FacetFacts("Possession", closed("possession_status", Possession), nullable=True),
}
"""In the order of a page."""


@dataclass(frozen=True)
class Supply:
    """The listings counted for a facet: by value, and in total, including those without a value.

    An open facet has only the counts of its commonest and its chosen values.
    """

    values: Counts
    total: int

    @property
    def unknown(self) -> int:
        return self.total - sum(self.values.values())


def supply_in(response: Response, group: Group) -> Supply:
    """Read a group's counts. A listing has at most one value, so the rest of the total has none."""
    counted = response["aggregations"]
    buckets = chain(*(counted[name]["buckets"] for name in (group, chosen_of(group)) if name in counted))
    return Supply(
        {str(bucket["key"]): bucket["doc_count"] for bucket in buckets}, response["hits"]["total"]["value"]
    )


def facet_options(facet: Facet, search: ListingSearch, supply: Supply) -> list[FacetOption]:
    options = FACETS[facet].options(search, supply.values)
    if not FACETS[facet].nullable:
        return options
    chosen = UNKNOWN in getattr(search, facet)
    return [
        *options,
        {"value": UNKNOWN, "label": LABELS[UNKNOWN], "count": supply.unknown, "selected": chosen},
    ]


def count_outside(options: Iterable[FacetOption], supply: Supply) -> int:
    """Return the number of listings outside an open facet's options, without a value or with another one."""
    return supply.total - sum(option["count"] for option in options)


def price_histogram(search: ListingSearch, response: Response) -> PriceHistogram:
    """Return bars for the rupee ladder's intervals, and for prices below its first or above its last step."""
    supply = supply_in(response, PRICE).values
    steps = [0, *LADDER[search.listing_type]]
    ends = response["aggregations"]
    bars: list[Bar] = [
        {"from": floor or None, "to": ceiling, "count": supply.get(str(floor), 0)}
        for floor, ceiling in zip(steps, [*steps[1:], None], strict=True)
    ]
    return PriceHistogram(
        min=_whole(ends["lowest"]["value"]), max=_whole(ends["highest"]["value"]), bars=bars
    )


def _whole(price: float | None) -> int | None:
    return None if price is None else int(price)
