"""Faceted search: the canonical search with what to count beside it, and its answer."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.api.base import Choices, exemplified
from schemas.api.search import ListingCard, ListingSearch, Suggestion, TypedText, plain_text
from schemas.api.understood import Understood


class Facet(StrEnum):
    PROPERTY_TYPE = "property_type"
    BHK = "bhk"
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
"""Counted unless a request says otherwise."""


class ListingsRequest(ListingSearch):
    """A search, and how much of an answer is wanted; only the search is part of a link."""

    model_config = exemplified(
        q="3 bhk near sector 62", price={"max": 15_000_000}, facets=["bhk", "deal"], sort="deal"
    )

    q: TypedText = ""
    understand: bool = True
    """False takes `q` as text alone, word for word."""
    facets: Choices[Facet] = SHOWN_FACETS
    histogram: bool = True
    suggest: bool = True
    """False leaves out the suggestions that come when little is found."""
    explain: bool = False
    """Add to each listing the named parts of its rank."""
    cursor: Annotated[str, Field(max_length=1_000)] | None = None
    """`next_cursor` of the page before; goes on without end and without page numbers."""

    @model_validator(mode="after")
    def _one_way_of_paging(self) -> Self:
        if self.cursor is not None and self.page != 1:
            raise PydanticCustomError("page_and_cursor", "has both a page and a cursor: send one of them")
        return self

    def search(self) -> ListingSearch:
        wanted = {name: getattr(self, name) for name in ListingSearch.model_fields}
        wanted["q"] = plain_text(self.q)
        return ListingSearch.model_construct(**wanted)  # its fields were checked with ours


class FacetOption(TypedDict):
    value: str | float
    label: str
    count: int
    """How many listings this choice alone would leave in its group, the other groups chosen as they are."""
    selected: bool


Bar = TypedDict("Bar", {"from": int | None, "to": int | None, "count": int})
"""Listings with a price in [from, to), in rupees; the first bar and the last one are open."""


class PriceHistogram(TypedDict):
    """The prices that everything but the price choice leaves."""

    min: int | None
    max: int | None
    bars: list[Bar]


class FoundListings(TypedDict):
    """What a search finds, however it was said."""

    items: list[ListingCard]
    total: int
    page: int
    page_size: int
    next_cursor: str | None
    facets: dict[str, list[FacetOption]]
    other_counts: dict[str, int]
    """By facet, the listings behind values that its list leaves out."""
    price_histogram: PriceHistogram | None
    search: dict[str, Any]
    suggestions: list[Suggestion]
    """Changes that find more, when little was found; never mixed into the items."""


class ListingsAnswer(FoundListings):
    understood: Understood | None
    """What was read from `q`; null without a text, and when it was not to be understood."""
