"""Reindex chosen properties at once, regardless of what the index holds for them."""

from collections.abc import Sequence
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.audit import DOCUMENT, audit
from indexer.changes import outbox, revisions
from indexer.changes.drain import drain_pending, refresh
from indexer.lifecycle import generations
from indexer.verification.digests import Revisions
from indexer.verification.findings import IndexedState
from indexer.verification.verify import read_indexed, read_refused, read_rows
from stores.answers import SearchCacheEpoch

INDEXED, REMOVED, REFUSED, UNKNOWN = "indexed", "removed", "refused", "unknown"


async def sync_ids(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    alias: str,
    ids: Sequence[UUID],
    *,
    epoch: SearchCacheEpoch | None = None,
    dry_run: bool = False,
) -> dict[str, str]:
    """Bring these properties up to date in every generation and return the outcome for each id.

    "removed" means that the document had no row. "unknown" means that neither the table nor the index
    has the id.
    """
    names = [str(property_id) for property_id in ids]
    rows = await read_rows(engine, names)
    indexed = await _newest_indexed(engine, search, alias, names)
    orphans = {
        name: each.revision for name, each in indexed.items() if name not in rows and not each.is_tombstone
    }
    if not dry_run:
        ahead = {name: each.revision for name, each in indexed.items() if each.revision > rows.get(name, 0)}
        await enqueue(engine, rows, orphans, ahead)
        await drain_pending(engine, search, alias=alias, epoch=epoch)
        await refresh(search, alias, epoch)
    refused = {} if dry_run else await read_refused(engine, names)
    return {name: _outcome(name, rows, orphans, refused) for name in names}


def _outcome(name: str, rows: Revisions, orphans: Revisions, refused: Revisions) -> str:
    if name in rows:
        return REFUSED if name in refused else INDEXED
    return REMOVED if name in orphans else UNKNOWN


async def _newest_indexed(
    engine: AsyncEngine, search: AsyncOpenSearch, alias: str, ids: Sequence[str]
) -> dict[str, IndexedState]:
    """Return the newest revision that any generation holds of each id.

    An id counts as a tombstone only if it is one in every generation that has it.
    """
    newest: dict[str, IndexedState] = {}
    async with engine.connect() as connection:
        targets = await generations.writable(connection, alias)
    for target in targets:
        for name, indexed in (await read_indexed(search, target.name, ids)).items():
            known = newest.get(name, indexed)
            is_tombstone = known.is_tombstone and indexed.is_tombstone
            newest[name] = IndexedState(max(known.revision, indexed.revision), is_tombstone)
    return newest


async def enqueue(engine: AsyncEngine, rows: Revisions, orphans: Revisions, ahead: Revisions) -> None:
    """Queue them all for indexing again, and write an audit row for each.

    `orphans` are documents without a row. `ahead` are documents with a revision above their row's, and
    those without a row.
    """
    ids = [*rows, *orphans]
    if not ids:
        return
    async with engine.begin() as connection:
        await revisions.advance_sequence(connection, max(ahead.values(), default=0))
        await revisions.draw_new_revisions(connection, [name for name in rows if name in ahead])
        not_ahead = {UUID(name): revision for name, revision in rows.items() if name not in ahead}
        await outbox.enqueue(connection, not_ahead)
        await outbox.enqueue_tombstones(connection, map(UUID, orphans))
        for name in ids:
            await audit(connection, "sync", name, DOCUMENT)
