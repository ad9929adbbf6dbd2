"""Leads: what a visitor asked about a property, and everything that happened to it since."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, IdentityKey, Json, Timestamps, UuidKey, one_of
from schemas.vocabulary import InquiryStatus, InquiryType


class Inquiry(Timestamps, Base):
    __tablename__ = "inquiries"
    __table_args__ = (
        one_of("inquiry_type", InquiryType),
        one_of("status", InquiryStatus),
        CheckConstraint(r"phone ~ '^\+[1-9][0-9]{6,14}$'", name="phone_e164"),
        CheckConstraint("status <> 'lost' OR lost_reason IS NOT NULL", name="lost_has_reason"),
        Index("ix_inquiries_status", "status"),
        Index("ix_inquiries_property_id", "property_id"),
        Index("ix_inquiries_created_at", text("created_at DESC")),
        Index("ix_inquiries_ip_address_created_at", "ip_address", "created_at"),
    )

    id: Mapped[UuidKey]
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id"))
    full_name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str]
    message: Mapped[str] = mapped_column(server_default=text("''"))
    inquiry_type: Mapped[str] = mapped_column(server_default=text("'general'"))
    preferred_contact_time: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=text("'new'"))
    lost_reason: Mapped[str | None]
    is_spam: Mapped[bool] = mapped_column(server_default=text("false"))
    assigned_to: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    source: Mapped[str | None]
    user_agent: Mapped[str | None]
    ip_address: Mapped[str | None] = mapped_column(INET)
    consent_text_version: Mapped[str]
    consented_at: Mapped[datetime]


class InquiryEvent(Base):
    """A note or a change of status; append-only."""

    __tablename__ = "inquiry_events"
    __table_args__ = (Index("ix_inquiry_events_inquiry_id", "inquiry_id", "id"),)

    id: Mapped[IdentityKey]
    inquiry_id: Mapped[UUID] = mapped_column(ForeignKey("inquiries.id", ondelete="CASCADE"))
    event_type: Mapped[str]
    event_data: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
