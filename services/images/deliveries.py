"""Idempotent webhook deliveries: the id of each is written in the transaction of its effect."""

from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.errors import Conflict
from schemas.tables import WebhookDelivery


async def is_new(session: AsyncSession, message_id: str, body: bytes) -> bool:
    """Record a delivery; return False if it took effect before.

    A concurrent duplicate waits here until the first has committed.

    Raises:
        Conflict: the id was used by another message.
    """
    digest = sha256(body).digest()
    added = insert(WebhookDelivery).values(id=message_id, body_sha256=digest).on_conflict_do_nothing()
    if await session.scalar(added.returning(WebhookDelivery.id)) is not None:
        return True
    known = select(WebhookDelivery.body_sha256).where(WebhookDelivery.id == message_id)
    if await session.scalar(known) != digest:
        raise Conflict("Another message came under this id.")
    return False
