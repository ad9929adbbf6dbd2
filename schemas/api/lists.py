"""The common response of list endpoints."""

from typing import Generic, TypeVar

from typing_extensions import TypedDict

Item = TypeVar("Item")


class Items(TypedDict, Generic[Item]):
    items: list[Item]
    total: int
    page: int
    page_size: int
    next_cursor: str | None
    """Null if the list is paged by number only."""
