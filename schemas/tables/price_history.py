"""Every effective change of a property's asking price."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, IdentityKey, Rupees


class PriceChange(Base):
    __tablename__ = "price_history"
    __table_args__ = (Index("ix_price_history_property_id_changed_at", "property_id", "changed_at"),)

    id: Mapped[IdentityKey]
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    old_price: Mapped[Rupees | None]
    new_price: Mapped[Rupees]
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
