"""The audit log, written in the same transaction as the change."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, IdentityKey, Json


class AuditRow(Base):
    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_entity", "entity_type", "entity_id"),
        Index("ix_audit_log_created_at", "created_at"),
    )

    id: Mapped[IdentityKey]
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    """Null for an operator's command, which `actor` then names."""
    actor: Mapped[str]
    action: Mapped[str]
    entity_type: Mapped[str]
    entity_id: Mapped[str]
    request_id: Mapped[str | None]
    changes: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    """Field -> [before, after]; secrets and phone numbers are masked."""
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
