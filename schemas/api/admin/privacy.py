"""Requests of a person about their data: access and erasure."""

from typing import Any
from uuid import UUID

from typing_extensions import TypedDict

from schemas.api.inquiries import ErasureReason


class PersonalData(TypedDict):
    """Stored rows by table; OpenSearch and Redis hold no personal data."""

    inquiries: list[dict[str, Any]]
    events: list[dict[str, Any]]
    idempotency_keys: list[dict[str, Any]]
    audit: list[dict[str, Any]]


class ErasureReceipt(TypedDict):
    erased: list[UUID]
    """Ids of all leads that held data of the person."""
    reason: ErasureReason
