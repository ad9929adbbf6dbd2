"""What a person may ask of us: all that we hold of them, and its end."""

from typing import Any
from uuid import UUID

from typing_extensions import TypedDict

from schemas.api.inquiries import ErasureReason


class PersonalData(TypedDict):
    """Rows as they are kept, by where they are kept; OpenSearch and Redis hold nothing of a person."""

    inquiries: list[dict[str, Any]]
    events: list[dict[str, Any]]
    idempotency_keys: list[dict[str, Any]]
    audit: list[dict[str, Any]]


class ErasureReceipt(TypedDict):
    erased: list[UUID]
    """Every lead of the person that held anything."""
    reason: ErasureReason
