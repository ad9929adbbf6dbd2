"""Leads for admins: view in full, move, assign, note, mark as spam. Views and changes are audited.

Moves, assignments and notes are also events of the lead.
"""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.states.inquiry_flow import allowed_from, may_move
from schemas.api.inquiries import (
    Assignment,
    InquiredProperty,
    InquiryEventView,
    InquiryView,
    Note,
    SpamMark,
    StatusChange,
)
from schemas.errors import Conflict, FieldError, InvalidRequest, NotFound
from schemas.tables import Inquiry, InquiryEvent, InquiryEventType, Property, User
from schemas.vocabulary import InquiryStatus
from services.audit import Actor, record
from services.leads.inquiries import count_inquiry
from services.leads.lists import person

SHOWN = (
    "id", "full_name", "phone", "email", "message", "preferred_contact_time", "inquiry_type", "status",
    "lost_reason", "is_spam", "source", "user_agent", "consent_text_version", "consented_at", "created_at",
    "updated_at", "first_contacted_at", "first_contact_s", "erased_at",
)  # fmt: skip

ENDS = ("from", "to")


async def view_lead(session: AsyncSession, actor: Actor, inquiry_id: UUID) -> InquiryView:
    """Return the full lead for any answer that shows one; the audit records who saw its contact data."""
    query = (
        select(Inquiry, Property, User.full_name)
        .join(Property, Property.id == Inquiry.property_id)
        .outerjoin(User, User.id == Inquiry.assigned_to)
        .where(Inquiry.id == inquiry_id)
        .execution_options(populate_existing=True)
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise no_such_lead()
    lead, listing, colleague = found
    shown: dict[str, Any] = {column: getattr(lead, column) for column in SHOWN}
    shown["property"] = _summary(listing)
    shown["allowed"] = allowed_from(InquiryStatus(lead.status))
    shown["ip_address"] = None if lead.ip_address is None else str(lead.ip_address)
    shown["assigned_to"] = person(lead.assigned_to, colleague)
    shown["events"] = await _events(session, inquiry_id)
    await _audit(session, actor, "view", inquiry_id)
    return cast("InquiryView", shown)


def _summary(listing: Property) -> InquiredProperty:
    return InquiredProperty(
        id=listing.id,
        title=listing.title,
        locality=listing.locality,
        state=listing.state,
        price=listing.price,
        listing_type=listing.listing_type,
    )


async def _events(session: AsyncSession, inquiry_id: UUID) -> list[InquiryEventView]:
    query = (
        select(InquiryEvent, User.full_name)
        .outerjoin(User, User.id == InquiryEvent.actor_id)
        .where(InquiryEvent.inquiry_id == inquiry_id)
        .order_by(InquiryEvent.id)
    )
    events = [_event(event, name) for event, name in await session.execute(query)]
    return await _with_names(session, events)


async def _with_names(session: AsyncSession, events: list[InquiryEventView]) -> list[InquiryEventView]:
    """Add the current names of the accounts to assignment events."""
    given = [event for event in events if event["event_type"] == InquiryEventType.ASSIGNMENT]
    ids = {UUID(event["event_data"][end]) for event in given for end in ENDS if event["event_data"].get(end)}
    if ids:
        rows = await session.execute(select(User.id, User.full_name).where(User.id.in_(ids)))
        names = {str(user_id): name for user_id, name in rows}
        for event in given:
            data = event["event_data"]
            event["event_data"] = data | {f"{end}_name": names.get(data.get(end) or "") for end in ENDS}
    return events


def _event(event: InquiryEvent, actor_name: str | None) -> InquiryEventView:
    return InquiryEventView(
        id=event.id,
        event_type=event.event_type,
        event_data=event.event_data,
        actor=person(event.actor_id, actor_name),
        created_at=event.created_at,
    )


def no_such_lead() -> NotFound:
    return NotFound("There is no such inquiry.")


async def move_lead(
    session: AsyncSession, actor: Actor, inquiry_id: UUID, wanted: StatusChange
) -> InquiryView:
    """Change the lead's status; no-op if it already has it.

    Raises:
        Conflict: the status cannot change like this; `allowed` lists the possible ones.
    """
    lead = await _lead_now(session, inquiry_id)
    if not _is_there(lead, wanted) and not await _moved(session, actor, lead, wanted):
        lead = await _lead_now(session, inquiry_id)  # another request moved it in between
        if not _is_there(lead, wanted):
            raise _illegal(lead, wanted)
    return await view_lead(session, actor, inquiry_id)


async def _lead_now(session: AsyncSession, inquiry_id: UUID) -> Any:
    columns = ("id", "status", "lost_reason", "assigned_to", "is_spam", "property_id", "erased_at")
    known = select(*(getattr(Inquiry, name) for name in columns))
    lead = (await session.execute(known.where(Inquiry.id == inquiry_id))).one_or_none()
    if lead is None:
        raise no_such_lead()
    if lead.erased_at is not None:
        raise Conflict("This lead was erased; there is nobody left to work with.")
    return lead


def _is_there(lead: Any, wanted: StatusChange) -> bool:
    return bool((lead.status, lead.lost_reason) == (wanted.status, wanted.lost_reason))


def _illegal(lead: Any, wanted: StatusChange) -> Conflict:
    allowed = [str(status) for status in allowed_from(InquiryStatus(lead.status))]
    moves = " or ".join(allowed) or "nowhere"
    said = f"A lead that is {lead.status} moves to {moves}, not to {wanted.status}."
    return Conflict(said, members={"current": str(lead.status), "allowed": allowed})


async def _moved(session: AsyncSession, actor: Actor, lead: Any, wanted: StatusChange) -> bool:
    """Compare and set: of two admins who read the same status, only one can change it."""
    if not may_move(InquiryStatus(lead.status), wanted.status):
        raise _illegal(lead, wanted)
    changed: dict[str, Any] = {
        "status": wanted.status,
        "lost_reason": wanted.lost_reason,
        "updated_at": func.now(),
    }
    if wanted.status is InquiryStatus.CONTACTED:
        first = Inquiry.first_contacted_at.is_(None)  # a reopened lead keeps its first contact
        now = func.greatest(func.now(), Inquiry.created_at)
        changed["first_contacted_at"] = case((first, now), else_=Inquiry.first_contacted_at)
        changed["first_contacted_by"] = case((first, actor.id), else_=Inquiry.first_contacted_by)
    unchanged = (Inquiry.id == lead.id, Inquiry.status == lead.status, Inquiry.erased_at.is_(None))
    moved = await session.scalar(update(Inquiry).where(*unchanged).values(changed).returning(Inquiry.id))
    if moved is None:
        return False
    happened = {"from": lead.status, "to": wanted.status, "lost_reason": wanted.lost_reason}
    known = {name: value for name, value in happened.items() if value is not None}
    await _add_event(session, actor, lead.id, InquiryEventType.STATUS, known)
    await _audit(session, actor, "status", lead.id, status=(lead.status, wanted.status))
    return True


async def assign_lead(
    session: AsyncSession, actor: Actor, inquiry_id: UUID, wanted: Assignment
) -> InquiryView:
    """Assign or unassign the lead; no-op if it is already assigned to that user."""
    await _lock_lead(session, inquiry_id)
    lead = await _lead_now(session, inquiry_id)
    if lead.assigned_to != wanted.assigned_to:
        await _require_active(session, wanted.assigned_to)
        changed = {"assigned_to": wanted.assigned_to, "updated_at": func.now()}
        await session.execute(update(Inquiry).where(Inquiry.id == inquiry_id).values(changed))
        happened = {"from": lead.assigned_to, "to": wanted.assigned_to}
        await _add_event(session, actor, inquiry_id, InquiryEventType.ASSIGNMENT, happened)
        await _audit(
            session, actor, "assignment", inquiry_id, assigned_to=(lead.assigned_to, wanted.assigned_to)
        )
    return await view_lead(session, actor, inquiry_id)


async def _require_active(session: AsyncSession, user_id: UUID | None) -> None:
    """Lock the account until the commit, so that it is not deactivated while it gets a lead."""
    active = select(User.id).where(User.id == user_id, User.is_active).with_for_update(read=True)
    if user_id is not None and await session.scalar(active) is None:
        wrong = FieldError("#/assigned_to", "body", "not_an_active_admin", "is not the id of an active admin")
        raise InvalidRequest("One field is invalid.", (wrong,))


async def mark_spam(session: AsyncSession, actor: Actor, inquiry_id: UUID, wanted: SpamMark) -> InquiryView:
    """Mark the lead as spam or not; the property's count of inquiries is adjusted."""
    await _lock_lead(session, inquiry_id)
    lead = await _lead_now(session, inquiry_id)
    if lead.is_spam != wanted.is_spam:
        changed = {"is_spam": wanted.is_spam, "updated_at": func.now()}
        await session.execute(update(Inquiry).where(Inquiry.id == inquiry_id).values(changed))
        await count_inquiry(session, lead.property_id, -1 if wanted.is_spam else 1)
        await _audit(session, actor, "spam", inquiry_id, is_spam=(lead.is_spam, wanted.is_spam))
    return await view_lead(session, actor, inquiry_id)


async def add_note(session: AsyncSession, actor: Actor, inquiry_id: UUID, note: Note) -> InquiryEventView:
    await _lock_lead(session, inquiry_id)
    await _lead_now(session, inquiry_id)
    event = await _add_event(session, actor, inquiry_id, InquiryEventType.NOTE, {"text": note.text})
    await session.execute(update(Inquiry).where(Inquiry.id == inquiry_id).values(updated_at=func.now()))
    await _audit(session, actor, "note", inquiry_id)
    name = await session.scalar(select(User.full_name).where(User.id == actor.id))
    return _event(event, name)


async def _lock_lead(session: AsyncSession, inquiry_id: UUID) -> None:
    """Lock until the commit, so that nothing is written to a lead that is being erased."""
    await session.execute(select(Inquiry.id).where(Inquiry.id == inquiry_id).with_for_update(key_share=True))


async def _add_event(
    session: AsyncSession,
    actor: Actor,
    inquiry_id: UUID,
    event_type: InquiryEventType,
    event_data: dict[str, Any],
) -> InquiryEvent:
    event = {
        "inquiry_id": inquiry_id, "event_type": event_type, "event_data": event_data, "actor_id": actor.id
    }  # fmt: skip
    return (await session.scalars(insert(InquiryEvent).values(event).returning(InquiryEvent))).one()


async def _audit(session: AsyncSession, actor: Actor, what: str, inquiry_id: UUID, **changes: Any) -> None:
    """Add an audit row without free text, which stays with the lead, where an erasure finds it."""
    await record(
        session, actor, f"inquiry.{what}", entity_type="inquiry", entity_id=inquiry_id, changes=changes
    )
