"""Imports over HTTP: what is asked for, how far it is, and what became of every row."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field
from typing_extensions import TypedDict

from schemas.api.base import PageSize, Shape


def _nothing_if_blank(value: Any) -> Any:
    return None if value == "" else value


MapName = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$")]
"""Of a shipped map."""
Blank = BeforeValidator(_nothing_if_blank)
"""A form sends an empty field for what was left out."""


class ImportRequest(Shape):
    """The query beside the file."""

    filename: Annotated[str, Field(min_length=1, max_length=200)] = "upload"
    map: MapName = "casabricks"
    """The name of a shipped map; ours has the columns of an export."""
    dry_run: bool = True
    """Find out everything and load nothing, unless told otherwise."""


class ImportForm(Shape):
    """The same as parts of a form, for pages that send one; each is said once, here or in the query."""

    map: Annotated[MapName | None, Blank] = None
    dry_run: Annotated[bool | None, Blank] = None


class ImportsRequest(Shape):
    page_size: PageSize = 20
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class ImportView(TypedDict):
    id: UUID
    filename: str
    dry_run: bool
    state: str
    """`queued`, `running`, `done` or `failed`."""
    rows: int
    """Rows done with."""
    total: int | None
    created: int
    updated: int
    unchanged: int
    rejected: int
    error: str | None
    created_at: datetime
    updated_at: datetime


class ImportReport(ImportView):
    report: dict[str, Any]
    """When it is done: counts by code, and each finding with its row, column, code and message."""
