"""Inquiries as visitors send them: limited, taken once, and counted on their property.

Locks are taken in one order - the client's address, then phone and listing, then the property's row -
so that no two requests wait for each other. All of it is Postgres: with Redis away nothing changes.
"""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, literal, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.inquiries import InquiryReceipt, NewInquiry
from schemas.errors import NotFound, Quota, TooManyRequests
from schemas.tables import AnalyticsEvent, Inquiry, InquiryEvent, InquiryEventType, Property
from schemas.vocabulary import InquiryStatus

MOST_IN_A_WINDOW = 5
WINDOW = timedelta(hours=1)
QUOTA = Quota("inquiries", MOST_IN_A_WINDOW, 3600)
SAME_LEAD_FOR = timedelta(hours=24)
LONGEST_USER_AGENT = 500
EVENT_TYPE = "inquiry"
"""Without its visit: a lead has a name, and what else the visit looked for is nobody's business."""


@dataclass(frozen=True)
class Sender:
    """Where an inquiry comes from."""

    address: str
    address_key: str
    """What the limit counts by."""
    user_agent: str | None


async def receive(session: AsyncSession, wanted: NewInquiry, sender: Sender) -> InquiryReceipt:
    """Keep the inquiry, or recognise it as one that was made a short while ago.

    Raises:
        NotFound: the property is absent or not live.
        TooManyRequests: five of this address were kept within the hour.
    """
    await _require_live(session, wanted.property_id)
    await _lock(session, f"inquiries of {sender.address_key}")
    known = await _same_lead(session, wanted)
    if known is None:
        await _stay_within_limit(session, sender)
        return await _keep(session, wanted, sender)
    if wanted.message and not await _was_said(session, known, wanted.message):
        await _stay_within_limit(session, sender)
        await _add_message(session, known, wanted, sender)
    return _receipt(known, existing=True)


async def _require_live(session: AsyncSession, property_id: UUID) -> None:
    live = select(Property.id).where(Property.id == property_id, Property.is_active)
    if await session.scalar(live) is None:
        raise NotFound("There is no such listing, or it is no longer offered.")


async def _lock(session: AsyncSession, what: str) -> None:
    """Until the end of the transaction; others wait their turn."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))


async def _stay_within_limit(session: AsyncSession, sender: Sender) -> None:
    """What was kept counts, spam and further messages too; replays and refusals do not."""
    kept = union_all(
        *(
            select(table.created_at).where(
                table.address_key == sender.address_key, table.created_at > func.now() - WINDOW
            )
            for table in (Inquiry, InquiryEvent)
        )
    ).subquery()
    newest = select(kept.c.created_at).order_by(kept.c.created_at.desc()).limit(MOST_IN_A_WINDOW).subquery()
    free_in = func.extract("epoch", func.min(newest.c.created_at) + WINDOW - func.now())
    count, seconds = (await session.execute(select(func.count(), free_in).select_from(newest))).one()
    if count == MOST_IN_A_WINDOW:
        raise TooManyRequests(
            "Five inquiries an hour may come from one address.", max(1, math.ceil(seconds)), QUOTA
        )


async def _same_lead(session: AsyncSession, wanted: NewInquiry) -> Inquiry | None:
    """The lead of this phone on this listing within a day, locked, so that no erasure comes between."""
    if wanted.is_spam:
        return None
    await _lock(session, f"inquiry of {wanted.phone} about {wanted.property_id}")
    return await session.scalar(
        select(Inquiry)
        .where(
            Inquiry.phone == wanted.phone,
            Inquiry.property_id == wanted.property_id,
            ~Inquiry.is_spam,
            Inquiry.created_at > func.now() - SAME_LEAD_FOR,
        )
        .order_by(Inquiry.created_at.desc())
        .limit(1)
        .with_for_update(key_share=True)
    )


async def _keep(session: AsyncSession, wanted: NewInquiry, sender: Sender) -> InquiryReceipt:
    row = insert(Inquiry).values(_columns(wanted, sender)).returning(Inquiry)
    kept = (await session.scalars(row)).one()
    if not wanted.is_spam:
        session.add(AnalyticsEvent(event_type=EVENT_TYPE, property_id=wanted.property_id))
        counted = update(Property).where(Property.id == wanted.property_id)
        await session.execute(counted.values(inquiry_count=Property.inquiry_count + 1))
    return _receipt(kept, existing=False)


def _columns(wanted: NewInquiry, sender: Sender) -> dict[str, Any]:
    said = wanted.model_dump(exclude={"consent", "website"})
    return said | {
        "is_spam": wanted.is_spam,
        "consented_at": func.now(),
        "user_agent": sender.user_agent,
        "ip_address": sender.address,
        "address_key": sender.address_key,
    }


async def _was_said(session: AsyncSession, known: Inquiry, message: str) -> bool:
    earlier = select(literal(value=True)).where(
        InquiryEvent.inquiry_id == known.id,
        InquiryEvent.event_type == InquiryEventType.MESSAGE,
        InquiryEvent.event_data["text"].astext == message,
    )
    return message == known.message or bool(await session.scalar(earlier.limit(1)))


async def _add_message(session: AsyncSession, known: Inquiry, wanted: NewInquiry, sender: Sender) -> None:
    await session.execute(
        insert(InquiryEvent).values(
            inquiry_id=known.id,
            event_type=InquiryEventType.MESSAGE,
            event_data={"text": wanted.message},
            address_key=sender.address_key,
        )
    )
    await session.execute(update(Inquiry).where(Inquiry.id == known.id).values(updated_at=func.now()))


def _receipt(lead: Inquiry, *, existing: bool) -> InquiryReceipt:
    status = InquiryStatus(lead.status)
    return InquiryReceipt(id=lead.id, status=status, existing=existing, created_at=lead.created_at)
