"""Requests that must take effect once: clients' idempotency keys, and webhook deliveries."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base


class IdempotencyKey(Base):
    """A response that was given, stored in the same transaction as its effect."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        Index("ix_idempotency_keys_created_at", "created_at"),
        Index("ix_idempotency_keys_entity_id", "entity_id"),
    )

    scope: Mapped[str] = mapped_column(primary_key=True)
    """The endpoint and the client, so that clients may use the same key independently."""
    key: Mapped[str] = mapped_column(primary_key=True)
    body_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int]
    response: Mapped[bytes] = mapped_column(LargeBinary)
    entity_id: Mapped[UUID | None]
    """The id of the object that the response describes, so that an erasure finds it."""
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class WebhookDelivery(Base):
    __tablename__ = "webhook_deliveries"
    __table_args__ = (Index("ix_webhook_deliveries_received_at", "received_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    body_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
