"""The search on a map: what a viewport holds, as bubbles or, close by, as listings."""

from math import floor, isfinite
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.api.base import exemplified
from schemas.api.geo import Box
from schemas.api.search import ListingCard, Wishes


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


class MapRequest(Wishes):
    """What homes are looked for, and the part of the map that is shown; a map has neither pages nor sorts."""

    model_config = exemplified(
        viewport={"south": 28.5, "west": 77.3, "north": 28.65, "east": 77.45}, bhk=[2, 3], zoom=12
    )

    zoom: Zoom
    """As web maps count: each step doubles the scale, 16 shows streets; of 12.37 the 12 counts."""
    viewport: Box | None = None
    """The part that is shown, of whatever `geo` narrows the search to; without it, `geo.box` is both."""

    @model_validator(mode="after")
    def _has_viewport(self) -> Self:
        if self.viewport is None and (self.geo is None or self.geo.box is None):
            raise PydanticCustomError("no_viewport", "needs the part of the map that is shown as viewport")
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
