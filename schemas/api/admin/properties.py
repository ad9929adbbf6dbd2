"""Properties as admins send and see them, under the rules that the table checks."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas import bounds
from schemas.api.base import (
    Amount,
    Bhk,
    Choices,
    Locality,
    Shape,
    WrittenOut,
    exemplified,
    named,
    not_below,
    not_blank,
    within,
)
from schemas.api.lists import Paging
from schemas.api.properties import Market, Picture
from schemas.texts import ROUNDED, one_line, prose
from schemas.vocabulary import (
    AreaBasis,
    Direction,
    Furnishing,
    ListingType,
    Possession,
    PropertyState,
    PropertyType,
)

SOONEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Times outside this range are typing errors; close to the calendar's limits, time zone conversion fails."""


def _both(longitude: float | None, info: ValidationInfo) -> float | None:
    if "latitude" in info.data and (longitude is None) != (info.data["latitude"] is None):
        raise PydanticCustomError("half_a_place", "is given together with latitude or not at all")
    return longitude


def _no_plot(bhk: float | None, info: ValidationInfo) -> float | None:
    if bhk is not None and info.data.get("property_type") == PropertyType.PLOT:
        raise PydanticCustomError("plot_without_bhk", "is for homes, and this is a plot")
    return bhk


def _line(value: Any) -> Any:
    return not_blank(one_line(value)) if isinstance(value, str) else value


def _prose(value: Any) -> Any:
    return prose(value) if isinstance(value, str) else value


def _not_rounded(reference: str) -> str:
    if ROUNDED.fullmatch(reference):
        raise PydanticCustomError("rounded", "is a number of which a spreadsheet has dropped digits")
    return reference


Line, Prose = BeforeValidator(_line), BeforeValidator(_prose)
Reference = Annotated[str, Field(min_length=1, max_length=bounds.LONGEST_REFERENCE), Line]
Title = Annotated[str, Field(min_length=1, max_length=bounds.LONGEST_TITLE), Line]
Society = Annotated[str, Field(min_length=1, max_length=bounds.LONGEST_SOCIETY), Line]
Description = Annotated[str, Field(max_length=bounds.LONGEST_DESCRIPTION), Prose]
Score = Annotated[int, within(bounds.SCORE)]
Moment = Annotated[AwareDatetime, Field(ge=SOONEST, le=LATEST)]


class PropertyFields(Shape):
    """The fields that an editor sets; all others are derived or record what happens to the property.

    Missing coordinates default to the sector's centre. A score is computed unless one is given.
    """

    model_config = exemplified(
        title="3 BHK apartment, close to the metro",
        society="Quail Angan",
        locality="Sector 62",
        property_type="apartment",
        listing_type="sale",
        bhk=3,
        area_sqft=1_490,
        area_basis="super",
        price=11_000_000,
        facing_direction="east",
    )

    external_ref: Annotated[Reference, AfterValidator(_not_rounded)] | None = None
    title: Title
    description: Description = ""
    society: Society | None = None
    locality: Locality
    latitude: Annotated[float, within(bounds.LATITUDE)] | None = None
    longitude: Annotated[
        Annotated[float, within(bounds.LONGITUDE)] | None, AfterValidator(_both), Field(validate_default=True)
    ] = None
    property_type: PropertyType
    listing_type: ListingType
    bhk: Annotated[Bhk | None, AfterValidator(_no_plot)] = None
    bathrooms: Annotated[int, within(bounds.ROOMS)] | None = None
    balconies: Annotated[int, within(bounds.ROOMS)] | None = None
    area_sqft: Annotated[int, within(bounds.AREA_SQFT)]
    area_basis: AreaBasis
    price: Annotated[int, within(bounds.PRICE)]
    furnishing_status: Furnishing | None = None
    floor_number: Annotated[int, within(bounds.FLOOR_NUMBER)] | None = None
    total_floors: Annotated[
        Annotated[int, within(bounds.TOTAL_FLOORS)] | None, AfterValidator(not_below("floor_number"))
    ] = None
    age_years: Annotated[int, within(bounds.AGE_YEARS)] | None = None
    possession_status: Possession | None = None
    facing_direction: Direction | None = None
    entrance_direction: Direction | None = None
    kitchen_direction: Direction | None = None
    master_bedroom_direction: Direction | None = None
    pooja_direction: Direction | None = None
    toilet_direction: Direction | None = None
    balcony_direction: Direction | None = None
    open_sides: Annotated[int, within(bounds.OPEN_SIDES)] | None = None
    vastu_score: Score | None = None
    light_score: Score | None = None
    expires_at: Moment | None = None


class NewProperty(PropertyFields):
    """A new property. It starts as a draft unless `state` is `active`."""

    state: Literal["draft", "active"] = "draft"


class StateChange(Shape):
    """Give either `state` or `is_active`."""

    model_config = exemplified(state="sold")

    state: PropertyState | None = None
    is_active: bool | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.state is None) == (self.is_active is None):
            raise PydanticCustomError("one_of_two", "must hold either state or is_active")
        return self


class WriteOptions(Shape):
    wait: Annotated[int, Field(ge=0, le=10)] | None = None
    """Seconds that the response may wait until the change is searchable."""


