"""The canonical search: one model that guided and faceted search, saved links and caches agree on."""

from enum import StrEnum
from typing import Annotated, Any, NotRequired, TypedDict

from pydantic import AfterValidator

from schemas.api.base import Amount, Bhk, Choices, Locality, Page, PageSize, Shape, not_below
from schemas.vocabulary import DealLabel, ListingType, PropertyType


class Sort(StrEnum):
    RELEVANCE = "relevance"
    NEWEST = "newest"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    PRICE_PER_SQFT_ASC = "price_per_sqft_asc"
    AREA_DESC = "area_desc"
    VASTU_DESC = "vastu_desc"
    LIGHT_DESC = "light_desc"
    DEAL = "deal"


class PriceRange(Shape):
    """Whole rupees, both ends included; an end left out is open."""

    min: Amount | None = None
    max: Annotated[Amount | None, AfterValidator(not_below("min"))] = None


def _narrowing(price: PriceRange | None) -> PriceRange | None:
    """One search has one form: a range without ends is none, and every price is at least 0."""
    if price is None or (not price.min and price.max is None):
        return None
    return price if price.min else price.model_copy(update={"min": None})


class ListingSearch(Shape):
    listing_type: ListingType = ListingType.SALE
    property_type: Choices[PropertyType] = ()
    bhk: Choices[Bhk] = ()
    price: Annotated[PriceRange | None, AfterValidator(_narrowing)] = None
    locality: Choices[Locality] = ()
    sort: Sort = Sort.RELEVANCE
    page_size: PageSize = 20
    page: Page = 1

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size

    def canonical(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


class PriceVsMarket(TypedDict):
    delta_pct: float | None
    """Percent above (+) or below (-) the median price per sqft of its segment."""
    label: DealLabel | None


class KeyMetrics(TypedDict):
    vastu: int | None
    light: int | None
    price_vs_market: PriceVsMarket


class RankParts(TypedDict):
    """Why a listing stands where it stands, in points (domain/ranking.py)."""

    vastu: float
    light: float
    deal: float
    image: float
    freshness: float
    total: float


class ListingCard(TypedDict):
    """A listing as a result shows it."""

    id: str
    title: str
    society: str | None
    locality: str
    sector: str
    latitude: float | None
    longitude: float | None
    property_type: str
    listing_type: str
    bhk: float | None
    area_sqft: int
    area_basis: str
    price: int
    price_per_sqft: int
    facing_direction: str | None
    furnishing_status: str | None
    image: str | None
    listed_at: str
    key_metrics: KeyMetrics
    rank: NotRequired[RankParts]
