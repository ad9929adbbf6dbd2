"""Describes handlers for the API's contract, next to their `def`.

The summary comes from the handler's docstring, the tag from its module, and the access rule from its
blueprint's middleware. `describes` adds the rest: request and answer shapes, conventions, and errors that
do not follow from them. `server/openapi/document.py` builds the contract from these.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from schemas.errors import (
    CasaError,
    Conflict,
    InvalidRequest,
    InvalidSignature,
    PayloadTooLarge,
    PreconditionFailed,
    PreconditionRequired,
    RequestTimeout,
    Unparsable,
    UnsupportedMediaType,
)
from server.http.messages import JSON, MERGE_PATCH

Errors = tuple[type[CasaError], ...]
Shape = type[BaseModel]

MULTIPART = "multipart/form-data"
FILE = {"type": "string", "format": "binary"}


@dataclass(frozen=True)
class Header:
    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    example: str | None = None
    required: bool = False


@dataclass(frozen=True)
class Convention:
    """What several operations have in common apart from their shapes."""

    asks: tuple[Header, ...] = ()
    tells: tuple[Header, ...] = ()
    """Headers of successful answers."""
    raises: Errors = ()
    not_modified: bool = False
    """Whether 304 is also an answer."""


ETAG = Header("ETag", "The version of what is shown.", example='"3"', required=True)

VERSIONED = Convention(tells=(ETAG,))
CACHED = Convention(
    asks=(Header("If-None-Match", "An ETag: the answer is 304 while it is still the same."),),
    tells=(ETAG,),
    not_modified=True,
)
GUARDED = Convention(
    asks=(
        Header(
            "If-Match",
            "The ETag of the version that you have seen, or `*` for any.",
            {"type": "string", "pattern": r'^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$', "maxLength": 200},
            '"3"',
            required=True,
        ),
    ),
    tells=(ETAG,),
    raises=(Unparsable, PreconditionRequired, PreconditionFailed),
)
AWAITED = Convention(
    asks=(Header("Prefer", "`wait=N`: answer when searches show the change, N seconds from now at most."),),
    tells=(Header("Preference-Applied", "`wait=N`, if it was waited for."),),
)
ATTACHED = Convention(tells=(Header("Content-Disposition", "Names the file.", required=True),))
CREATED = Convention(tells=(Header("Location", "Where it is.", required=True),))
IDEMPOTENT = Convention(
    asks=(
        Header(
            "Idempotency-Key",
            "Drawn by the client: the same request under the same key is done once, and answered alike.",
            {"type": "string", "pattern": "^[!-~]{1,255}$"},
            "5f0c7a52-7d3c-4f6e-9a51-1d2b7a1c9e40",
        ),
    ),
    tells=(Header("Idempotent-Replayed", "`true` for an answer that was given before."),),
    raises=(Unparsable, InvalidRequest, Conflict),
)
VISIT = Convention(
    asks=(
        Header(
            "X-Session-ID",
            "Names the visit, for figures that count visits; one of another form is not noted.",
        ),
    )
)
SIGNED = Convention(
    asks=(
        Header("webhook-id", "Of the message; the same again has no effect.", required=True),
        Header("webhook-timestamp", "Unix time in seconds.", required=True),
        Header("webhook-signature", "`v1,` and the HMAC-SHA256 as base64; several by blanks.", required=True),
    ),
    raises=(InvalidSignature,),
)


@dataclass(frozen=True)
class Json:
    """A JSON body."""

    shape: Any
    required: bool = True
    raises: Errors = (Unparsable, PayloadTooLarge, UnsupportedMediaType, InvalidRequest)
    media_types: tuple[str, ...] = (JSON,)


@dataclass(frozen=True)
class Patch(Json):
    """A merge patch (RFC 7396) of the shape: fields left out stay unchanged."""

    example: Mapping[str, Any] = field(default_factory=dict)
    media_types: tuple[str, ...] = (MERGE_PATCH, JSON)


@dataclass(frozen=True)
class Upload:
    """A file, as the part `file` of a form, or as the body itself."""

    types: tuple[str, ...]
    fields: Shape | None = None
    """The other parts of the form."""
    bare: bool = False
    """Whether the file may be the body itself."""
    raises: Errors = (Unparsable, RequestTimeout, PayloadTooLarge, UnsupportedMediaType, InvalidRequest)


@dataclass(frozen=True)
class Content:
    """An answer that is not JSON."""

    media_type: str
    schema: Mapping[str, Any] = field(default_factory=lambda: FILE)
    example: str | None = None


CSV = Content("text/csv; charset=utf-8", {"type": "string"})


@dataclass(frozen=True)
class Description:
    answers: Mapping[int, Any]
    """Status -> shape, or Content, or None for no body."""
    query: Shape | None = None
    body: Json | Upload | None = None
    conventions: tuple[Convention, ...] = ()
    raises: Errors = ()


Handler = TypeVar("Handler", bound=Callable[..., Any])
KEPT_AS = "__description__"


def describes(
    answer: Any = None,
    *conventions: Convention,
    status: int = 200,
    also: Mapping[int, Any] | None = None,
    query: Shape | None = None,
    body: Shape | Json | Upload | None = None,
    raises: Errors = (),
) -> Callable[[Handler], Handler]:
    """Attach to a handler what it answers, reads and raises; the handler itself is not changed.

    Args:
        answer: the shape of the usual answer.
        conventions: conventions that the handler follows.
        status: the status of the usual answer.
        also: other successful answers, by status.
        query: the shape of the query string.
        body: the shape of a JSON body, or another kind of body.
        raises: errors other than those that follow from authentication, shapes and conventions.
    """
    read = Json(body) if isinstance(body, type) else body
    said = Description({status: answer, **(also or {})}, query, read, conventions, raises)

    def keep(handler: Handler) -> Handler:
        setattr(handler, KEPT_AS, said)
        return handler

    return keep


def undocumented(handler: Handler) -> Handler:
    """Leave a handler out of the contract: a page or file for browsers, or the contract itself."""
    setattr(handler, KEPT_AS, None)
    return handler
