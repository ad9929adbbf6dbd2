"""Leads: a visitor's question about a property, and its history."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, literal_column, text
from sqlalchemy.dialects.postgresql import INET, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import (
    Base,
    BigInt,
    IdentityKey,
    Json,
    Timestamps,
    UuidKey,
    at_least,
    by_words,
    one_of,
    words_of,
)
from schemas.vocabulary import InquiryStatus, InquiryType

ERASED = "(erased)"
"""Replaces personal text in columns that a constraint requires to be set."""

SEARCH_WORDS = words_of("coalesce(full_name, '') || ' ' || split_part(coalesce(email, ''), '@', 1)")
"""Words of the name and of the email address before the @, by which colleagues look for a lead."""
FIRST_CONTACT_S = "(extract(epoch FROM first_contacted_at - created_at))::integer"
SHOWN_WITH_ORDER = ["status", "inquiry_type", "assigned_to", "first_contact_s"]
"""Filter and sort columns in the list indexes, so that a page's ids need an index-only scan."""


def _by_beginning(name: str, expression: str) -> Index:
    """An index for LIKE 'beginning%' that works with any database collation."""
    return Index(name, literal_column(expression).label("text"), postgresql_ops={"text": "text_pattern_ops"})


class InquiryEventType(StrEnum):
    STATUS = "status"
    ASSIGNMENT = "assignment"
    NOTE = "note"
    MESSAGE = "message"
    """A further message of the visitor."""


class Inquiry(Timestamps, Base):
    __tablename__ = "inquiries"
    __table_args__ = (
        one_of("inquiry_type", InquiryType),
        one_of("status", InquiryStatus),
        CheckConstraint(r"phone ~ '^\+[1-9][0-9]{6,14}$'", name="phone_e164"),
        CheckConstraint("status <> 'lost' OR lost_reason IS NOT NULL", name="lost_has_reason"),
        CheckConstraint("erased_at IS NOT NULL OR num_nulls(full_name, phone) = 0", name="contact"),
        CheckConstraint(
            "erased_at IS NULL OR (message = '' AND num_nonnulls(full_name, email, phone,"
            " preferred_contact_time, source, user_agent, ip_address, address_key) = 0"
            f" AND coalesce(lost_reason, '{ERASED}') = '{ERASED}')",
            name="erased",
        ),
        at_least("first_contact_s", 0),
        Index("ix_inquiries_property_id_created_at", "property_id", "created_at", "id"),
        Index(
            "ix_inquiries_list",
            "is_spam", "created_at", "id",
            postgresql_include=SHOWN_WITH_ORDER,
        ),
        Index(
            "ix_inquiries_list_status",
            "is_spam", "status", "created_at", "id",
            postgresql_include=["inquiry_type", "assigned_to", "first_contact_s"],
        ),
        Index(
            "ix_inquiries_list_assigned_to",
            "is_spam", "assigned_to", "created_at", "id",
            postgresql_include=["status", "inquiry_type", "first_contact_s"],
        ),
        Index(
            "ix_inquiries_list_waiting",
            "is_spam", text("first_contact_s DESC"), "created_at", "id",
            postgresql_include=["status", "inquiry_type", "assigned_to"],
        ),
        Index(
            "ix_inquiries_list_status_waiting",
            "is_spam", "status", text("first_contact_s DESC"), "created_at", "id",
            postgresql_include=["inquiry_type", "assigned_to"],
        ),
        by_words("inquiries"),
        _by_beginning("ix_inquiries_email", "lower(email)"),
        _by_beginning("ix_inquiries_phone", "phone"),
        _by_beginning("ix_inquiries_phone_ending", "reverse(phone)"),
        Index("ix_inquiries_address_key_created_at", "address_key", "created_at"),
        # Used by the retention purge.
        Index("ix_inquiries_updated_at", "updated_at", postgresql_where=text("erased_at IS NULL")),
        Index(
            "ix_inquiries_addressed", "created_at",
            postgresql_where=text("ip_address IS NOT NULL OR address_key IS NOT NULL"),
        ),
    )  # fmt: skip

    id: Mapped[UuidKey]
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id"))
    full_name: Mapped[str | None]
    """Null after erasure, like all personal data."""
    email: Mapped[str | None]
    phone: Mapped[str | None]
    """E.164."""
    message: Mapped[str] = mapped_column(server_default=text("''"))
    inquiry_type: Mapped[str] = mapped_column(server_default=text("'general'"))
    preferred_contact_time: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=text("'new'"))
    lost_reason: Mapped[str | None]
    is_spam: Mapped[bool] = mapped_column(server_default=text("false"))
    assigned_to: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    first_contacted_at: Mapped[datetime | None]
    first_contacted_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    first_contact_s: Mapped[int | None] = mapped_column(Computed(FIRST_CONTACT_S, persisted=True))
    """Seconds from the inquiry to its first contact; null until then."""
    source: Mapped[str | None]
    user_agent: Mapped[str | None]
    ip_address: Mapped[str | None] = mapped_column(INET)
    address_key: Mapped[str | None]
    """The key for the rate limit: the IPv4 address, or the network of an IPv6 address."""
    consent_text_version: Mapped[str]
    consented_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    search: Mapped[str | None] = mapped_column(
        TSVECTOR, Computed(SEARCH_WORDS, persisted=True), deferred=True, deferred_raiseload=True
    )


class InquiryEvent(Base):
    """An event of a lead; append-only, except that erasure removes its personal content."""

    __tablename__ = "inquiry_events"
    __table_args__ = (
        one_of("event_type", InquiryEventType),
        Index("ix_inquiry_events_inquiry_id", "inquiry_id", "id"),
        Index(
            "ix_inquiry_events_address_key_created_at",
            "address_key",
            "created_at",
            postgresql_where=text("address_key IS NOT NULL"),
        ),
    )

    id: Mapped[IdentityKey]
    inquiry_id: Mapped[UUID] = mapped_column(ForeignKey("inquiries.id", ondelete="CASCADE"))
    event_type: Mapped[str]
    event_data: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    """Null for the visitor."""
    address_key: Mapped[str | None]
    """Set for a visitor's message, which counts against the rate limit like an inquiry."""
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class InquiryCount(Base):
    """Number of leads of each kind per day (UTC). Triggers keep it up to date for every writer.

    Counting a million rows for each page of a list would take longer than the rest of the request.
    """

    __tablename__ = "inquiry_counts"
    __table_args__ = (
        Index(
            "uq_inquiry_counts_kind",
            "day",
            "is_spam",
            "status",
            "inquiry_type",
            "assigned_to",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[IdentityKey]
    day: Mapped[date | None]
    """Null for the total over all days."""
    is_spam: Mapped[bool]
    status: Mapped[str]
    inquiry_type: Mapped[str]
    assigned_to: Mapped[UUID | None]
    n: Mapped[BigInt]
