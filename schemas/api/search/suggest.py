"""Suggestions while a visitor types: places and societies, each with its number of results."""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field
from typing_extensions import TypedDict

from schemas.api.base import Shape
from schemas.api.search.canonical import TypedText
from schemas.api.search.understood import Understood
from schemas.vocabulary import ListingType


class SuggestRequest(Shape):
    q: TypedText
    listing_type: ListingType = ListingType.SALE
    understand: bool = True
    """False reads `q` only as the beginning of a name."""
    limit: Annotated[int, Field(ge=1, le=20)] = 8


Kind = Literal["sector", "society"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In display order."""


class Completion(TypedDict):
    kind: Kind
    value: str
    """The value that the search uses: a locality or a society."""
    label: str
    count: int
    """Number of listings that its search finds."""
    search: dict[str, Any]
    """The search to run when this suggestion is chosen."""


class Suggest(TypedDict):
    items: list[Completion]
    understood: Understood | None
    """What was read from `q`. A sector at its end may still turn into one of the items."""
