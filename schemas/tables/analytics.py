"""Visitor events, for counts and for finding unmet demand."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, BigInt, IdentityKey, Json, at_least


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


class AnalyticsDay(Base):
    """Daily counts of one kind of event; they are kept when the events themselves are purged."""

    __tablename__ = "analytics_days"
    __table_args__ = (
        at_least("n", 1),
        Index(
            "uq_analytics_days_key",
            "day",
            "event_type",
            "property_id",
            "kind",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_analytics_days_property_id", "property_id"),
    )

    id: Mapped[IdentityKey]
    day: Mapped[date]
    """In UTC."""
    event_type: Mapped[str]
    property_id: Mapped[UUID | None] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    kind: Mapped[str | None]
    """Kind of search: guided, listings or map."""
    n: Mapped[BigInt]
    few: Mapped[BigInt] = mapped_column(server_default=text("0"))
    """Searches with few results, including those with none."""
    none: Mapped[BigInt] = mapped_column(server_default=text("0"))


class ViewBatch(Base):
    """A batch of views taken from Redis; a batch whose token is stored has been counted."""

    __tablename__ = "view_batches"
    __table_args__ = (at_least("views", 0),)

    token: Mapped[str] = mapped_column(primary_key=True)
    views: Mapped[int]
    counted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
