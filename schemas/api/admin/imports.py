"""Imports over HTTP: request, progress and the result for every row."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field
from typing_extensions import TypedDict

from schemas.api.base import Shape


def _nothing_if_blank(value: Any) -> Any:
    return None if value == "" else value


MapName = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$")]
"""Name of a built-in column map."""
Blank = BeforeValidator(_nothing_if_blank)
"""Forms send an empty string for a field that was left out."""


class ImportRequest(Shape):
    """Query parameters of an upload."""

    filename: Annotated[str, Field(min_length=1, max_length=200)] = "upload"
    map: MapName = "casabricks"
    """Name of a built-in column map; the default one has the columns of an export."""
    dry_run: bool = True
    """Check the file without loading it; this is the default."""


class ImportForm(Shape):
    """The same options as form fields. Give each option once, either here or in the query."""

    map: Annotated[MapName | None, Blank] = None
    dry_run: Annotated[bool | None, Blank] = None


class ImportView(TypedDict):
    id: UUID
    filename: str
    dry_run: bool
    state: str
    """`queued`, `running`, `done` or `failed`."""
    rows: int
    """Rows processed so far."""
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
    """Set when the import is done: counts by code, and each finding with its row, column, code and
    message."""
