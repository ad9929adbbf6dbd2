"""What visitors did, for counts and for finding what they looked for in vain."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, IdentityKey, Json


class AnalyticsEvent(Base):
    __tablename__ = "analytics_events"
    __table_args__ = (
        Index("ix_analytics_events_event_type", "event_type"),
        Index("ix_analytics_events_property_id", "property_id"),
        Index("ix_analytics_events_created_at", "created_at"),
    )

    id: Mapped[IdentityKey]
    event_type: Mapped[str]
    property_id: Mapped[UUID | None] = mapped_column(ForeignKey("properties.id", ondelete="SET NULL"))
    event_data: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    session_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
