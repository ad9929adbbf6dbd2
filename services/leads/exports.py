"""Export leads for a spreadsheet, row by row: more columns than a list shows, contact data unmasked."""

from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession

from schemas.api.inquiries import InquiryFilters
from schemas.tables import Inquiry, Property, User
from services.audit import Actor, record
from services.leads.lists import lead_rows, matching, plan_by_values
from services.sheets import begin_snapshot, sheet

COLUMNS = (
    "id", "created_at", "status", "lost_reason", "inquiry_type", "full_name", "phone", "email", "message",
    "preferred_contact_time", "source", "is_spam", "first_contacted_at", "first_contact_s",
    "consent_text_version", "consented_at", "property_id",
)  # fmt: skip
HEADER = (*COLUMNS, "property_title", "assigned_to")


async def record_export(session: AsyncSession, actor: Actor, wanted: InquiryFilters) -> None:
    """Audit the export. Commit before the first row is sent, because an aborted export discloses data too."""
    filters = {name: (None, value) for name, value in wanted.given().items()}
    await record(session, actor, "inquiry.csv", entity_type="inquiry", entity_id="*", changes={**filters})


async def export_leads(session: AsyncSession, wanted: InquiryFilters) -> AsyncIterator[str]:
    """Yield CSV in pieces, from one snapshot."""
    await begin_snapshot(session)
    await plan_by_values(session)
    leads = lead_rows(wanted.sort).where(*matching(wanted))
    chosen = [*(getattr(Inquiry, column) for column in COLUMNS), Property.title, User.full_name]
    async for piece in sheet(session, HEADER, leads.with_only_columns(*chosen)):
        yield piece
