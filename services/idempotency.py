"""Idempotent requests: the answer is stored in the transaction of its effect.

So a crash leaves both or neither. The row of a request in flight is not visible to others; an advisory
lock marks the request as in flight.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.errors import Conflict, FieldError, InvalidRequest
from schemas.tables import IdempotencyKey

KEY_LIFETIME = timedelta(hours=24)
IN_FLIGHT = "A request with this Idempotency-Key is being answered; ask again in a moment."


@dataclass(frozen=True)
class IdempotentRequest:
    """A request with its client's idempotency key."""

    scope: str
    """The endpoint and the client, so that keys of different clients do not collide."""
    key: str
    body_sha256: bytes


@dataclass(frozen=True)
class StoredAnswer:
    status: int
    body: bytes
    entity_id: UUID | None = None
    replayed: bool = False


async def run_idempotently(
    session: AsyncSession, request: IdempotentRequest | None, effect: Callable[[], Awaitable[StoredAnswer]]
) -> StoredAnswer:
    """Return the stored answer to this request, or else run its effect and store the answer.

    A request without a key takes effect every time.

    Raises:
        Conflict: the same request is still in flight.
        InvalidRequest: the key was used with another body before.
    """
    if request is None:
        return await effect()
    if not await _try_lock(session, request):
        raise Conflict(IN_FLIGHT)
    stored = await _stored_answer(session, request)
    if stored is not None:
        return _replay(stored, request)
    answer = await effect()
    await _store(session, request, answer)
    return answer


async def _try_lock(session: AsyncSession, request: IdempotentRequest) -> bool:
    lock_key = func.hashtextextended(f"idempotency {request.scope} {request.key}", 0)
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(lock_key))))


async def _stored_answer(session: AsyncSession, request: IdempotentRequest) -> IdempotencyKey | None:
    return await session.scalar(
        select(IdempotencyKey).where(
            IdempotencyKey.scope == request.scope,
            IdempotencyKey.key == request.key,
            IdempotencyKey.created_at > func.now() - KEY_LIFETIME,
        )
    )


def _replay(stored: IdempotencyKey, request: IdempotentRequest) -> StoredAnswer:
    if stored.body_sha256 != request.body_sha256:
        wrong = FieldError("#/Idempotency-Key", "header", "key_reused", "was sent with another body before")
        raise InvalidRequest("This Idempotency-Key belongs to another request.", (wrong,))
    return StoredAnswer(stored.status, stored.response, stored.entity_id, replayed=True)


async def _store(session: AsyncSession, request: IdempotentRequest, answer: StoredAnswer) -> None:
    """Store the answer, replacing an expired one under the same key."""
    same_request = (IdempotencyKey.scope == request.scope, IdempotencyKey.key == request.key)
    await session.execute(delete(IdempotencyKey).where(*same_request))
    await session.execute(
        insert(IdempotencyKey).values(
            scope=request.scope,
            key=request.key,
            body_sha256=request.body_sha256,
            status=answer.status,
            response=answer.body,
            entity_id=answer.entity_id,
        )
    )
