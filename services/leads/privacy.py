"""Personal data: exported and erased on request, and purged after its retention time."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from operator import add
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, delete, func, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.admin.privacy import ErasureReceipt, PersonalData
from schemas.api.inquiries import ErasureReason
from schemas.settings import Settings
from schemas.tables import AuditRow, IdempotencyKey, Inquiry, InquiryEvent, InquiryEventType
from schemas.tables.inquiries import ERASED
from services.audit import Actor, record
from services.idempotency import KEY_LIFETIME
from services.leads.handling import no_such_lead

BATCH = 1_000
RETENTION = Actor(id=None, name="retention")
NOTHING_LEFT = literal({"erased": True}, InquiryEvent.event_data.type)

PERSONAL = (
    "full_name", "email", "phone", "preferred_contact_time", "source", "user_agent", "ip_address",
    "address_key",
)  # fmt: skip
HELD = (
    *(column for column in Inquiry.__table__.c if column.name not in {"search", "ip_address"}),
    func.host(Inquiry.ip_address).label("ip_address"),
)
HELD_KEYS = (
    IdempotencyKey.scope,
    IdempotencyKey.key,
    IdempotencyKey.status,
    func.convert_from(IdempotencyKey.response, "UTF8").label("response"),
    IdempotencyKey.created_at,
)


async def export_person(session: AsyncSession, actor: Actor, inquiry_id: UUID) -> PersonalData:
    """Return all data held about the person with this lead's phone or email; the export is audited."""
    ids = await _leads_of_the_person(session, inquiry_id)
    await record(session, actor, "inquiry.export", entity_type="inquiry", entity_id=inquiry_id)
    events, audit = InquiryEvent.__table__.c, AuditRow.__table__.c
    about = (audit.entity_type == "inquiry", audit.entity_id.in_([str(found) for found in ids]))
    return PersonalData(
        inquiries=await _rows(session, select(*HELD).where(Inquiry.id.in_(ids)).order_by(Inquiry.id)),
        events=await _rows(session, select(*events).where(events.inquiry_id.in_(ids)).order_by(events.id)),
        idempotency_keys=await _rows(session, select(*HELD_KEYS).where(IdempotencyKey.entity_id.in_(ids))),
        audit=await _rows(session, select(*audit).where(*about).order_by(audit.id)),
    )


async def _rows(session: AsyncSession, query: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in (await session.execute(query)).mappings()]


async def _leads_of_the_person(session: AsyncSession, inquiry_id: UUID) -> Sequence[UUID]:
    """Lock and return this lead and all others with its phone or email; an erased lead has no others."""
    contact = select(Inquiry.phone, func.lower(Inquiry.email)).where(Inquiry.id == inquiry_id)
    found = (await session.execute(contact)).one_or_none()
    if found is None:
        raise no_such_lead()
    phone, email = found
    same = [Inquiry.id == inquiry_id]
    if phone is not None:  # a comparison with None would match all leads without a phone
        same.append(Inquiry.phone == phone)
    if email is not None:
        same.append(func.lower(Inquiry.email) == email)
    return (
        await session.scalars(select(Inquiry.id).where(or_(*same)).order_by(Inquiry.id).with_for_update())
    ).all()


async def erase_person(
    session: AsyncSession, actor: Actor, inquiry_id: UUID, reason: ErasureReason
) -> ErasureReceipt:
    """Erase what `export_person` shows; the rows stay for counts, without personal data."""
    ids = await _leads_of_the_person(session, inquiry_id)
    erased = await _erase(session, ids)
    for lead in erased:
        changes = {"reason": (None, reason)}
        await record(session, actor, "inquiry.erase", entity_type="inquiry", entity_id=lead, changes=changes)
    return ErasureReceipt(erased=erased, reason=reason)


