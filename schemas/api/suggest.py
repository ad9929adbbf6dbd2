"""Suggestions while somebody types: places and societies, each with what it would find."""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field
from typing_extensions import TypedDict

from schemas.api.base import Shape
from schemas.api.search import TypedText
from schemas.api.understood import Understood
from schemas.vocabulary import ListingType


class SuggestRequest(Shape):
    q: TypedText
    listing_type: ListingType = ListingType.SALE
    understand: bool = True
    """False takes `q` as the beginning of a name alone."""
    limit: Annotated[int, Field(ge=1, le=20)] = 8


Kind = Literal["sector", "society"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order in which they are shown."""


class Completion(TypedDict):
    kind: Kind
    value: str
    """What its search chooses: a locality or a society."""
    label: str
    count: int
    """Listings that its search finds."""
    search: dict[str, Any]
    """The search that choosing it makes."""


class Suggest(TypedDict):
    items: list[Completion]
    understood: Understood | None
    """What was read from `q`; a sector at its end may become another one of the items."""
