"""Audit rows for operator commands, written in the transaction of the change itself."""

from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.tables import AuditRow

GENERATION, DOCUMENT, SEQUENCE = "index_generation", "search_document", "sequence"


async def audit(
    connection: AsyncConnection,
    action: str,
    entity_id: str,
    entity_type: str = GENERATION,
    **changes: list[Any],
) -> None:
    await connection.execute(
        insert(AuditRow).values(
            actor="indexer",
            action=f"index.{action}",
            entity_type=entity_type,
            entity_id=entity_id,
            changes=changes,
        )
    )
