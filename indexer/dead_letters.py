"""Dead letters: documents that were refused, kept until a good revision of the property arrives."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Uuid, bindparam, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from indexer.documents import IndexedDocument, Refusal
from schemas.tables import DeadLetter

DONE = (
    func.unnest(bindparam("ids", type_=ARRAY(Uuid)), bindparam("revisions", type_=ARRAY(BigInteger)))
    .table_valued("id", "revision", name="done")
    .render_derived()
)

CLEAR = delete(DeadLetter).where(
    DeadLetter.property_id == DONE.c.id,
    # A slower drain must not clear what a newer revision was refused for.
    DeadLetter.revision <= DONE.c.revision,
)


async def settle(
    connection: AsyncConnection, documents: Sequence[IndexedDocument], refusals: Iterable[Refusal]
) -> int:
    """Record the refused documents, clear the letters of all others; how many were refused."""
    refused = {refusal.property_id: refusal for refusal in refusals}
    await record(connection, [refused[property_id] for property_id in sorted(refused)])
    await clear(connection, [document for document in documents if document["id"] not in refused])
    return len(refused)


async def record(connection: AsyncConnection, refusals: Sequence[Refusal]) -> None:
    """Refusals come sorted by property, so that two drains lock the letters in the same order."""
    if not refusals:
        return
    statement = insert(DeadLetter)
    new = statement.excluded
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[DeadLetter.property_id],
            set_={
                "revision": new.revision,
                "error_type": new.error_type,
                "reason": new.reason,
                "failed_at": func.now(),
                "attempts": DeadLetter.attempts + 1,
            },
            where=DeadLetter.revision <= new.revision,
        ),
        [
            {
                "property_id": UUID(refusal.property_id),
                "revision": refusal.revision,
                "error_type": refusal.error_type,
                "reason": refusal.reason,
            }
            for refusal in refusals
        ],
    )


async def clear(connection: AsyncConnection, documents: Sequence[IndexedDocument]) -> None:
    # There are hardly ever any, and a look is cheaper than a thousand ids.
    if not await connection.scalar(select(exists(DeadLetter.property_id))):
        return
    ids = [UUID(document["id"]) for document in documents]
    await connection.execute(
        CLEAR, {"ids": ids, "revisions": [document["revision"] for document in documents]}
    )
