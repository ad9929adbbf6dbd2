"""Export leads for a spreadsheet, row by row: more columns than a list shows, contact data unmasked."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.inquiries import InquiryFilters
from services.audit import Actor, record
from services.leads.lists import lead_rows, matching, plan_by_values

COLUMNS = (
    "id", "created_at", "status", "lost_reason", "inquiry_type", "full_name", "phone", "email", "message",
    "preferred_contact_time", "source", "is_spam", "first_contacted_at", "first_contact_s",
    "consent_text_version", "consented_at", "property_id",
)  # fmt: skip
HEADER = (*COLUMNS, "property_title", "assigned_to")
SLOWEST_READER = "60s"
"""How long a client may stop reading before its export and its snapshot are ended."""


async def record_export(session: AsyncSession, actor: Actor, wanted: InquiryFilters) -> None:
    """Audit the export. Commit before the first row is sent, because an aborted export discloses data too."""
    filters = {name: (None, value) for name, value in wanted.given().items()}
    await record(session, actor, "inquiry.csv", entity_type="inquiry", entity_id="*", changes={**filters})


async def export_leads(session: AsyncSession, wanted: InquiryFilters) -> AsyncIterator[tuple[Any, ...]]:
    """Yield all rows from one snapshot; the driver fetches them in batches."""
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    await session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{SLOWEST_READER}'"))
    await plan_by_values(session)
    rows = await session.stream(lead_rows(wanted.sort).where(*matching(wanted)))
    async for lead, title, colleague in rows:
        yield (*(getattr(lead, column) for column in COLUMNS), title, colleague)