async def _erase(session: AsyncSession, ids: Sequence[UUID]) -> list[UUID]:
    """Erase leads and return the newly erased ones; their dates, property and status remain."""
    nothing = dict.fromkeys(PERSONAL)
    reason = case((Inquiry.lost_reason.is_not(None), ERASED))  # a constraint requires one for a lost lead
    erasing = (
        update(Inquiry)
        .where(Inquiry.id.in_(ids), Inquiry.erased_at.is_(None))
        .values(**nothing, message="", lost_reason=reason, erased_at=func.now())
        .returning(Inquiry.id)
    )
    erased = list(await session.scalars(erasing))
    await session.execute(
        update(InquiryEvent)
        .where(InquiryEvent.inquiry_id.in_(erased))
        .values(event_data=case((_has_free_text(), NOTHING_LEFT), else_=InquiryEvent.event_data))
        .values(address_key=None)
    )
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.entity_id.in_(erased)))
    return erased


def _has_free_text() -> ColumnElement[bool]:
    free_text = (InquiryEventType.NOTE, InquiryEventType.MESSAGE)
    return or_(InquiryEvent.event_type.in_(free_text), InquiryEvent.event_data.has_key("lost_reason"))


@dataclass(frozen=True)
class Purged:
    """The numbers of removed records."""

    leads: int = 0
    addresses: int = 0
    keys: int = 0

    def __add__(self, other: "Purged") -> "Purged":
        return Purged(*map(add, astuple(self), astuple(other)))

    @property
    def more(self) -> bool:
        """Whether there may be another batch after this one."""
        return any(count >= BATCH for count in astuple(self))


async def purge(session: AsyncSession, settings: Settings, now: datetime) -> Purged:
    """Erase one batch of all data past its retention time; call and commit until `more` is false."""
    purged = Purged(
        leads=await _purge_leads(session, now - timedelta(days=settings.inquiry_retention_days)),
        addresses=await _purge_addresses(session, now - timedelta(days=settings.address_retention_days)),
        keys=await _purge_keys(session, now - KEY_LIFETIME),
    )
    if purged.leads:
        changes = {"leads": (None, purged.leads)}
        await record(
            session, RETENTION, "inquiry.purge", entity_type="inquiry", entity_id="*", changes=changes
        )
    return purged


async def _purge_leads(session: AsyncSession, before: datetime) -> int:
    """Erase leads not updated since `before`; locked ones are skipped until the next run."""
    stale = (Inquiry.updated_at < before, Inquiry.erased_at.is_(None))
    batch = select(Inquiry.id).where(*stale).order_by(Inquiry.updated_at).limit(BATCH)
    ids = (await session.scalars(batch.with_for_update(skip_locked=True))).all()
    return len(await _erase(session, ids))


async def _purge_addresses(session: AsyncSession, before: datetime) -> int:
    known = or_(Inquiry.ip_address.is_not(None), Inquiry.address_key.is_not(None))
    leads = select(Inquiry.id).where(known, Inquiry.created_at < before).limit(BATCH)
    said = (InquiryEvent.address_key.is_not(None), InquiryEvent.created_at < before)
    events = select(InquiryEvent.id).where(*said).limit(BATCH)
    of_leads = await session.scalars(
        update(Inquiry)
        .where(Inquiry.id.in_(leads.with_for_update(skip_locked=True)))
        .values(ip_address=None, address_key=None)
        .returning(Inquiry.id)
    )
    of_events = await session.scalars(
        update(InquiryEvent)
        .where(InquiryEvent.id.in_(events))
        .values(address_key=None)
        .returning(InquiryEvent.id)
    )
    return len(of_leads.all()) + len(of_events.all())


async def _purge_keys(session: AsyncSession, before: datetime) -> int:
    key = (IdempotencyKey.scope, IdempotencyKey.key)
    old = select(*key).where(IdempotencyKey.created_at < before).limit(BATCH)
    gone = delete(IdempotencyKey).where(tuple_(*key).in_(old)).returning(IdempotencyKey.key)
    return len((await session.scalars(gone)).all())
