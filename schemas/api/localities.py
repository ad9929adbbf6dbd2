"""The localities of Noida with what is offered there today."""

from typing_extensions import TypedDict

from schemas.api.base import Shape
from schemas.vocabulary import AreaBasis, ListingType, PropertyType


class LocalitiesRequest(Shape):
    """Prices are compared on one kind of home and one area basis only, so the median names both."""

    listing_type: ListingType = ListingType.SALE
    property_type: PropertyType = PropertyType.APARTMENT
    area_basis: AreaBasis = AreaBasis.SUPER


class LocalityFacts(TypedDict):
    locality: str
    sector: str
    latitude: float | None
    longitude: float | None
    count: int
    """Live listings of any type."""
    compared: int
    """Listings behind the figures, of the asked type and area basis, at the last hourly pass."""
    p25_price_per_sqft: int | None
    median_price_per_sqft: int | None
    p75_price_per_sqft: int | None
    """Whole rupees per sqft; null below five listings."""


class Localities(TypedDict):
    items: list[LocalityFacts]
    total: int
    listing_type: ListingType
    property_type: PropertyType
    area_basis: AreaBasis
