"""Errors as clients read them: problem+json (RFC 9457)."""

from typing_extensions import TypedDict


class WrongField(TypedDict):
    """One problem with one field of the request."""

    pointer: str
    """JSON pointer to the field: `#/answers/budget/min`."""
    location: str
    """`body`, `query`, `path` or `header`."""
    code: str
    detail: str


class Problem(TypedDict):
    """What went wrong. Some problems have additional members, which their `detail` names."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    """Stable, for programs. `title` and `detail` are for people and may change."""
    request_id: str
    errors: list[WrongField]
    """Every invalid field, if the problem is about fields."""
