"""Societies in the spelling of their sectors."""

from collections.abc import Mapping
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from domain.geography.societies import Spellings, one_spelling, same_society
from schemas.api.admin.properties import PropertyFields
from schemas.tables import Property

Fields = TypeVar("Fields", bound=PropertyFields)


async def spellings_by_locality(
    connection: AsyncConnection | AsyncSession, locality: str | None = None
) -> Mapping[str, Spellings]:
    """Return the spellings in one locality, or in all with a society; the most common spelling wins."""
    query = (
        select(Property.locality, Property.society)
        .group_by(Property.locality, Property.society)
        .order_by(func.count().desc(), Property.society)
    )
    if locality is not None:
        query = query.where(Property.locality == locality)
    known: dict[str, list[str]] = {}
    for place, society in await connection.execute(query):
        if society is not None:
            known.setdefault(place, []).append(society)
    return {place: Spellings(names) for place, names in known.items()}


async def with_usual_spelling(session: AsyncSession, wanted: Fields, row: Property | None = None) -> Fields:
    """Return the fields with the society as its sector spells it; a respelling by an editor is kept."""
    name, held = wanted.society, None if row is None else row.society
    if name is None or name == held:
        return wanted
    if held is not None and same_society(name, held):
        society = one_spelling(name)
    else:
        known = await spellings_by_locality(session, wanted.locality)
        society = known.get(wanted.locality, Spellings()).of(name)
    return wanted.model_copy(update={"society": society})
