"""Statistics of leads: counts by status and by day, and the waiting times for a first contact."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.states.inquiry_flow import OPEN
from schemas.api.admin.analytics import AdminFirstContact, DayCount, FirstContact, InquirySummary
from schemas.tables import Inquiry, InquiryCount, User
from schemas.vocabulary import InquiryStatus
from services.leads.lists import person


async def summarise_leads(session: AsyncSession, since: date, until: date) -> InquirySummary:
    """Summarize the days from `since` to `until`, both included, in UTC; spam is counted separately."""
    by_status = await _sums(session, InquiryCount.status, since, until)
    by_day = await _sums(session, InquiryCount.day, since, until)
    days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    return InquirySummary(
        total=sum(by_day.values()),
        by_status={str(status): by_status.get(status, 0) for status in InquiryStatus},
        by_day=[DayCount(day=day, count=by_day.get(day, 0)) for day in days],
        spam=sum((await _sums(session, InquiryCount.day, since, until, spam=True)).values()),
        of_inactive=await count_open(session, select(User.id).where(~User.is_active)),
        first_contact=await _first_contact(session, since, until),
    )


async def _sums(
    session: AsyncSession, column: Any, since: date, until: date, *, spam: bool = False
) -> dict[Any, int]:
    within = (InquiryCount.day.between(since, until), InquiryCount.is_spam == spam)
    rows = await session.execute(select(column, func.sum(InquiryCount.n)).where(*within).group_by(column))
    return {key: int(n) for key, n in rows}


async def count_open(session: AsyncSession, user_ids: Any) -> int:
    """Return the current number of open leads of these accounts, without spam."""
    still_open = (InquiryCount.day.is_(None), ~InquiryCount.is_spam, InquiryCount.status.in_(OPEN))
    counted = select(func.sum(InquiryCount.n)).where(*still_open, InquiryCount.assigned_to.in_(user_ids))
    return int(await session.scalar(counted) or 0)


async def _first_contact(session: AsyncSession, since: date, until: date) -> FirstContact:
    everyone = (await session.execute(_contact_times(since, until))).one()
    waiting = func.count().filter(Inquiry.first_contact_s.is_(None))
    still = await session.scalar(select(waiting).where(*_arrived_between(since, until)))
    by_admin = _contact_times(since, until).add_columns(User.id, User.full_name)
    admins = by_admin.join(User, User.id == Inquiry.first_contacted_by).group_by(User.id).order_by(User.id)
    return FirstContact(
        contacted=everyone.contacted,
        waiting=still or 0,
        median_s=_seconds(everyone.median_s),
        p90_s=_seconds(everyone.p90_s),
        by_admin=[_admin(row) for row in await session.execute(admins)],
    )


def _contact_times(since: date, until: date) -> Select[Any]:
    def cut(share: float) -> Any:
        return func.percentile_cont(share).within_group(Inquiry.first_contact_s)

    figures = (
        func.count(Inquiry.first_contact_s).label("contacted"),
        cut(0.5).label("median_s"),
        cut(0.9).label("p90_s"),
    )
    return select(*figures).select_from(Inquiry).where(*_arrived_between(since, until))


def _arrived_between(since: date, until: date) -> list[Any]:
    begin = datetime.combine(since, time(), UTC)
    end = datetime.combine(until, time(), UTC) + timedelta(days=1)
    return [~Inquiry.is_spam, Inquiry.created_at >= begin, Inquiry.created_at < end]


def _admin(row: Row[Any]) -> AdminFirstContact:
    who = person(row.id, row.full_name)
    assert who is not None
    return AdminFirstContact(
        admin=who, contacted=row.contacted, median_s=_seconds(row.median_s), p90_s=_seconds(row.p90_s)
    )


def _seconds(value: float | None) -> int | None:
    return None if value is None else round(value)
