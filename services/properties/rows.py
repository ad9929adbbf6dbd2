"""Property rows: find, lock for a change, show in full."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from domain.bedrooms import bhk_number
from domain.ids import read_id
from schemas.api.admin.properties import AdminProperty
from schemas.errors import NotFound, PreconditionFailed
from schemas.tables import Property
from services.images.views import admin_picture
from services.market import market_answer

ExpectedVersions = frozenset[int] | None
"""Versions on which an editor bases a change; None for any."""

BY_ID = "id:"
"""Prefix of the reference that an export gives to a property without one."""

VIEW_COLUMNS = tuple(
    column.key for column in Property.__table__.columns if column.key in AdminProperty.__annotations__
)


async def find(session: AsyncSession, property_id: str) -> Property:
    """Return the property in any state, with images and market; raises NotFound, also for an invalid id."""
    whole = _by_id(property_id).options(selectinload(Property.images), selectinload(Property.market))
    return await _one(session, whole)


async def lock(session: AsyncSession, property_id: str) -> Property:
    """Return the property, locked against other editors until the transaction ends."""
    return await _one(session, _by_id(property_id).with_for_update(key_share=True))


def _by_id(property_id: str) -> Select[Property]:
    return (
        select(Property).where(Property.id == key_of(property_id)).execution_options(populate_existing=True)
    )


async def _one(session: AsyncSession, query: Select[Property]) -> Property:
    found = await session.scalar(query)
    if found is None:
        raise NotFound("There is no such property.")
    return found


def key_of(property_id: str) -> UUID:
    key = read_id(property_id)
    if key is None:
        raise NotFound("There is no such property.")
    return key


def etag_of(row: Property) -> str:
    return f'"{row.version}"'


def check_version(
    row: Property, expected: ExpectedVersions, given: Mapping[str, Any], held: Mapping[str, Any]
) -> None:
    """Refuse a change that is based on another version.

    Args:
        row: the current row.
        expected: the versions that the editor has seen.
        given: the fields that the editor sends, as JSON.
        held: the current values of the fields, as an editor would send them.

    Raises:
        PreconditionFailed: the version is another one; contains the fields that differ.
    """
    if expected is None or row.version in expected:
        return
    differing = {
        name: {"yours": value, "current": to_jsonable_python(getattr(row, name))}
        for name, value in given.items()
        if name in held and value not in to_jsonable_python([held[name], getattr(row, name)])
    }
    raise PreconditionFailed(
        f"This property is at version {row.version} now.",
        headers={"etag": etag_of(row)},
        members={"current_version": row.version, "differing": differing},
    )


def view(row: Property) -> AdminProperty:
    shown: dict[str, Any] = {column: getattr(row, column) for column in VIEW_COLUMNS}
    shown["bhk"] = None if row.bhk is None else bhk_number(str(row.bhk))
    shown["images"] = [admin_picture(image) for image in row.images]
    shown["market"] = None if row.market is None else market_answer(row.market)
    return cast("AdminProperty", shown)
