"""Pictures of a property and where each stands in its enhancement."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, Timestamps, UuidKey, at_least, between, one_of
from schemas.vocabulary import EnhancementStatus, ImageType


def picture_in(column: str) -> str:
    """SQL for the picture that an address shows, as domain/pictures.py reads it."""
    return f"\"substring\"({column}, 'img/([0-9a-f-]{{36}})/'::text)"


class PropertyImage(Timestamps, Base):
    __tablename__ = "property_images"
    __table_args__ = (
        one_of("image_type", ImageType),
        one_of("enhancement_status", EnhancementStatus),
        between("width", 1, 12_000),
        between("height", 1, 12_000),
        at_least("display_order", 0),
        at_least("attempts", 0),
        at_least("enhancement_tries", 0),
        CheckConstraint(
            "enhancement_result_url IS NULL OR enhancement_status = 'processing'",
            name="result_while_processing",
        ),
        UniqueConstraint("property_id", "content_hash"),
        Index("ix_property_images_property_id", "property_id"),
        Index("ix_property_images_enhancement_status", "enhancement_status"),
        Index("ix_property_images_ai_job_id", "ai_job_id"),
        Index("ix_property_images_original_picture", text(picture_in("original_url"))),
        Index("ix_property_images_enhanced_picture", text(picture_in("enhanced_url"))),
        Index(
            "ix_property_images_enhancement_due_at",
            "enhancement_due_at",
            postgresql_where=text("enhancement_due_at IS NOT NULL"),
        ),
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
    """Of the latest request for an enhancement; kept afterwards, so that what comes late is known."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    """How often an enhancement was asked for."""
    requested_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(
        server_default=text("now()"), onupdate=func.now(), sort_order=101
    )
    enhancement_due_at: Mapped[datetime | None]
    """When a worker is to look at it; while one does, when another may take over."""
    enhancement_tries: Mapped[int] = mapped_column(server_default=text("0"))
    """How often workers have begun the step that it is at."""
    enhancement_result_url: Mapped[str | None]
    """Where the AI service says its picture is, until that is fetched."""
    enhancement_error: Mapped[str | None]
    """Why it failed."""
