"""Pictures of a property and where each stands in its enhancement."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, Timestamps, UuidKey, at_least, between, one_of
from schemas.vocabulary import EnhancementStatus, ImageType


class PropertyImage(Timestamps, Base):
    __tablename__ = "property_images"
    __table_args__ = (
        one_of("image_type", ImageType),
        one_of("enhancement_status", EnhancementStatus),
        between("width", 1, 12_000),
        between("height", 1, 12_000),
        at_least("display_order", 0),
        at_least("attempts", 0),
        UniqueConstraint("property_id", "content_hash"),
        Index("ix_property_images_property_id", "property_id"),
        Index("ix_property_images_enhancement_status", "enhancement_status"),
        Index("ix_property_images_ai_job_id", "ai_job_id"),
        Index("uq_property_images_primary", "property_id", unique=True, postgresql_where=text("is_primary")),
    )

    id: Mapped[UuidKey]
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    original_url: Mapped[str]
    enhanced_url: Mapped[str | None]
    thumbnail_url: Mapped[str | None]
    image_type: Mapped[str] = mapped_column(server_default=text("'photo'"))
    is_primary: Mapped[bool] = mapped_column(server_default=text("false"))
    display_order: Mapped[int] = mapped_column(server_default=text("0"))
    width: Mapped[int]
    height: Mapped[int]
    content_hash: Mapped[str]
    """SHA-256 of the bytes as they came, so that one property never shows the same picture twice."""
    enhancement_status: Mapped[str] = mapped_column(server_default=text("'none'"))
    ai_job_id: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    requested_at: Mapped[datetime | None]
