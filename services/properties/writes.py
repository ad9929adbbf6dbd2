"""Create, replace and change properties, with an audit row and never over another editor's change."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.states.listing_state import worded
from schemas.api.admin.properties import NewProperty, PropertyFields
from schemas.errors import Conflict, FieldError, InvalidRequest
from schemas.tables import Property
from services.audit import Actor, changes_between, record
from services.properties.fields import columns_of, fields_of, is_changed, provenance, without_derived_values
from services.properties.rows import BY_ID, ExpectedVersions, check_version, find, lock
from services.properties.societies import with_usual_spelling

ENTITY = "property"


@dataclass(frozen=True)
class Edit:
    """An editor's change to a property that may have changed in between."""

    given: Mapping[str, Any]
    """The fields as sent, as JSON values."""
    apply: Callable[[Mapping[str, Any]], PropertyFields]
    """Returns the new fields for the current fields; raises InvalidRequest if that is impossible."""


async def create(session: AsyncSession, actor: Actor, new: NewProperty) -> Property:
    """Add a property.

    Raises:
        Conflict: another property has its `external_ref`.
        InvalidRequest: its reference has the prefix that is reserved for exports.
    """
    new = await with_usual_spelling(session, new)
    columns = columns_of(new) | provenance(actor.id, None, new) | {"state": new.state, "created_by": actor.id}
    async with _own_reference(session, new.external_ref):
        key = await session.scalar(insert(Property).values(**columns).returning(Property.id))
    stated = {name: value for name, value in columns.items() if value is not None}
    await record(
        session,
        actor,
        "property.create",
        entity_type=ENTITY,
        entity_id=key,
        changes=changes_between({}, stated),
    )
    return await find(session, str(key))


async def change(
    session: AsyncSession, actor: Actor, property_id: str, expected: ExpectedVersions, edit: Edit
) -> Property:
    """Apply an edit; an edit that changes nothing is a no-op.

    Raises:
        NotFound: there is no such property.
        PreconditionFailed: it was changed by another request first.
        Conflict: another property has its new `external_ref`.
        InvalidRequest: its new reference has the prefix that is reserved for exports.
    """
    row = await lock(session, property_id)
    held = fields_of(row)
    check_version(row, expected, edit.given, held)
    wanted = await with_usual_spelling(session, without_derived_values(row, edit.apply(held)), row)
    if is_changed(row, wanted):
        moved = wanted.external_ref != row.external_ref
        async with _own_reference(session, wanted.external_ref if moved else None):
            columns = columns_of(wanted) | provenance(actor.id, row, wanted)
            await write(session, actor, "property.update", row, columns)
    return await find(session, property_id)


async def write(
    session: AsyncSession, actor: Actor, action: str, row: Property, columns: Mapping[str, Any]
) -> None:
    """Write the differing columns of a locked row as its next version, and audit them."""
    changes = changes_between({name: getattr(row, name) for name in columns}, columns)
    news = {name: after for name, (_, after) in changes.items()}
    await session.execute(
        update(Property)
        .where(Property.id == row.id)
        .values(**news, version=row.version + 1)
        .execution_options(synchronize_session=False)
    )
    await record(session, actor, action, entity_type=ENTITY, entity_id=row.id, changes=changes)


@asynccontextmanager
async def _own_reference(session: AsyncSession, reference: str | None) -> AsyncIterator[None]:
    """Raise a Conflict that names both if another property has the reference, even if just added."""
    if reference is None:
        yield
        return
    if reference.startswith(BY_ID):
        what = f"begins with {BY_ID}, by which exports name properties without a reference"
        raise InvalidRequest(
            "One field is invalid.", (FieldError("#/external_ref", "body", "reserved", what),)
        )
    try:
        async with session.begin_nested():
            yield
    except IntegrityError as refusal:
        named = select(Property.id, Property.state).where(Property.external_ref == reference)
        holder = (await session.execute(named)).one_or_none()
        if holder is None:
            raise
        whose = f"the property {holder.id}, which is {worded(holder.state)}"
        raise Conflict(
            f"The reference {reference!r} belongs to {whose}.",
            (FieldError("#/external_ref", "body", "taken", "belongs to another property"),),
            members={"external_ref": reference, "property_id": holder.id, "state": holder.state},
        ) from refusal
