"""The common request and response of list endpoints."""

from typing import Annotated, Generic, TypeVar

from pydantic import Field
from typing_extensions import TypedDict

from schemas.api.base import Page, Shape

Item = TypeVar("Item")


class Paging(Shape):
    """A page of a list. Rows beyond the deepest page are reached by narrower filters."""

    page_size: Annotated[int, Field(ge=1, le=100)] = 20
    page: Page = 1

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size


class Items(TypedDict, Generic[Item]):
    items: list[Item]
    total: int
    page: int
    page_size: int
    next_cursor: str | None
    """Null if the list is paged by number only."""
