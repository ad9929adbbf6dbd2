"""Export all properties as CSV, row by row from one snapshot."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Select, case, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.api.base import Choices, Locality, Shape
from schemas.tables import Property
from schemas.vocabulary import AreaBasis, ListingType, PropertyState
from services.properties.rows import BY_ID
from services.sheets import begin_snapshot, sheet

SLOWEST_FETCH_MS = 10_000


class ExportRequest(Shape):
    state: Choices[PropertyState] = ()
    listing_type: ListingType | None = None
    locality: Choices[Locality] = ()


def _area_of_basis(basis: AreaBasis) -> Any:
    return case((Property.area_basis == basis, Property.area_sqft))


def _own_coordinate(coordinate: Any) -> Any:
    """Leave the coordinate empty if it is only the sector's centre, so that an import fills it in again."""
    return case((~Property.location_approximate, coordinate))


COLUMNS: dict[str, Any] = {
    "external_ref": func.coalesce(Property.external_ref, func.concat(BY_ID, Property.id)),
    "title": Property.title,
    "description": Property.description,
    "society": Property.society,
    "locality": Property.locality,
    "latitude": _own_coordinate(Property.latitude),
    "longitude": _own_coordinate(Property.longitude),
    "property_type": Property.property_type,
    "listing_type": Property.listing_type,
    "bhk": Property.bhk,
    "bathrooms": Property.bathrooms,
    "balconies": Property.balconies,
    "carpet_area_sqft": _area_of_basis(AreaBasis.CARPET),
    "built_up_area_sqft": _area_of_basis(AreaBasis.BUILT_UP),
    "super_area_sqft": _area_of_basis(AreaBasis.SUPER),
    "price": Property.price,
    "furnishing_status": Property.furnishing_status,
    "floor_number": Property.floor_number,
    "total_floors": Property.total_floors,
    "age_years": Property.age_years,
    "possession_status": Property.possession_status,
    "facing_direction": Property.facing_direction,
    "entrance_direction": Property.entrance_direction,
    "kitchen_direction": Property.kitchen_direction,
    "master_bedroom_direction": Property.master_bedroom_direction,
    "pooja_direction": Property.pooja_direction,
    "toilet_direction": Property.toilet_direction,
    "balcony_direction": Property.balcony_direction,
    "open_sides": Property.open_sides,
    "state": Property.state,
    "price_per_sqft": Property.price_per_sqft,
}
"""The columns of the import mapping `casabricks`, and two that an import does not read."""


async def export_properties(engine: AsyncEngine, wanted: ExportRequest) -> AsyncIterator[str]:
    """Yield CSV in pieces, header first; the snapshot ends with the last piece or when reading stops."""
    async with engine.connect() as connection:
        await begin_snapshot(connection)
        await connection.execute(text(f"SET LOCAL statement_timeout = {SLOWEST_FETCH_MS}"))
        async for piece in sheet(connection, COLUMNS, _chosen(wanted)):
            yield piece


def _chosen(wanted: ExportRequest) -> Select[*tuple[Any, ...]]:
    query = select(*(column.label(name) for name, column in COLUMNS.items())).order_by(Property.id)
    if wanted.state:
        query = query.where(Property.state.in_(wanted.state))
    if wanted.listing_type is not None:
        query = query.where(Property.listing_type == wanted.listing_type)
    if wanted.locality:
        query = query.where(Property.locality.in_(wanted.locality))
    return query
