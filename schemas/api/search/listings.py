"""Faceted search: the canonical search, what to count with it, and the answer."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.api.base import Choices, exemplified
from schemas.api.search.canonical import ListingCard, ListingSearch, Suggestion, TypedText, plain_text
from schemas.api.search.understood import Understood


class Facet(StrEnum):
    PROPERTY_TYPE = "property_type"
    BHK = "bhk"
    BATHROOMS = "bathrooms"
    LOCALITY = "locality"
    SOCIETY = "society"
    FURNISHING = "furnishing_status"
    FACING = "facing_direction"
    POSSESSION = "possession_status"
    DEAL = "deal"


SHOWN_FACETS = (
    Facet.BHK,
    Facet.DEAL,
    Facet.FACING,
    Facet.FURNISHING,
    Facet.LOCALITY,
    Facet.PROPERTY_TYPE,
)
"""The facets that are counted by default."""


class ListingsRequest(ListingSearch):
    """A search, and which parts of the answer to return. Only the search itself is part of a link."""

    model_config = exemplified(
        q="3 bhk near sector 62", price={"max": 15_000_000}, facets=["bhk", "deal"], sort="deal"
    )

    q: TypedText = ""
    understand: bool = True
    """False searches for `q` as plain text, without reading filters from it."""
    facets: Choices[Facet] = SHOWN_FACETS
    histogram: bool = True
    suggest: bool = True
    """False omits the suggestions for searches that find little."""
    explain: bool = False
    """Add the named parts of its rank to each listing."""
    cursor: Annotated[str, Field(max_length=1_000)] | None = None
    """`next_cursor` of the previous page; pages by cursor have no depth limit and no page numbers."""

    @model_validator(mode="after")
    def _one_way_of_paging(self) -> Self:
        if self.cursor is not None and self.page != 1:
            raise PydanticCustomError("page_and_cursor", "has both a page and a cursor: send one of them")
        return self

    def search(self) -> ListingSearch:
        wanted = {name: getattr(self, name) for name in ListingSearch.model_fields}
        wanted["q"] = plain_text(self.q)
        return ListingSearch.model_construct(**wanted)  # the fields are already validated


class FacetOption(TypedDict):
    value: str | float
    label: str
    count: int
    """Number of listings if this is the only choice in its group and the other groups stay as they are."""
    selected: bool


Bar = TypedDict("Bar", {"from": int | None, "to": int | None, "count": int})
"""Number of listings with a price in [from, to), in rupees; the first and last bars are open-ended."""


class PriceHistogram(TypedDict):
    """Prices of the listings that match everything but the price filter."""

    min: int | None
    max: int | None
    bars: list[Bar]


class FoundListings(TypedDict):
    """The results of a search, however it was expressed."""

    items: list[ListingCard]
    total: int
    page: int
    page_size: int
    next_cursor: str | None
    facets: dict[str, list[FacetOption]]
    other_counts: dict[str, int]
    """By facet, the number of listings whose value is not in the facet's list."""
    price_histogram: PriceHistogram | None
    search: dict[str, Any]
    suggestions: list[Suggestion]
    """Changes that find more, for searches with few results; never mixed into the items."""


class ListingsAnswer(FoundListings):
    understood: Understood | None
    """What was read from `q`; null without a text, or if `understand` is false."""
