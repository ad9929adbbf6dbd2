"""All changes of all properties, for clients that keep a copy."""

from typing import Annotated
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from schemas.api.admin.properties import AdminProperty
from schemas.api.base import Shape


class ChangesRequest(Shape):
    cursor: Annotated[str, Field(max_length=1_000)] | None = None
    """The `next_cursor` of the previous response; leave it out to start from the beginning."""
    page_size: Annotated[int, Field(ge=1, le=500)] = 100


class ChangedProperty(TypedDict):
    id: UUID
    deleted: bool
    """Whether the property was deleted by an admin or removed permanently."""
    property: AdminProperty | None
    """The current property; null if it was removed permanently."""


class PropertyChanges(TypedDict):
    items: list[ChangedProperty]
    """Ordered by last change, oldest first; each property appears once."""
    next_cursor: str
    """Cursor for the next call, now or later. Never null, because there can always be another change."""
    has_more: bool
    """Whether more changes are available now."""
