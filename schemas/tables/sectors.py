"""The places of Noida: what visitors call a locality, keyed by sector."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, between, one_of
from schemas.vocabulary import Confidence


class Sector(Base):
    """A sector with its centre where one is known: an unknown centre stays null and is never invented."""

    __tablename__ = "sectors"
    __table_args__ = (
        between("latitude", 28.3, 28.8),
        between("longitude", 77.2, 77.6),
        one_of("confidence", Confidence),
        CheckConstraint("num_nulls(latitude, longitude, confidence) IN (0, 3)", name="centre"),
    )

    sector: Mapped[str] = mapped_column(primary_key=True)
    """Number and suffix, without the word: `62`, `93A`."""
    locality: Mapped[str] = mapped_column(unique=True)
    """What visitors say: `Sector 62`."""
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    confidence: Mapped[str | None]
