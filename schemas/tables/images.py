"""Pictures of a property, with the state of their enhancement."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, Timestamps, UuidKey, at_least, between, one_of
from schemas.vocabulary import EnhancementStatus, ImageType


def picture_in(column: str) -> str:
    """Return SQL for the picture id in a URL, as read by domain/pictures.py."""
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
    """SHA-256 of the uploaded bytes, so that a property does not store the same picture twice."""
    enhancement_status: Mapped[str] = mapped_column(server_default=text("'none'"))
    ai_job_id: Mapped[str | None]
    """Job id of the latest enhancement request. Kept afterwards, to recognize late messages."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    """Number of enhancement requests."""
    requested_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(
        server_default=text("now()"), onupdate=func.now(), sort_order=101
    )
    enhancement_due_at: Mapped[datetime | None]
    """When a worker should process the picture; while one does, when another may take over."""
    enhancement_tries: Mapped[int] = mapped_column(server_default=text("0"))
    """How often workers have started the current step."""
    enhancement_result_url: Mapped[str | None]
    """URL of the AI service's result, until it is fetched."""
    enhancement_error: Mapped[str | None]
    """Why the enhancement failed."""
