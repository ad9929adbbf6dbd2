"""Dead letters: refused documents, kept until a good revision of the property is indexed."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from sqlalchemy import ARRAY, BigInteger, Text, Uuid, bindparam, delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from indexer.changes.documents import IndexedDocument, Refusal
from schemas.tables import DeadLetter, Property

IDS = bindparam("ids", type_=ARRAY(Uuid(as_uuid=False)))
REVISIONS = bindparam("revisions", type_=ARRAY(BigInteger))

REFUSED = (
    func.unnest(
        IDS,
        REVISIONS,
        bindparam("types", type_=ARRAY(Text)),
        bindparam("reasons", type_=ARRAY(Text)),
    )
    .table_valued("id", "revision", "error_type", "reason", name="refused")
    .render_derived()
)
# A slow drain may report a refusal of an older revision after a newer one was indexed.
STILL_TRUE = (
    select(REFUSED.c.id, REFUSED.c.revision, REFUSED.c.error_type, REFUSED.c.reason)
    .outerjoin_from(REFUSED, Property, Property.id == REFUSED.c.id)
    .where(or_(Property.id.is_(None), Property.revision == REFUSED.c.revision))
    .order_by(REFUSED.c.id)
)
NEW = insert(DeadLetter).from_select(["property_id", "revision", "error_type", "reason"], STILL_TRUE)
RECORD = NEW.on_conflict_do_update(
    index_elements=[DeadLetter.property_id],
    set_={
        "revision": NEW.excluded.revision,
        "error_type": NEW.excluded.error_type,
        "reason": NEW.excluded.reason,
        "failed_at": func.now(),
        "attempts": DeadLetter.attempts + 1,
    },
    where=DeadLetter.revision <= NEW.excluded.revision,
)

DONE = func.unnest(IDS, REVISIONS).table_valued("id", "revision", name="done").render_derived()
# Rows are locked in id order, so that two drains with the same letters cannot deadlock.
CLEARED = (
    select(DeadLetter.property_id)
    .join(DONE, DeadLetter.property_id == DONE.c.id)
    # A slow drain must not clear the letter of a newer revision.
    .where(DeadLetter.revision <= DONE.c.revision)
    .order_by(DeadLetter.property_id)
    .with_for_update(of=DeadLetter)
)
CLEAR = delete(DeadLetter).where(DeadLetter.property_id.in_(CLEARED))


async def record_and_clear(
    connection: AsyncConnection, documents: Sequence[IndexedDocument], refusals: Iterable[Refusal]
) -> int:
    """Record the refused documents and clear the letters of all others; return how many were refused."""
    refused = {refusal.property_id: refusal for refusal in refusals}
    await record(connection, refused.values())
    done = [document for document in documents if document["id"] not in refused]
    await clear(connection, {document["id"]: document["revision"] for document in done})
    return len(refused)


async def record(connection: AsyncConnection, refusals: Iterable[Refusal]) -> None:
    """Store refusals (pass at most one for each property); skip those whose row has changed since."""
    found = sorted(refusals, key=attrgetter("property_id"))
    if not found:
        return
    await connection.execute(
        RECORD,
        {
            "ids": [refusal.property_id for refusal in found],
            "revisions": [refusal.revision for refusal in found],
            "types": [refusal.error_type for refusal in found],
            "reasons": [refusal.reason for refusal in found],
        },
    )


async def clear(connection: AsyncConnection, done: dict[str, int]) -> None:
    """Delete the letters of indexed documents; `done` gives their revisions by id."""
    # Letters are rare, and this check is cheaper than sending a thousand ids.
    if done and await connection.scalar(select(exists(DeadLetter.property_id))):
        await connection.execute(CLEAR, {"ids": list(done), "revisions": list(done.values())})
