"""Repair of an index through the outbox.

Changes queued there survive crashes and reach every generation in the same way as all other changes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.audit import GENERATION, audit
from indexer.changes import outbox, revisions
from indexer.changes.drain import drain_pending, refresh
from indexer.lifecycle import generations
from indexer.lifecycle.fill import Progress
from indexer.verification.digests import NO_TOMBSTONES
from indexer.verification.findings import Fault, Finding
from indexer.verification.verify import Verified, verify
from stores.answers import SearchCacheEpoch

TOMBSTONES_LAST_H = 24
"""Hours before a tombstone may be removed. No drain's write is later: its transaction has long ended."""

OLD_TOMBSTONES = {
    "query": {
        "bool": {
            "filter": {"range": {"deleted_at": {"lt": f"now-{TOMBSTONES_LAST_H}h"}}},
            "must_not": NO_TOMBSTONES,
        }
    }
}
REINDEXABLE = (Fault.MISSING, Fault.STALE, Fault.ORPHAN, Fault.DIFFERENT)
"""Faults that indexing the property again repairs."""


@dataclass(frozen=True)
class Repaired:
    found: Verified
    left: Verified
    """What the last verification found after the repair."""
    tombstones: int
    """How many tombstones were removed."""


async def repair(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    *,
    alias: str,
    index: str,
    deep: Progress | None = None,
    epoch: SearchCacheEpoch | None = None,
) -> Repaired:
    """Verify, index again what is wrong, and verify again.

    After a restore of the database, the revision sequence is first moved past every revision in the index.
    """

    async def enqueue_findings(findings: Sequence[Finding]) -> None:
        await enqueue_again(engine, index, [each for each in findings if each.fault in REINDEXABLE])
        await raise_revisions(engine, index, [each for each in findings if each.fault is Fault.AHEAD])
        await drain_pending(engine, search, alias=alias, epoch=epoch)

    async def raise_all_revisions(findings: Sequence[Finding]) -> None:
        # The engine remembers deletions for a minute and refuses revisions older than them.
        await raise_revisions(engine, index, [each for each in findings if each.row_revision is not None])
        await drain_pending(engine, search, alias=alias, epoch=epoch)

    await advance_past_index(engine, search, alias, index)
    found = left = await verify(
        engine, search, alias=alias, index=index, handle_findings=enqueue_findings, deep=deep, epoch=epoch
    )
    tombstones = await remove_tombstones(engine, search, alias)
    if found.drift:
        left = await verify(
            engine,
            search,
            alias=alias,
            index=index,
            handle_findings=raise_all_revisions,
            deep=deep,
            epoch=epoch,
        )
    if left.drift:
        left = await verify(engine, search, alias=alias, index=index, deep=deep, epoch=epoch)
    await refresh(search, alias, epoch)
    if not left.drift and [index] == await generations.alias_target(search, alias):
        await revisions.store_restore_note(engine, alias, None)
    return Repaired(found, left, tombstones)


async def advance_past_index(engine: AsyncEngine, search: AsyncOpenSearch, alias: str, index: str) -> None:
    """Move the sequence past every revision in this index and in all writable generations."""
    async with engine.connect() as connection:
        names = {each.name for each in await generations.writable(connection, alias)}
    highest = [await revisions.highest_in_index(search, name) for name in sorted(names | {index})]
    async with engine.begin() as connection:
        await revisions.advance_sequence(connection, max(highest))


async def enqueue_again(engine: AsyncEngine, index: str, findings: Sequence[Finding]) -> None:
    """Queue the rows of these findings for indexing, and tombstones for documents without a row."""
    if not findings:
        return
    rows = {UUID(each.property_id): each.row_revision or 0 for each in findings if not each.is_orphan}
    async with engine.begin() as connection:
        await _advance_past(connection, findings)
        await outbox.enqueue(connection, rows)
        await outbox.enqueue_tombstones(
            connection, [UUID(each.property_id) for each in findings if each.is_orphan]
        )
        await _audit(connection, index, findings)


async def raise_revisions(engine: AsyncEngine, index: str, findings: Sequence[Finding]) -> None:
    """Give rows new revisions, above those of all documents."""
    if not findings:
        return
    async with engine.begin() as connection:
        await _advance_past(connection, findings)
        await revisions.draw_new_revisions(connection, [each.property_id for each in findings])
        await _audit(connection, index, findings)


async def _advance_past(connection: AsyncConnection, findings: Sequence[Finding]) -> None:
    await revisions.advance_sequence(connection, max(each.document_revision or 0 for each in findings))


async def _audit(connection: AsyncConnection, index: str, findings: Sequence[Finding]) -> None:
    counts = Counter(finding.fault.value for finding in findings)
    changes = {fault: [count, 0] for fault, count in counts.items()}
    await audit(connection, "repair", index, GENERATION, **changes)


async def remove_tombstones(engine: AsyncEngine, search: AsyncOpenSearch, alias: str) -> int:
    """Delete expired tombstones in every generation; return how many were deleted."""
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
