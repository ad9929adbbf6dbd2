"""Which property changed in which transaction, for readers who want every change and miss none."""

from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, BigInt


class PropertyChange(Base):
    """The latest change of a property; triggers keep it, and it outlives a property deleted for good.

    Not a column of the property: a deletion is a change too.
    """

    __tablename__ = "property_changes"
    __table_args__ = (Index("ix_property_changes_changed_in", "changed_in", "property_id"),)

    property_id: Mapped[UUID] = mapped_column(primary_key=True)
    changed_in: Mapped[BigInt]
    """The transaction's number (xid8). Transactions end in another order than they are numbered in, so
    numbers say what comes next only below all that still run: see services/properties/changes.py."""
    is_gone: Mapped[bool] = mapped_column(server_default=text("false"))
    """Deleted for good."""
