"""The localities of Noida, with current listing counts and prices."""

from typing_extensions import TypedDict

from schemas.api.base import Shape
from schemas.vocabulary import AreaBasis, ListingType, PropertyType


class LocalitiesRequest(Shape):
    """Prices are only comparable for one kind of home and one area basis, so the median is for both."""

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
    """Listings behind the price figures: of the requested type and area basis, at the last hourly pass."""
    p25_price_per_sqft: int | None
    median_price_per_sqft: int | None
    p75_price_per_sqft: int | None
    """Whole rupees per sqft; null with fewer than five listings."""


class Localities(TypedDict):
    items: list[LocalityFacts]
    total: int
    listing_type: ListingType
    property_type: PropertyType
    area_basis: AreaBasis
