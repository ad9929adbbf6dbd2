"""Every change of every property, for a program that keeps a copy."""

from typing import Annotated
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from schemas.api.admin_properties import AdminProperty
from schemas.api.base import Shape


class ChangesRequest(Shape):
    cursor: Annotated[str, Field(max_length=1_000)] | None = None
    """The `next_cursor` of the answer before; without one, everything is told from the beginning."""
    page_size: Annotated[int, Field(ge=1, le=500)] = 100


class ChangedProperty(TypedDict):
    id: UUID
    deleted: bool
    """Whether an admin deleted it, or it is gone for good."""
    property: AdminProperty | None
    """As it is now; null when it is gone for good."""


class PropertyChanges(TypedDict):
    items: list[ChangedProperty]
    """The longest unchanged first, each property once."""
    next_cursor: str
    """Where to go on, now or later; never null, for there is always a next change."""
    has_more: bool
    """Whether there is more already."""
