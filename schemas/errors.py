"""The errors that people see, each with its HTTP status and a stable code.

CasaError                  500 internal_error
├── InvalidRequest         422 validation_error     with every field that is wrong
│   └── Unparsable         400 unparsable           not JSON, not UTF-8, a NUL
├── NotFound               404 not_found
├── ImportRunning          409 import_running
├── UnsupportedMediaType   415 unsupported_media_type
├── SearchUnavailable      503 search_unavailable   with Retry-After
└── DatabaseUnavailable    503 database_unavailable with Retry-After
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong with one field of a request."""

    pointer: str
    """JSON pointer to the field, as RFC 9457 shows it: `#/answers/budget/min`."""
    location: str
    """`body`, `query`, `path` or `header`."""
    code: str
    detail: str


class CasaError(Exception):
    """Anything we tell a client; the message is the `detail` that it reads."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    retry_after_s: ClassVar[int | None] = None

    def __init__(self, detail: str = "", errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class InvalidRequest(CasaError):
    status = 422
    code = "validation_error"
    title = "Request validation failed"


class Unparsable(InvalidRequest):
    status = 400
    code = "unparsable"
    title = "Request cannot be read"


class NotFound(CasaError):
    status = 404
    code = "not_found"
    title = "Not found"


class ImportRunning(CasaError):
    status = 409
    code = "import_running"
    title = "This file is being imported"


class UnsupportedMediaType(CasaError):
    status = 415
    code = "unsupported_media_type"
    title = "Unsupported media type"


class SearchUnavailable(CasaError):
    status = 503
    code = "search_unavailable"
    title = "Search is unavailable"
    retry_after_s = 5


class DatabaseUnavailable(CasaError):
    status = 503
    code = "database_unavailable"
    title = "The database is unavailable"
    retry_after_s = 2
