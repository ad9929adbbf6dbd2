"""Lists of leads: filters, order and totals.

The ids of a page come from an index alone; only the page's few rows are read. Totals come from counts by
day that triggers maintain; partial days at the ends of a period are counted from rows. A search by name,
phone or email has no such counts: it counts at most MOST_GATHERED matches, and tells if there are more.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.security.masking import mask_email, mask_phone
from domain.texts.contacts import ContactSearch, EmailSearch, PhoneSearch, read_contact_search
from schemas.api.inquiries import (
    InquiryFilters,
    InquiryList,
    InquiryListRequest,
    InquiryRow,
    InquirySort,
    Person,
)
from schemas.errors import FieldError, InvalidRequest
from schemas.tables import Inquiry, InquiryCount, Property, User
from schemas.vocabulary import InquiryStatus, InquiryType
from services.paging import as_page
from services.word_search import words_starting_with

MOST_GATHERED = 5_000
"""Up to this many matching ids are fetched and sorted. With more, at least one in two hundred of a million
leads matches, so that a walk along an index in the requested order soon finds enough."""
DEEPEST_SEARCH = 200
"""How many leads can be paged through if a search finds more than MOST_GATHERED; it should be narrowed."""

Clause = ColumnElement[bool]
LeadRow = Row[Inquiry, str, str]
"""A lead, the title of its listing, and the name of its colleague, which may be null."""


def ordered(sort: InquirySort, leads: Any = Inquiry) -> list[Any]:
    """Return the sort columns; `leads` is the table, or the gathered rows of it."""
    if sort is InquirySort.NEWEST:
        return [leads.created_at.desc(), leads.id.desc()]
    waiting = [leads.first_contact_s.desc()]  # null while the lead waits; nulls sort first
    return [*(waiting if sort is InquirySort.FIRST_CONTACT_WAIT else []), leads.created_at, leads.id]


async def list_leads(session: AsyncSession, wanted: InquiryListRequest) -> InquiryList:
    """Return one page, with contact data masked."""
    await plan_by_values(session)
    ids, total = await _find(session, wanted)
    rows = await session.execute(lead_rows(wanted.sort).where(Inquiry.id.in_(ids))) if ids else ()
    exact = not wanted.q or total <= MOST_GATHERED
    page = as_page([masked(row) for row in rows], total if exact else MOST_GATHERED, wanted)
    return InquiryList(**page, total_is_exact=exact)


async def plan_by_values(session: AsyncSession) -> None:
    """Plan each query for its values, because a generic plan is bad for common names and for rare ones."""
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


async def _find(session: AsyncSession, wanted: InquiryListRequest) -> tuple[Sequence[UUID], int]:
    """Return the unordered ids of the page and the total, for a search at most MOST_GATHERED + 1.

    The faster way depends on the number of matches, and the planner's estimate of it is often far off.
    """
    if not wanted.q:
        total = await _count(session, wanted)
        if total > MOST_GATHERED:
            return await _walk_index(session, wanted), total
    ids, found = await _fetch_all_matches(session, wanted)
    if found <= MOST_GATHERED:
        return ids, found
    if wanted.page * wanted.page_size > DEEPEST_SEARCH:
        raise _too_many_to_page()
    return await _walk_index(session, wanted), found


def _too_many_to_page() -> InvalidRequest:
    detail = f"reaches beyond {DEEPEST_SEARCH} leads of a search that finds too many: narrow it"
    return InvalidRequest("One field is invalid.", (FieldError("#/page", "query", "page_too_deep", detail),))


async def _fetch_all_matches(session: AsyncSession, wanted: InquiryListRequest) -> tuple[Sequence[UUID], int]:
    """Fetch all matches in the fastest way, up to MOST_GATHERED + 1, and cut the page from them."""
    known = select(Inquiry.id, Inquiry.created_at, Inquiry.first_contact_s)
    gathered = known.where(*matching(wanted)).limit(MOST_GATHERED + 1).cte("gathered")
    page = select(gathered.c.id).order_by(*ordered(wanted.sort, gathered.c))
    ids = func.array(page.offset(wanted.offset).limit(wanted.page_size).scalar_subquery())
    count = select(func.count()).select_from(gathered).scalar_subquery()
    found, total = (await session.execute(select(ids, count))).one()
    return found, total


async def _walk_index(session: AsyncSession, wanted: InquiryListRequest) -> Sequence[UUID]:
    """Walk an index in the requested order. The index of words is disabled: the planner overrates it."""
    ids = select(Inquiry.id).where(*matching(wanted, by_index=False)).order_by(*ordered(wanted.sort))
    return (await session.scalars(ids.offset(wanted.offset).limit(wanted.page_size))).all()


def lead_rows(sort: InquirySort) -> Select[Inquiry, str, str]:
    """Select leads with the title of their listing and the name of their colleague."""
    return (
        select(Inquiry, Property.title, User.full_name)
        .join(Property, Property.id == Inquiry.property_id)
        .outerjoin(User, User.id == Inquiry.assigned_to)
        .order_by(*ordered(sort))
    )


def masked(row: LeadRow) -> InquiryRow:
    lead, title, colleague = row
    return InquiryRow(
        id=lead.id,
        property_id=lead.property_id,
        property_title=title,
        full_name=lead.full_name,
        phone=mask_phone(lead.phone),
        email=mask_email(lead.email),
        inquiry_type=InquiryType(lead.inquiry_type),
        status=InquiryStatus(lead.status),
        is_spam=lead.is_spam,
        assigned_to=person(lead.assigned_to, colleague),
        source=lead.source,
        created_at=lead.created_at,
        first_contacted_at=lead.first_contacted_at,
        first_contact_s=lead.first_contact_s,
        erased_at=lead.erased_at,
    )


def person(user_id: UUID | None, full_name: str | None) -> Person | None:
    return None if user_id is None else Person(id=user_id, full_name=full_name or "")


def matching(wanted: InquiryFilters, *, by_index: bool = True) -> list[Clause]:
    """Return the conditions; `by_index`: whether the index of words may be used."""
    return [
        *_of_kind(wanted, Inquiry),
        *([Inquiry.property_id == wanted.property_id] if wanted.property_id else []),
        *([Inquiry.created_at >= wanted.since] if wanted.since else []),
        *([Inquiry.created_at < wanted.until] if wanted.until else []),
        *([_matches_contact(read_contact_search(wanted.q), by_index=by_index)] if wanted.q else []),
    ]


def _of_kind(wanted: InquiryFilters, table: type[Inquiry | InquiryCount]) -> list[Clause]:
    """Return the conditions that the counts by day also support."""
    return [
        table.is_spam == wanted.spam,
        *([_among(table.status, wanted.status)] if wanted.status else []),
        *([_among(table.inquiry_type, wanted.inquiry_type)] if wanted.inquiry_type else []),
        *([_of_colleague(table.assigned_to, wanted.assigned_to)] if wanted.assigned_to else []),
        *([table.assigned_to.is_(None)] if wanted.unassigned else []),
    ]


def _of_colleague(column: Any, whose: Any) -> Clause:
    left = select(User.id).where(~User.is_active)
    chosen: Clause = column.in_(left) if whose == "inactive" else column == whose
    return chosen


def _among(column: Any, values: Iterable[str]) -> Clause:
    """Compare one value by equality: an index that begins with it is then ordered by its next columns."""
    first, *others = values
    chosen: Clause = column.in_([first, *others]) if others else column == first
    return chosen


def _matches_contact(search: ContactSearch, *, by_index: bool) -> Clause:
    if isinstance(search, PhoneSearch):
        return _has_phone(search)
    if isinstance(search, EmailSearch):
        return _starts_with(func.lower(Inquiry.email), search.beginning)
    return words_starting_with(Inquiry.search, search.beginnings, by_index=by_index)


def _has_phone(search: PhoneSearch) -> Clause:
    if search.whole:
        return Inquiry.phone == search.whole
    beginnings = [_starts_with(Inquiry.phone, digits) for digits in search.beginnings]
    return or_(*beginnings, _starts_with(func.reverse(Inquiry.phone), search.ending[::-1]))


def _starts_with(column: Any, beginning: str) -> Clause:
    escaped = beginning.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    clause: Clause = column.like(f"{escaped}%")
    return clause


async def _count(session: AsyncSession, wanted: InquiryFilters) -> int:
    since, until = wanted.since, wanted.until
    first = since and _midnight(since + _ALMOST_A_DAY)
    last = until and _midnight(until)
    if wanted.property_id or (first and last and first > last):
        return await _count_rows(session, wanted)
    total = await _count_days(session, wanted, first, last)
    if since and since != first:
        total += await _count_rows(session, wanted.model_copy(update={"until": first}))
    if until and until != last:
        total += await _count_rows(session, wanted.model_copy(update={"since": last}))
    return total


_ALMOST_A_DAY = timedelta(days=1, microseconds=-1)


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), time(), UTC)


async def _count_days(
    session: AsyncSession, wanted: InquiryFilters, first: datetime | None, last: datetime | None
) -> int:
    """Return the sum of the counts of whole days, `last` not included."""
    days = [
        *([InquiryCount.day >= first.date()] if first else []),
        *([InquiryCount.day < last.date()] if last else []),
    ] or [InquiryCount.day.is_(None)]
    counted = select(func.sum(InquiryCount.n)).where(*_of_kind(wanted, InquiryCount), *days)
    return int(await session.scalar(counted) or 0)


async def _count_rows(session: AsyncSession, wanted: InquiryFilters) -> int:
    return await session.scalar(select(func.count(Inquiry.id)).where(*matching(wanted))) or 0
