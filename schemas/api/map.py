"""The search on a map: what a viewport holds, as bubbles or, close by, as listings."""

from math import floor, isfinite
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.api.base import exemplified
from schemas.api.search import ListingCard, ListingSearch


def _whole_step(zoom: Any) -> Any:
    return floor(zoom) if isinstance(zoom, float) and isfinite(zoom) else zoom


FINEST = 22
Zoom = Annotated[
    int,
    Field(ge=0, le=FINEST),
    BeforeValidator(_whole_step),
    WithJsonSchema({"type": "number", "minimum": 0, "exclusiveMaximum": FINEST + 1}),
]
"""Between two steps the coarser one counts, as maps that glide from one to the next send it: 12.37."""


class MapRequest(ListingSearch):
    """A search whose `geo.box` is the viewport; pages and sorts mean nothing on a map."""

    model_config = exemplified(
        geo={"box": {"south": 28.5, "west": 77.3, "north": 28.65, "east": 77.45}}, bhk=[2, 3], zoom=12
    )

    zoom: Zoom
    """As web maps count: each step doubles the scale, 16 shows streets; of 12.37 the 12 counts."""

    @model_validator(mode="after")
    def _has_viewport(self) -> Self:
        if self.geo is None or self.geo.box is None:
            raise PydanticCustomError("no_viewport", "needs the viewport as geo.box")
        return self


class Cluster(TypedDict):
    """Listings that lie close together at this zoom."""

    latitude: float
    longitude: float
    """Of their centre of gravity."""
    count: int
    median_price: int
    """In rupees; of many listings it is a close estimate."""
    tile: str
    """`zoom/x/y` of the map tile that they share; a map keeps its bubbles by it."""


class MapAnswer(TypedDict):
    clusters: list[Cluster]
    items: list[ListingCard]
    """Single listings, close by and when they are few; then there are no clusters."""
    total: int
    """Listings in the viewport; those whose place nobody knows are in none."""
