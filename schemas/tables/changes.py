"""The transaction in which each property last changed, for readers that must not miss a change."""

from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, BigInt


class PropertyChange(Base):
    """The latest change of a property, written by triggers.

    A separate table, because the row must outlive a property that is deleted permanently.
    """

    __tablename__ = "property_changes"
    __table_args__ = (Index("ix_property_changes_changed_in", "changed_in", "property_id"),)

    property_id: Mapped[UUID] = mapped_column(primary_key=True)
    changed_in: Mapped[BigInt]
    """Transaction id (xid8). Transactions do not commit in id order, so the ids give a reliable order only
    below the oldest running transaction; see services/properties/changes.py."""
    is_gone: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the property was deleted permanently."""
