"""The audit log, as a super_admin reads it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field
from typing_extensions import TypedDict

from schemas.api.base import WrittenOut
from schemas.api.lists import Paging

Word = Annotated[str, Field(min_length=1, max_length=100)]


class AuditRequest(Paging):
    entity_type: Word | None = None
    entity_id: Word | None = None
    actor: Word | None = None
    """An account's email address, or the name of a command."""
    action: Word | None = None
    since: Annotated[AwareDatetime, WrittenOut] | None = None
    until: Annotated[AwareDatetime, WrittenOut] | None = None
    """Exclusive."""


class AuditEntry(TypedDict):
    id: int
    actor_id: UUID | None
    actor: str
    action: str
    entity_type: str
    entity_id: str
    request_id: str | None
    changes: dict[str, Any]
    """Field -> old and new value; personal data and secrets are masked."""
    created_at: datetime
