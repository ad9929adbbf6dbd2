"""The meaning of a span of the text."""

from enum import StrEnum
from typing import Any, NamedTuple


class Field(StrEnum):
    """Fields of a search that words can fill."""

    LISTING_TYPE = "listing_type"
    PRICE = "price"
    PRICE_PER_SQFT = "price_per_sqft"
    AREA = "area_sqft"
    BHK = "bhk"
    LOCALITY = "locality"
    PROPERTY_TYPE = "property_type"
    FACING = "facing_direction"
    FURNISHING = "furnishing_status"
    POSSESSION = "possession_status"
    SORT = "sort"
    OUTSIDE = "outside"
    """Not a field of a search: a place beyond Noida, whose words stay in the text."""


RANGES = frozenset({Field.PRICE, Field.PRICE_PER_SQFT, Field.AREA})
SINGLE = frozenset({Field.LISTING_TYPE, Field.SORT})

CERTAIN, MISTYPED, ASSUMED = 1.0, 0.8, 0.6
"""Confidence: stated; stated with a typing error; assumed, because people mostly mean it."""


class Reading(NamedTuple):
    """The meaning of the tokens [start, end)."""

    start: int
    end: int
    field: Field | None = None
    """None for words without a filter."""
    value: Any = None
    """What the reading adds to the field: a list of choices, `{min, max}`, or the value itself."""
    assumed: bool = False
    implies_rent: bool = False
