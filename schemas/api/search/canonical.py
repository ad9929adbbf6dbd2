"""The canonical search: one model for guided and faceted search, saved links and caches."""

from enum import StrEnum
from typing import Annotated, Any, NotRequired, Self, TypeVar
from unicodedata import category, normalize

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas import bounds
from schemas.api.base import (
    Amount,
    Bhk,
    Choices,
    Locality,
    OneOrSeveral,
    Page,
    PageSize,
    Sector,
    Shape,
    SomeChoices,
    Unknown,
    exemplified,
    not_below,
    several,
    within,
)
from schemas.api.search.geo import Geo
from schemas.vocabulary import DealLabel, Direction, Furnishing, ListingType, Possession, PropertyType, Room


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
    DISTANCE = "distance"


RangeT = TypeVar("RangeT", bound="Range")


def plain_text(text: str) -> str:
    """Normalize a text so that equal searches are equal: NFC, single blanks, no invisible characters."""
    composed = normalize("NFC", text)
    return " ".join("".join(letter for letter in composed if category(letter) != "Cf").split())


LONGEST_TEXT = 200
SearchText = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(plain_text)]
TypedText = Annotated[str, Field(max_length=LONGEST_TEXT)]
"""Not normalized, because the offsets in the response refer to the text as typed."""
Society = Annotated[str, Field(min_length=1, max_length=bounds.LONGEST_SOCIETY)]


class Range(Shape):
    """Whole numbers, both ends inclusive; an end that is left out is open."""

    min: Amount | None = None
    max: Annotated[Amount | None, AfterValidator(not_below("min"))] = None


Area = Annotated[int, Field(ge=0, le=bounds.AREA_SQFT.most)]


class AreaRange(Range):
    """In sqft."""

    min: Area | None = None
    max: Annotated[Area | None, AfterValidator(not_below("min"))] = None


class PriceRange(Range):
    """In whole rupees; per month for a rent."""


def _narrowing(wanted: RangeT | None) -> RangeT | None:
    """Normalize a range: one without ends becomes None, and a minimum of 0 is dropped."""
    if wanted is None or (not wanted.min and wanted.max is None):
        return None
    return wanted if wanted.min else wanted.model_copy(update={"min": None})


Narrowing = AfterValidator(_narrowing)
FloorsT = TypeVar("FloorsT", bound="FloorRange")


def _ended(wanted: FloorsT | None) -> FloorsT | None:
    """Turn a range without ends into None. Floor 0 counts as an end, because there are basements."""
    return None if wanted is None or wanted.min is wanted.max is None else wanted


Ended = AfterValidator(_ended)


class Known(Shape):
    """A range over a field that some listings leave empty; those match only if `unknown` is true."""

    unknown: bool = False


class ScoreRange(Known):
    min: Annotated[int, within(bounds.SCORE)]


class YearRange(Known):
    max: Annotated[int, within(bounds.AGE_YEARS)]


class FloorRange(Known):
    """0 is the ground floor; basements are negative."""

    min: Annotated[int | None, within(bounds.FLOOR_NUMBER)] = None
    max: Annotated[int | None, within(bounds.FLOOR_NUMBER), AfterValidator(not_below("min"))] = None


class RoomWish(Shape):
    """A room that must, or with `avoid` must not, be in one of some directions, where that is known."""

    room: Room
    directions: SomeChoices[Direction]
    avoid: bool = False


def _wishes_in_order(wishes: tuple[RoomWish, ...]) -> tuple[RoomWish, ...]:
    """Sort the wishes; all of them apply, so their order does not matter."""
    return tuple(sorted(set(wishes), key=lambda wish: (wish.room, wish.avoid, wish.directions)))


class Wishes(Shape):
    """The filters of a search; a field that is left out does not narrow it."""

    q: SearchText = ""
    listing_type: ListingType = ListingType.SALE
    geo: Geo | None = None
    price: Annotated[PriceRange | None, Narrowing] = None
    property_type: Choices[PropertyType] = ()
    bhk: Choices[Bhk | Unknown] = ()
    bathrooms: Choices[Annotated[int, within(bounds.ROOMS)] | Unknown] = ()
    locality: Choices[Locality] = ()
    sector: Choices[Sector] = ()
    society: Choices[Society] = ()
    area_sqft: Annotated[AreaRange | None, Narrowing] = None
    price_per_sqft: Annotated[Range | None, Narrowing] = None
    facing_direction: Choices[Direction | Unknown] = ()
    furnishing_status: Choices[Furnishing | Unknown] = ()
    possession_status: Choices[Possession | Unknown] = ()
    age_years: YearRange | None = None
    floor_number: Annotated[FloorRange | None, Ended] = None
    vastu_score: ScoreRange | None = None
    light_score: ScoreRange | None = None
    vastu_rooms: Annotated[
        tuple[RoomWish, ...],
        Field(max_length=10),
        BeforeValidator(several),
        AfterValidator(_wishes_in_order),
        OneOrSeveral(),
    ] = ()
    deal: Choices[DealLabel | Unknown] = ()


class ListingSearch(Wishes):
    """Filters, sort order and page of a search."""

    model_config = exemplified(
        property_type=["apartment"], bhk=[3], price={"max": 15_000_000}, locality=["Sector 62"]
    )

    sort: Sort = Sort.RELEVANCE
    page_size: PageSize = 20
    page: Page = 1

    @model_validator(mode="after")
    def _near_something(self) -> Self:
        if self.sort is Sort.DISTANCE and (self.geo is None or self.geo.radius is None):
            raise PydanticCustomError(
                "no_centre", "is by distance from the centre of geo.radius, which is missing"
            )
        return self

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size

    def canonical(self) -> dict[str, Any]:
        """Return the search as links and caches write it, without fields that do not narrow it."""
        return self.model_dump(mode="json", exclude_defaults=True) | {"listing_type": self.listing_type.value}


class PriceVsMarket(TypedDict):
    delta_pct: float | None
    """Percent above (+) or below (-) the median price per sqft of its segment."""
    label: DealLabel | None


class KeyMetrics(TypedDict):
    vastu: int | None
    light: int | None
    price_vs_market: PriceVsMarket


class RankParts(TypedDict):
    """How a listing's rank is made up, in points (domain/ranking.py)."""

    vastu: float
    light: float
    deal: float
    image: float
    freshness: float
    total: float
    words: NotRequired[float]
    """How well the listing matches the words of the search; this outweighs all other parts."""


class ListingCard(TypedDict):
    """A listing as a search result shows it."""

    id: str
    title: str
    society: str | None
    locality: str
    sector: str
    latitude: float | None
    longitude: float | None
    location_approximate: bool
    """True if the location is only the sector's centre."""
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


Change = TypedDict("Change", {"field": str, "from": Any, "to": Any})
"""One changed field of a search: old and new value."""


class Suggestion(TypedDict):
    """A change of the search that finds more listings."""

    changes: list[Change]
    count: int
    cheapest: int | None
    """The lowest price among its results, in rupees."""
    search: dict[str, Any]