class Order(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    UPDATED_DESC = "updated_desc"
    UPDATED_ASC = "updated_asc"
    PRICE_DESC = "price_desc"
    PRICE_ASC = "price_asc"
    AREA_DESC = "area_desc"
    AREA_ASC = "area_asc"
    VIEWS_DESC = "views_desc"
    VIEWS_ASC = "views_asc"
    INQUIRIES_DESC = "inquiries_desc"
    INQUIRIES_ASC = "inquiries_asc"


class PropertyList(Paging):
    """Filters for a list of properties; a filter that is left out matches everything.

    Unlike other lists, this one reaches every row by page number: its pages are walked by key.
    """

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    """Each word must begin a word of title, society or external_ref, in any case and order."""
    state: Choices[PropertyState] = ()
    listing_type: ListingType | None = None
    property_type: Choices[PropertyType] = ()
    locality: Choices[Locality] = ()
    bhk: Choices[Bhk] = ()
    price_min: Amount | None = None
    price_max: Annotated[Amount | None, AfterValidator(not_below("price_min"))] = None
    area_min: Annotated[int, Field(ge=0, le=bounds.AREA_SQFT.most)] | None = None
    area_max: Annotated[
        Annotated[int, Field(ge=0, le=bounds.AREA_SQFT.most)] | None, AfterValidator(not_below("area_min"))
    ] = None
    external_ref: Reference | None = None
    has_images: bool | None = None
    created_by: UUID | None = None
    updated_since: Annotated[Moment, WrittenOut] | None = None
    sort: Order = Order.NEWEST


class SearchGiven(Shape):
    search: Annotated[str, Field(max_length=2_500, json_schema_extra=named("search"))] = "{}"
    """A canonical search as JSON; send a longer one in the body."""


class PropertyRow(TypedDict):
    """A property as a row of the admin table."""

    id: UUID
    external_ref: str | None
    title: str
    locality: str
    property_type: str
    listing_type: str
    bhk: float | None
    area_sqft: int
    price: int
    state: str
    version: int
    images: int
    """Number of pictures."""
    enhanced_images: int
    """Number of pictures that have been enhanced."""
    thumbnail_url: str | None
    view_count: int
    inquiry_count: int
    updated_at: datetime


class AdminPicture(Picture):
    property_id: UUID
    display_order: int
    width: int
    height: int


class AdminProperty(TypedDict):
    """A complete property, in any state."""

    id: UUID
    external_ref: str | None
    fingerprint: str | None
    title: str
    description: str
    society: str | None
    locality: str
    sector: str
    latitude: float | None
    longitude: float | None
    location_approximate: bool
    property_type: str
    listing_type: str
    bhk: float | None
    bathrooms: int | None
    balconies: int | None
    area_sqft: int
    area_basis: str
    price: int
    price_per_sqft: int
    furnishing_status: str | None
    floor_number: int | None
    total_floors: int | None
    age_years: int | None
    possession_status: str | None
    facing_direction: str | None
    entrance_direction: str | None
    kitchen_direction: str | None
    master_bedroom_direction: str | None
    pooja_direction: str | None
    toilet_direction: str | None
    balcony_direction: str | None
    open_sides: int | None
    vastu_score: int | None
    vastu_coverage: int | None
    vastu_source: str | None
    vastu_rules_version: int | None
    vastu_set_by: UUID | None
    vastu_set_at: datetime | None
    """The admin who set the score by hand, and when."""
    light_score: int | None
    light_coverage: int | None
    light_source: str | None
    light_set_by: UUID | None
    light_set_at: datetime | None
    state: str
    is_active: bool
    listed_at: datetime
    expires_at: datetime | None
    view_count: int
    inquiry_count: int
    version: int
    revision: int
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    images: list[AdminPicture]
    market: Market | None


class WrittenProperty(AdminProperty):
    searchable: bool | None
    """Whether searches show this revision; null if the request did not wait for it."""


class HistoryEntry(TypedDict):
    """A change of the asking price, or an audit entry."""

    kind: Literal["price", "audit"]
    at: datetime
    actor: str | None
    action: str | None
    request_id: str | None
    changes: dict[str, Any]
    """Field -> [before, after]."""


class RowStanding(TypedDict):
    state: str
    is_active: bool
    revision: int
    version: int


class IndexStanding(TypedDict):
    """The state of the property in the search index; null where there is no value."""

    revision: int | None
    up_to_date: bool
    """Whether the index has the row's revision."""
    oldest_pending_change_age_s: float | None
    """Seconds for which the oldest pending change has been waiting to be indexed."""
    dead_letter: str | None
    """Why the search engine refused the document."""


class FilterVerdict(TypedDict):
    field: str
    value: Any
    """The indexed value; for a filter over several fields, an object with each field's value."""
    wanted: Any
    matches: bool
    """As evaluated by the search engine."""


class Visibility(TypedDict):
    visible: bool
    reason: str | None
    """The first that applies: state, no_index, search_unavailable, dead_letter, not_indexed, or a filter's
    field."""
    detail: str
    row: RowStanding
    index: IndexStanding
    filters: list[FilterVerdict]
    rank: int | None
    """Position in the sort order, from 1; null if the listing is not visible or too far down."""
    page: int | None
