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

KEPT_FOR = timedelta(hours=24)
IN_FLIGHT = "A request with this Idempotency-Key is being answered; ask again in a moment."


@dataclass(frozen=True)
class Once:
    """A request with its client's idempotency key."""

    scope: str
    """The endpoint and the client, so that keys of different clients do not collide."""
    key: str
    body_sha256: bytes


@dataclass(frozen=True)
class KeptAnswer:
    status: int
    body: bytes
    entity_id: UUID | None = None
    replayed: bool = False


async def once_only(
    session: AsyncSession, once: Once | None, effect: Callable[[], Awaitable[KeptAnswer]]
) -> KeptAnswer:
    """Return the stored answer to this request, or else run its effect and store the answer.

    A request without a key takes effect every time.

    Raises:
        Conflict: the same request is still in flight.
        InvalidRequest: the key was used with another body before.
    """
    if once is None:
        return await effect()
    if not await _take_turn(session, once):
        raise Conflict(IN_FLIGHT)
    known = await _answered(session, once)
    if known is not None:
        return _replay(known, once)
    answer = await effect()
    await _keep(session, once, answer)
    return answer


async def _take_turn(session: AsyncSession, once: Once) -> bool:
    turn = func.hashtextextended(f"idempotency {once.scope} {once.key}", 0)
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(turn))))


async def _answered(session: AsyncSession, once: Once) -> IdempotencyKey | None:
    return await session.scalar(
        select(IdempotencyKey).where(
            IdempotencyKey.scope == once.scope,
            IdempotencyKey.key == once.key,
            IdempotencyKey.created_at > func.now() - KEPT_FOR,
        )
    )


def _replay(known: IdempotencyKey, once: Once) -> KeptAnswer:
    if known.body_sha256 != once.body_sha256:
        wrong = FieldError("#/Idempotency-Key", "header", "key_reused", "was sent with another body before")
        raise InvalidRequest("This Idempotency-Key belongs to another request.", (wrong,))
    return KeptAnswer(known.status, known.response, known.entity_id, replayed=True)


async def _keep(session: AsyncSession, once: Once, answer: KeptAnswer) -> None:
    """Store the answer, replacing an expired one under the same key."""
    mine = (IdempotencyKey.scope == once.scope, IdempotencyKey.key == once.key)
    await session.execute(delete(IdempotencyKey).where(*mine))
    await session.execute(
        insert(IdempotencyKey).values(
            scope=once.scope,
            key=once.key,
            body_sha256=once.body_sha256,
            status=answer.status,
            response=answer.body,
            entity_id=answer.entity_id,
        )
    )
