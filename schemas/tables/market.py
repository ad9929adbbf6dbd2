"""Market segments, and the comparison of each property's price with its market."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.tables.base import Base, BigInt, IdentityKey, at_least, one_of
from schemas.vocabulary import AreaBasis, DealLabel, ListingType, PropertyType

Percent = Annotated[Decimal, mapped_column(Numeric(6, 1))]


class MarketSegment(Base):
    """Asking prices per sqft of one kind of home in one locality, on one area basis."""

    __tablename__ = "market_segments"
    __table_args__ = (
        one_of("property_type", PropertyType),
        one_of("listing_type", ListingType),
        one_of("area_basis", AreaBasis),
        at_least("n", 1),
        Index(
            "uq_market_segments_key",
            "locality",
            "property_type",
            "listing_type",
            "area_basis",
            "bhk",
            "every_bhk",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[IdentityKey]
    locality: Mapped[str] = mapped_column(ForeignKey("sectors.locality", onupdate="CASCADE"))
    property_type: Mapped[str]
    listing_type: Mapped[str]
    area_basis: Mapped[str]
    bhk: Mapped[float | None] = mapped_column(Double)
    every_bhk: Mapped[bool] = mapped_column(server_default=text("false"))
    """All bedroom counts together, because their median cannot be derived from the parts."""
    n: Mapped[int]
    p25: Mapped[BigInt]
    median: Mapped[BigInt]
    p75: Mapped[BigInt]
    """p25, median and p75 are whole rupees per sqft."""
    as_of: Mapped[datetime] = mapped_column(server_default=text("now()"))


class MarketQuality(Base):
    """One night's measurement of how far asking prices are from the medians of their comparables."""

    __tablename__ = "market_quality"
    __table_args__ = (
        one_of("listing_type", ListingType),
        Index("ix_market_quality_as_of", "as_of"),
    )

    id: Mapped[IdentityKey]
    listing_type: Mapped[str]
    listings: Mapped[int]
    compared: Mapped[int]
    """Number of listings that have a label."""
    median_error_pct: Mapped[Percent | None]
    within_5: Mapped[Percent | None]
    within_10: Mapped[Percent | None]
    within_20: Mapped[Percent | None]
    """The `within_` columns are the percent of compared listings with at most that error in percent."""
    method: Mapped[str]
    as_of: Mapped[datetime] = mapped_column(server_default=text("now()"))


class PropertyMarket(Base):
    """The comparison of one property with its market; `reason` says why there is no label."""

    __tablename__ = "property_market"
    __table_args__ = (
        one_of("label", DealLabel),
        CheckConstraint("label IS NOT NULL OR reason IS NOT NULL", name="label_or_reason"),
        at_least("n", 0),
        Index(
            "ix_property_market_withdrawn",
            "property_id",
            postgresql_where=text("reason = 'recalculating'"),
        ),
    )

    property_id: Mapped[UUID] = mapped_column(
        ForeignKey("properties.id", ondelete="CASCADE"), primary_key=True
    )
    level: Mapped[str | None]
    n: Mapped[int]
    median: Mapped[BigInt | None]
    """Whole rupees per sqft."""
    delta_pct: Mapped[Decimal | None] = mapped_column(Numeric(6, 1))
    """Percent by which this price per sqft is above (+) or below (-) the median."""
    label: Mapped[str | None]
    reason: Mapped[str | None]
    as_of: Mapped[datetime] = mapped_column(server_default=text("now()"))
    method: Mapped[str]
