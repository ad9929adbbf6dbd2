"""A demo home: a row of `properties`, split into the parts in which it is generated."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from schemas.tables.properties import SEARCHABLE
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


class Place(NamedTuple):
    society: str | None
    locality: str
    sector: str
    latitude: float | None
    longitude: float | None


class Rooms(NamedTuple):
    bhk: float | None
    bathrooms: int | None
    balconies: int | None


class Building(NamedTuple):
    floor_number: int | None
    total_floors: int | None
    age_years: int | None
    possession_status: Possession | None
    furnishing_status: Furnishing | None
    open_sides: int | None


class Offer(NamedTuple):
    listing_type: ListingType
    area_sqft: int
    area_basis: AreaBasis
    price: int


class Directions(NamedTuple):
    facing_direction: Direction | None
    entrance_direction: Direction | None
    kitchen_direction: Direction | None
    master_bedroom_direction: Direction | None
    pooja_direction: Direction | None
    toilet_direction: Direction | None
    balcony_direction: Direction | None


class Scores(NamedTuple):
    vastu_score: int | None
    vastu_coverage: int
    vastu_source: ScoreSource
    light_score: int | None
    light_coverage: int
    light_source: ScoreSource


class Standing(NamedTuple):
    state: PropertyState
    listed_at: datetime
    expires_at: datetime | None


class Words(NamedTuple):
    title: str
    description: str


class Home(NamedTuple):
    id: UUID
    property_type: PropertyType
    place: Place
    rooms: Rooms
    building: Building
    offer: Offer
    directions: Directions
    scores: Scores
    standing: Standing
    words: Words

    @property
    def is_live(self) -> bool:
        return self.standing.state in SEARCHABLE

    @property
    def row(self) -> tuple[Any, ...]:
        """The row's values in the order of `COLUMNS`."""
        return (
            self.id,
            self.property_type,
            *self.place,
            *self.rooms,
            *self.building,
            *self.offer,
            *self.directions,
            *self.scores,
            *self.standing,
            *self.words,
        )


PARTS = (Place, Rooms, Building, Offer, Directions, Scores, Standing, Words)
COLUMNS = ("id", "property_type", *(column for part in PARTS for column in part._fields))
