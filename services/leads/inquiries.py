"""Inquiries from visitors: rate limited, deduplicated, and counted on their property.

Locks are taken in one order - the client's address, then phone and listing, then the property's row -
to prevent deadlocks. All of this is in Postgres, so an outage of Redis has no effect.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.states.inquiry_flow import when_asked_again
from schemas.api.inquiries import InquiryReceipt, NewInquiry
from schemas.errors import Quota, TooManyRequests
from schemas.tables import AnalyticsEvent, Inquiry, InquiryEvent, InquiryEventType, Property
from schemas.vocabulary import InquiryStatus, InquiryType
from services.properties.live import no_such_listing

MOST_IN_A_WINDOW = 5
WINDOW = timedelta(hours=1)
QUOTA = Quota("inquiries", MOST_IN_A_WINDOW, 3600)
SAME_LEAD_FOR = timedelta(hours=24)
LONGEST_USER_AGENT = 500
EVENT_TYPE = "inquiry"
"""Recorded without the session, because a lead has a name and must not be linked to other searches."""

STATED_FIELDS = {"full_name", "email", "message", "inquiry_type", "preferred_contact_time", "source"}
UNTOUCHED_VALUES = (None, "", InquiryType.GENERAL)
"""Values that a form sends for an untouched field."""


@dataclass(frozen=True)
class Sender:
    """Where an inquiry comes from."""

    address: str
    address_key: str
    """The key of the rate limit."""
    user_agent: str | None


@dataclass(frozen=True)
class Received:
    receipt: InquiryReceipt
    lead_id: UUID
    is_new: bool


async def receive(session: AsyncSession, wanted: NewInquiry, sender: Sender) -> Received:
    """Store the inquiry as a new lead, or add it to the same phone's lead on this listing within a day.

    The receipt does not reveal which, so that it cannot tell whether a phone number has inquired before.

    Raises:
        NotFound: the property does not exist or is not live.
        TooManyRequests: five inquiries from this address were stored within the last hour.
    """
    await _require_live(session, wanted.property_id)
    await _lock(session, f"inquiries of {sender.address_key}")
    await _stay_within_limit(session, sender)
    known = await _same_lead(session, wanted)
    if known is None:
        return await _add_lead(session, wanted, sender)
    return await _add_to_lead(session, known, wanted, sender)


async def _require_live(session: AsyncSession, property_id: UUID) -> None:
    live = select(Property.id).where(Property.id == property_id, Property.is_active)
    if await session.scalar(live) is None:
        raise no_such_listing()


async def _lock(session: AsyncSession, what: str) -> None:
    """Take an advisory lock until the end of the transaction; other requests wait for it."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))


async def _stay_within_limit(session: AsyncSession, sender: Sender) -> None:
    """Count stored inquiries, including spam and repeated ones; replays and refusals do not count."""
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
    """Return this phone's lead on this listing within a day, unless it is won; lock it against erasure."""
    if wanted.is_spam:
        return None
    await _lock(session, f"inquiry of {wanted.phone} about {wanted.property_id}")
    return await session.scalar(
        select(Inquiry)
        .where(
            Inquiry.phone == wanted.phone,
            Inquiry.property_id == wanted.property_id,
            ~Inquiry.is_spam,
            Inquiry.status != InquiryStatus.CONVERTED,
            Inquiry.created_at > func.now() - SAME_LEAD_FOR,
        )
        .order_by(Inquiry.created_at.desc())
        .limit(1)
        .with_for_update(key_share=True)
    )


async def _add_lead(session: AsyncSession, wanted: NewInquiry, sender: Sender) -> Received:
    row = insert(Inquiry).values(_columns(wanted, sender)).returning(Inquiry.id, Inquiry.created_at)
    lead_id, created_at = (await session.execute(row)).one()
    if not wanted.is_spam:
        session.add(AnalyticsEvent(event_type=EVENT_TYPE, property_id=wanted.property_id))
        await count_inquiry(session, wanted.property_id, 1)
    return Received(_receipt(lead_id, created_at), lead_id, is_new=True)


async def count_inquiry(session: AsyncSession, property_id: UUID, by: int) -> None:
    """Change the property's count of inquiries; `by` is 1, or -1 for an inquiry now marked as spam."""
    count = func.greatest(Property.inquiry_count + by, 0)
    await session.execute(update(Property).where(Property.id == property_id).values(inquiry_count=count))


def _columns(wanted: NewInquiry, sender: Sender) -> dict[str, Any]:
    said = wanted.model_dump(exclude={"consent", "left_blank", "website"})
    return said | {
        "is_spam": wanted.is_spam,
        "consented_at": func.now(),
        "user_agent": sender.user_agent,
        "ip_address": sender.address,
        "address_key": sender.address_key,
    }


async def _add_to_lead(session: AsyncSession, known: Inquiry, wanted: NewInquiry, sender: Sender) -> Received:
    """Add what is new as an event and to empty fields of the lead; the newer consent replaces the older."""
    news = _new_values(known, wanted)
    kept = insert(InquiryEvent).values(
        inquiry_id=known.id,
        event_type=InquiryEventType.MESSAGE,
        event_data={"text": news.get("message", "")} | _details(news, known, wanted),
        address_key=sender.address_key,
    )
    request_id = func.uuidv7(type_=InquiryEvent.inquiry_id.type)
    receipt = (await session.execute(kept.returning(request_id, InquiryEvent.created_at))).one()
    changed: dict[str, Any] = {
        name: said for name, said in news.items() if getattr(known, name) in UNTOUCHED_VALUES
    }
    changed |= {"consent_text_version": wanted.consent_text_version, "consented_at": func.now()}
    changed |= {"updated_at": func.now()} | await _reopen(session, known)
    await session.execute(update(Inquiry).where(Inquiry.id == known.id).values(changed))
    return Received(_receipt(*receipt), known.id, is_new=False)


def _new_values(known: Inquiry, wanted: NewInquiry) -> dict[str, Any]:
    """Return the fields that the visitor states and that differ from the lead."""
    said = wanted.model_dump(mode="json", include=STATED_FIELDS)
    return {
        name: value
        for name, value in said.items()
        if value not in UNTOUCHED_VALUES and value != getattr(known, name)
    }


def _details(news: dict[str, Any], known: Inquiry, wanted: NewInquiry) -> dict[str, Any]:
    """Return all new fields but the message, and the old and new version of the consent if they differ."""
    versions = known.consent_text_version, wanted.consent_text_version
    consent = {"consent_text_version": {"from": versions[0], "to": versions[1]}}
    others = {name: value for name, value in news.items() if name != "message"}
    return others | (consent if versions[0] != versions[1] else {})


async def _reopen(session: AsyncSession, known: Inquiry) -> dict[str, Any]:
    """Return the columns that reopen a lost lead, and add an event; empty if the lead is not lost."""
    before = InquiryStatus(known.status)
    now = when_asked_again(before)
    if now is before:
        return {}
    happened = {"from": before, "to": now}
    moved = InquiryEvent(inquiry_id=known.id, event_type=InquiryEventType.STATUS, event_data=happened)
    session.add(moved)
    return {"status": now, "lost_reason": None}


def _receipt(request_id: UUID, created_at: datetime) -> InquiryReceipt:
    return InquiryReceipt(id=request_id, status=InquiryStatus.NEW, created_at=created_at)
