"""The audit log. Each row is added in the transaction of its change, so neither exists without the other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.security.masking import mask_email, mask_phone
from schemas.tables import AuditRow

Changes = Mapping[str, tuple[Any, Any]]
"""Field -> (old value, new value)."""

MASKS: dict[str, Callable[[Any], Any]] = {
    "phone": mask_phone,
    "email": mask_email,
    "hashed_password": lambda _: "***",
}
"""Masks for audited values. Users who may see the values find them in their original table."""


@dataclass(frozen=True)
class Actor:
    """The account or command on whose behalf something is done."""

    id: UUID | None
    name: str
    """The account's email address, or the operator's command."""
    request_id: str | None = None


async def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    *,
    entity_type: str,
    entity_id: object,
    changes: Changes | None = None,
) -> None:
    """Add an audit row in the caller's transaction; personal data in it is masked."""
    await session.execute(
        insert(AuditRow).values(
            actor_id=actor.id,
            actor=actor.name,
            action=action,
            entity_type=entity_type,
            entity_id=str(entity_id),
            request_id=actor.request_id,
            changes={
                name: [_audited_value(name, value) for value in pair]
                for name, pair in (changes or {}).items()
            },
        )
    )


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the fields of `after` that differ from `before` or are missing there."""
    return {
        name: (before.get(name), value)
        for name, value in after.items()
        if name not in before or before[name] != value
    }


def _audited_value(name: str, value: Any) -> Any:
    mask = MASKS.get(name)
    return mask(value) if mask else value
