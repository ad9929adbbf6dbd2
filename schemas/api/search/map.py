"""Map search: the listings in a viewport, as clusters or, when zoomed in, one by one."""

from math import floor, isfinite
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.api.base import exemplified
from schemas.api.search.canonical import ListingCard, Wishes
from schemas.api.search.geo import Box


def _whole_step(zoom: Any) -> Any:
    return floor(zoom) if isinstance(zoom, float) and isfinite(zoom) else zoom


FINEST = 22
Zoom = Annotated[
    int,
    Field(ge=0, le=FINEST),
    BeforeValidator(_whole_step),
    WithJsonSchema({"type": "number", "minimum": 0, "exclusiveMaximum": FINEST + 1}),
]
"""A fractional zoom, which maps send while zooming smoothly, is rounded down: 12.37 is 12."""


class MapRequest(Wishes):
    """What homes to look for, and which part of the map to show; a map has no pages and no sort order."""

    model_config = exemplified(
        viewport={"south": 28.5, "west": 77.3, "north": 28.65, "east": 77.45}, bhk=[2, 3], zoom=12
    )

    zoom: Zoom
    """Zoom level of web maps: each step doubles the scale, 16 shows streets; 12.37 counts as 12."""
    viewport: Box | None = None
    """The visible part of the map; `geo` narrows the search independently. Defaults to `geo.box`."""

    @model_validator(mode="after")
    def _has_viewport(self) -> Self:
        if self.viewport is None and (self.geo is None or self.geo.box is None):
            raise PydanticCustomError("no_viewport", "needs the part of the map that is shown as viewport")
        return self


class Cluster(TypedDict):
    """A group of listings that are close together at this zoom."""

    latitude: float
    longitude: float
    """Mean position of the listings."""
    count: int
    median_price: int
    """In rupees; a close estimate if there are many listings."""
    tile: str
    """`zoom/x/y` of the shared map tile. Use it as a stable key for the cluster."""


class MapAnswer(TypedDict):
    clusters: list[Cluster]
    items: list[ListingCard]
    """Single listings, when zoomed in and few; `clusters` is then empty."""
    total: int
    """Listings in the viewport. Listings without a known location are not counted."""
