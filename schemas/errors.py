"""The errors that clients see, each with its HTTP status and a stable code.

CasaError                  500 internal_error
├── InvalidRequest         422 validation_error     lists every invalid field
│   ├── Unparsable         400 unparsable           not JSON, not UTF-8, or contains NUL
│   └── ResultUrlRefused   422 url_not_allowed      the API does not fetch from this URL
├── Unauthorized           401 unauthorized         the same answer for every reason
├── InvalidSignature       401 invalid_signature    the same answer for every reason
├── Forbidden              403 forbidden
│   └── PasswordChangeRequired   403 password_change_required   someone else knows the password
├── NotFound               404 not_found
├── MethodNotAllowed       405 method_not_allowed   with Allow
├── RequestTimeout         408 request_timeout      the request did not arrive in time
├── Conflict               409 conflict             the current state does not allow the request
│   └── ImportRunning      409 import_running
├── PreconditionFailed     412 precondition_failed  with the current ETag and the fields that differ
├── PayloadTooLarge        413 payload_too_large
├── UriTooLong             414 uri_too_long
├── UnsupportedMediaType   415 unsupported_media_type
├── ExpectationFailed      417 expectation_failed   an Expect other than 100-continue
├── PreconditionRequired   428 precondition_required
├── TooManyRequests        429 too_many_requests    with Retry-After and RateLimit
├── SearchUnavailable      503 search_unavailable   with Retry-After
├── DatabaseUnavailable    503 database_unavailable with Retry-After
├── MediaUnavailable       503 media_unavailable    with Retry-After
├── Overloaded             503 overloaded           with Retry-After
└── DeadlineExceeded       503 deadline_exceeded    with Retry-After
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldError:
    """One problem with one field of a request."""

    pointer: str
    """JSON pointer to the field, as in RFC 9457: `#/answers/budget/min`."""
    location: str
    """`body`, `query`, `path` or `header`."""
    code: str
    detail: str


class CasaError(Exception):
    """An error that is sent to the client; the message becomes the problem's `detail`.

    Args:
        detail: what happened, written for this client.
        errors: the invalid fields.
        headers: additional response headers.
        members: additional members of the problem document, for programs.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    retry_after_s: int | None = None

    def __init__(
        self,
        detail: str = "",
        errors: tuple[FieldError, ...] = (),
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        self.members = dict(members or {})


class InvalidRequest(CasaError):
    status = 422
    code = "validation_error"
    title = "Request validation failed"


class Unparsable(InvalidRequest):
    status = 400
    code = "unparsable"
    title = "Request cannot be read"


class ResultUrlRefused(InvalidRequest):
    code = "url_not_allowed"
    title = "This address is not allowed"


class Unauthorized(CasaError):
    status = 401
    code = "unauthorized"
    title = "Sign in first"

    def __init__(self, detail: str = "A valid access token is needed.") -> None:
        super().__init__(detail, headers={"www-authenticate": "Bearer"})


class InvalidSignature(CasaError):
    status = 401
    code = "invalid_signature"
    title = "Not signed as agreed"

    def __init__(self) -> None:
        detail = "The message is not signed by the secret that we share."
        super().__init__(detail, headers={"www-authenticate": "Webhook-Signature"})


class Forbidden(CasaError):
    status = 403
    code = "forbidden"
    title = "Not allowed"


class PasswordChangeRequired(Forbidden):
    code = "password_change_required"
    title = "Change your password first"


class NotFound(CasaError):
    status = 404
    code = "not_found"
    title = "Not found"


class MethodNotAllowed(CasaError):
    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class RequestTimeout(CasaError):
    status = 408
    code = "request_timeout"
    title = "Too slow"


class Conflict(CasaError):
    status = 409
    code = "conflict"
    title = "In conflict with how things are"


class ImportRunning(Conflict):
    code = "import_running"
    title = "This file is being imported"


class PreconditionFailed(CasaError):
    status = 412
    code = "precondition_failed"
    title = "Somebody else changed it first"


class PayloadTooLarge(CasaError):
    status = 413
    code = "payload_too_large"
    title = "Too large"


class UriTooLong(CasaError):
    status = 414
    code = "uri_too_long"
    title = "Address too long"


class UnsupportedMediaType(CasaError):
    status = 415
    code = "unsupported_media_type"
    title = "Unsupported media type"


class ExpectationFailed(CasaError):
    status = 417
    code = "expectation_failed"
    title = "Expectation failed"


class PreconditionRequired(CasaError):
    status = 428
    code = "precondition_required"
    title = "Say which version you have seen"


@dataclass(frozen=True)
class Quota:
    """A rate limit as clients see it, by draft-ietf-httpapi-ratelimit-headers."""

    name: str
    most: int
    window_s: int

    def used_up(self, free_in_s: int) -> dict[str, str]:
        """Return the response headers for a client that has used up the quota."""
        return {
            "ratelimit-policy": f'"{self.name}";q={self.most};w={self.window_s}',
            "ratelimit": f'"{self.name}";r=0;t={free_in_s}',
        }


class TooManyRequests(CasaError):
    status = 429
    code = "too_many_requests"
    title = "Too many requests"

    def __init__(self, detail: str, retry_after_s: int, quota: Quota) -> None:
        super().__init__(detail, headers=quota.used_up(retry_after_s))
        self.retry_after_s = retry_after_s


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


class MediaUnavailable(CasaError):
    status = 503
    code = "media_unavailable"
    title = "The storage of pictures is unavailable"
    retry_after_s = 5


class Overloaded(CasaError):
    status = 503
    code = "overloaded"
    title = "Too busy"
    retry_after_s = 2


class DeadlineExceeded(CasaError):
    status = 503
    code = "deadline_exceeded"
    title = "This took too long"
    retry_after_s = 2
