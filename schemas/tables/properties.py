"""Properties: the rows that admins edit and from which public listings are rendered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Double, FetchedValue, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from schemas import bounds
from schemas.tables.base import (
    Base,
    BigInt,
    Rupees,
    Timestamps,
    UuidKey,
    at_least,
    between,
    by_words,
    one_of,
    words_of,
)
from schemas.tables.images import PropertyImage
from schemas.tables.market import PropertyMarket
from schemas.vocabulary import (
    AreaBasis,
    Direction,
    Furnishing,
    ListingType,
    Possession,
    PropertyState,
    PropertyType,
    ScoreSource,
)

DIRECTIONS = (
    "facing_direction",
    "entrance_direction",
    "kitchen_direction",
    "master_bedroom_direction",
    "pooja_direction",
    "toilet_direction",
    "balcony_direction",
)

SEARCHABLE = (PropertyState.ACTIVE, PropertyState.UNDER_OFFER)
_SEARCHABLE_SQL = ", ".join(f"'{state}'::text" for state in SEARCHABLE)

LISTED_BY = ("created_at", "updated_at", "price", "area_sqft", "view_count", "inquiry_count")
LISTED_WHERE = ("state", "listing_type", "property_type", "locality", "bhk", "created_by")

# Fields by which admins look for a listing. The cut keeps words within the index's size limit in bytes;
# values that pass request validation are never cut.
SEARCH_WORDS = words_of(
    "left(title || ' ' || coalesce(society, '') || ' ' || coalesce(external_ref, ''), 510)"
)


class Property(Timestamps, Base):
    __tablename__ = "properties"
    __table_args__ = (
        one_of("property_type", PropertyType),
        one_of("listing_type", ListingType),
        one_of("area_basis", AreaBasis),
        one_of("furnishing_status", Furnishing),
        one_of("possession_status", Possession),
        one_of("state", PropertyState),
        one_of("vastu_source", ScoreSource),
        one_of("light_source", ScoreSource),
        *(one_of(column, Direction) for column in DIRECTIONS),
        between("latitude", *bounds.LATITUDE),
        between("longitude", *bounds.LONGITUDE),
        CheckConstraint("num_nulls(latitude, longitude) IN (0, 2)", name="coordinates"),
        CheckConstraint("bhk BETWEEN 0.5 AND 20 AND bhk * 2 = trunc(bhk * 2)", name="bhk"),
        CheckConstraint("property_type <> 'plot' OR bhk IS NULL", name="plot_without_bhk"),
        between("bathrooms", *bounds.ROOMS),
        between("balconies", *bounds.ROOMS),
        between("area_sqft", *bounds.AREA_SQFT),
        between("price", *bounds.PRICE),
        between("floor_number", *bounds.FLOOR_NUMBER),
        between("total_floors", *bounds.TOTAL_FLOORS),
        CheckConstraint("floor_number <= total_floors", name="floor_in_building"),
        between("age_years", *bounds.AGE_YEARS),
        between("open_sides", *bounds.OPEN_SIDES),
        *(
            between(f"{score}_{part}", *bounds.SCORE)
            for score in ("vastu", "light")
            for part in ("score", "coverage")
        ),
        at_least("view_count", 0),
        at_least("inquiry_count", 0),
        at_least("revision", 1),
        at_least("version", 1),
        Index("ix_properties_price", "price"),
        Index("ix_properties_property_type", "property_type"),
        Index("ix_properties_bhk", "bhk"),
        Index("ix_properties_is_active", "is_active"),
        Index("ix_properties_latitude_longitude", "latitude", "longitude"),
        Index("ix_properties_locality", "locality"),
        # Admins sort the list by each of these columns. With the most common filters included, an order needs
        # an index-only scan. One index with all columns serves the other filters.
        *(
            Index(
                f"ix_properties_list_{column}",
                column,
                "id",
                postgresql_include=["state", "listing_type", "property_type"],
            )
            for column in LISTED_BY
        ),
        Index("ix_properties_list", "id", postgresql_include=[*LISTED_BY, *LISTED_WHERE]),
        by_words("properties"),
        # Recognizes exact duplicates in an import without `external_ref`.
        Index(
            "uq_properties_fingerprint",
            "fingerprint",
            unique=True,
            postgresql_where=text("fingerprint IS NOT NULL"),
        ),
    )

    id: Mapped[UuidKey]
    external_ref: Mapped[str | None] = mapped_column(unique=True)
    """The owner's own key for the property, if there is one."""
    fingerprint: Mapped[str | None]
    """Hash of an imported row without `external_ref`."""

    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default=text("''"))
    society: Mapped[str | None]
    locality: Mapped[str] = mapped_column(ForeignKey("sectors.locality", onupdate="CASCADE"))
    sector: Mapped[str] = mapped_column(ForeignKey("sectors.sector", onupdate="CASCADE"))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    location_approximate: Mapped[bool] = mapped_column(server_default=text("false"))
    """True if the coordinates are the sector's centre."""

    property_type: Mapped[str]
    listing_type: Mapped[str]
    bhk: Mapped[float | None] = mapped_column(Double)
    """Bedrooms: halves are valid (2.5 BHK), 0.5 is 1 RK, null for plots. Floats hold halves exactly."""
    bathrooms: Mapped[int | None]
    balconies: Mapped[int | None]
    area_sqft: Mapped[int]
    area_basis: Mapped[str]
    price: Mapped[Rupees]
    price_per_sqft: Mapped[BigInt] = mapped_column(
        Computed("(price + area_sqft / 2) / area_sqft", persisted=True)
    )
    """Rupees per sqft, rounded half up, so that money stays whole."""

    furnishing_status: Mapped[str | None]
    floor_number: Mapped[int | None]
    """0 is the ground floor; basements are negative."""
    total_floors: Mapped[int | None]
    age_years: Mapped[int | None]
    possession_status: Mapped[str | None]

    facing_direction: Mapped[str | None]
    entrance_direction: Mapped[str | None]
    kitchen_direction: Mapped[str | None]
    master_bedroom_direction: Mapped[str | None]
    pooja_direction: Mapped[str | None]
    toilet_direction: Mapped[str | None]
    balcony_direction: Mapped[str | None]
    open_sides: Mapped[int | None]

    vastu_score: Mapped[int | None]
    vastu_coverage: Mapped[int | None]
    vastu_source: Mapped[str | None]
    vastu_rules_version: Mapped[int | None]
    """Version of the rules used for the coverage and a computed score."""
    vastu_set_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    vastu_set_at: Mapped[datetime | None]
    """The admin who set the score by hand, and when; null for a computed score."""
    light_score: Mapped[int | None]
    light_coverage: Mapped[int | None]
    light_source: Mapped[str | None]
    light_set_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    light_set_at: Mapped[datetime | None]

    state: Mapped[str] = mapped_column(server_default=text("'draft'"))
    is_active: Mapped[bool] = mapped_column(
        Computed(f"state = ANY (ARRAY[{_SEARCHABLE_SQL}])", persisted=True)
    )
    listed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    """When it was first offered; visitors see this as its freshness."""
    expires_at: Mapped[datetime | None]

    view_count: Mapped[int] = mapped_column(server_default=text("0"))
    inquiry_count: Mapped[int] = mapped_column(server_default=text("0"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    """Counts editors' changes, for ETags."""
    revision: Mapped[BigInt] = mapped_column(server_default=FetchedValue())
    """Triggers draw a new one at each change of the listing's document; it is the document's external
    version."""
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))

    search: Mapped[str | None] = mapped_column(
        TSVECTOR, Computed(SEARCH_WORDS, persisted=True), deferred=True, deferred_raiseload=True
    )

    images: Mapped[list[PropertyImage]] = relationship(
        order_by=PropertyImage.display_order, lazy="raise", viewonly=True
    )
    market: Mapped[PropertyMarket | None] = relationship(lazy="raise", viewonly=True)
