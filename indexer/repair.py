"""Mending what is wrong with an index, by way of the outbox.

What is owed again survives every crash, and reaches every generation with the care that all changes get.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from sqlalchemy import ARRAY, Uuid, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer import generations, outbox
from indexer.audit import GENERATION, audit
from indexer.digests import WHOLE
from indexer.documents import ID
from indexer.drain import drain_pending, refresh
from indexer.fill import Progress
from indexer.findings import Fault, Finding
from indexer.outbox import Change
from indexer.verify import AMONG, Verified, verify
from schemas.tables import Property
from stores.answers import Epoch

TOMBSTONES_LAST_H = 24
"""A write that comes later than this from a drain is nowhere any more: its transaction was long ended."""

OLD_TOMBSTONES = {
    "query": {
        "bool": {
            "filter": {"range": {"deleted_at": {"lt": f"now-{TOMBSTONES_LAST_H}h"}}},
            "must_not": WHOLE,
        }
    }
}
RAISE = select(func.touch_properties(bindparam("ids", type_=ARRAY(Uuid(as_uuid=False)))))
REVISIONS = select(ID, Property.revision).where(Property.id == AMONG)
OWED = (Fault.MISSING, Fault.STALE, Fault.ORPHAN, Fault.DIFFERENT)
"""What is mended by indexing it again."""
OUTRUN = 100
"""Revisions by which a row is raised at the most; a document that is farther ahead wants a reindex."""


@dataclass(frozen=True)
class Repaired:
    found: Verified
    left: Verified
    """What is still wrong after the repair."""
    tombstones: int
    """How many were removed."""


async def repair(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    *,
    alias: str,
    index: str,
    deep: Progress | None = None,
    epoch: Epoch | None = None,
) -> Repaired:
    """Find what is wrong, have it indexed again, and look once more."""

    async def mend(findings: Sequence[Finding]) -> None:
        await owe_again(engine, index, [each for each in findings if each.fault in OWED])
        await outrun(engine, index, [each for each in findings if each.fault is Fault.AHEAD])
        await drain_pending(engine, search, alias=alias, epoch=epoch)

    async def insist(findings: Sequence[Finding]) -> None:
        # The engine remembers for a minute what it has deleted, and takes nothing older.
        await outrun(engine, index, [each for each in findings if each.row_revision is not None])
        await drain_pending(engine, search, alias=alias, epoch=epoch)

    found = left = await verify(engine, search, alias=alias, index=index, mend=mend, deep=deep, epoch=epoch)
    tombstones = await remove_tombstones(engine, search, alias)
    if found.drift:
        left = await verify(engine, search, alias=alias, index=index, mend=insist, deep=deep, epoch=epoch)
    if left.drift:
        left = await verify(engine, search, alias=alias, index=index, deep=deep, epoch=epoch)
    await refresh(search, alias, epoch)
    return Repaired(found, left, tombstones)


async def owe_again(engine: AsyncEngine, index: str, findings: Sequence[Finding]) -> None:
    if not findings:
        return
    async with engine.begin() as connection:
        await outbox.owe(connection, [_owed(finding) for finding in findings])
        await _audit(connection, index, findings)


async def outrun(engine: AsyncEngine, index: str, findings: Sequence[Finding]) -> None:
    """Raise revisions of rows above those of their documents, or by one where there is no document."""
    wanted = {finding.property_id: (finding.document_revision or 0) + 1 for finding in findings}
    async with engine.begin() as connection:
        behind = list(wanted)
        for _ in range(OUTRUN if behind else 0):
            await connection.execute(RAISE, {"ids": behind})
            rows = await connection.execute(REVISIONS, {"ids": behind})
            behind = [row[0] for row in rows if row[1] < wanted[row[0]]]
            if not behind:
                break
        if findings:
            await _audit(connection, index, findings)


async def _audit(connection: AsyncConnection, index: str, findings: Sequence[Finding]) -> None:
    counts = Counter(finding.fault.value for finding in findings)
    changes = {fault: [count, 0] for fault, count in counts.items()}
    await audit(connection, "repair", index, GENERATION, **changes)


def _owed(finding: Finding) -> Change:
    """A row is read again when its change is drained; what has none becomes a tombstone."""
    is_orphan = finding.fault is Fault.ORPHAN
    revision = (finding.document_revision or 0) + 1 if is_orphan else finding.row_revision or 0
    return Change(UUID(finding.property_id), revision, deleted=is_orphan)


async def remove_tombstones(engine: AsyncEngine, search: AsyncOpenSearch, alias: str) -> int:
    """Delete tombstones that have served their time, in every generation; how many."""
    async with engine.connect() as connection:
        targets = await generations.writable(connection, alias)
    removed = {target.name: await _remove_old(search, target.name) for target in targets}
    async with engine.begin() as connection:
        for name, count in removed.items():
            if count:
                await audit(connection, "remove_tombstones", name, tombstones=[count, 0])
    return sum(removed.values())


async def _remove_old(search: AsyncOpenSearch, index: str) -> int:
    answer = await search.delete_by_query(
        index=index, body=OLD_TOMBSTONES, params={"conflicts": "proceed", "refresh": "true"}
    )
    return int(answer["deleted"])
