"""The sectors of Noida, with the locality names that visitors use."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, between, one_of
from schemas.vocabulary import Confidence


class Sector(Base):
    """A sector with its centre. An unknown centre is null, never guessed."""

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
    """The name that visitors use: `Sector 62`."""
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    confidence: Mapped[str | None]
