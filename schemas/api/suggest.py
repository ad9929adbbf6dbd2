"""Suggestions while somebody types: places and societies, each with what it would find."""

from typing import Annotated, Any, TypedDict

from pydantic import Field

from schemas.api.base import Shape
from schemas.api.search import SearchText
from schemas.vocabulary import ListingType


class SuggestRequest(Shape):
    q: SearchText
    listing_type: ListingType = ListingType.SALE
    limit: Annotated[int, Field(ge=1, le=20)] = 8


class Completion(TypedDict):
    kind: str
    """`locality` or `society`."""
    value: str
    label: str
    count: int
    """Live listings of the kind of offer."""
    search: dict[str, Any]
    """The search that choosing it makes."""


class Suggest(TypedDict):
    items: list[Completion]
