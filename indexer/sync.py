"""Chosen properties indexed again at once, whatever the index holds of them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer import generations, outbox
from indexer.audit import DOCUMENT, audit
from indexer.digests import Revisions
from indexer.drain import drain_pending, refresh
from indexer.findings import Held
from indexer.outbox import Change
from indexer.verify import read_held, read_refused, read_rows
from stores.answers import Epoch

INDEXED, REMOVED, REFUSED, UNKNOWN = "indexed", "removed", "refused", "unknown"


async def sync_ids(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    alias: str,
    ids: Sequence[UUID],
    *,
    epoch: Epoch | None = None,
    dry_run: bool = False,
) -> dict[str, str]:
    """Make the index level with these rows, in every generation; what became of each.

    Removed is a document without a row; unknown is an id that neither the table nor the index has.
    """
    names = [str(property_id) for property_id in ids]
    rows = await read_rows(engine, names)
    orphans = await _orphans(engine, search, alias, [name for name in names if name not in rows])
    if not dry_run:
        await owe(engine, rows, orphans)
        await drain_pending(engine, search, alias=alias, epoch=epoch)
        await refresh(search, alias, epoch)
    refused = {} if dry_run else await read_refused(engine, names)
    return {name: _fate(name, rows, orphans, refused) for name in names}


def _fate(name: str, rows: Revisions, orphans: Revisions, refused: Revisions) -> str:
    if name in rows:
        return REFUSED if name in refused else INDEXED
    return REMOVED if name in orphans else UNKNOWN


async def _orphans(engine: AsyncEngine, search: AsyncOpenSearch, alias: str, ids: Sequence[str]) -> Revisions:
    """The newest revision of documents that have no row."""
    orphans: Revisions = {}
    async with engine.connect() as connection:
        targets = await generations.writable(connection, alias)
    for target in targets if ids else ():
        for property_id, revision in _live(await read_held(search, target.name, ids)).items():
            orphans[property_id] = max(revision, orphans.get(property_id, 0))
    return orphans


def _live(held: Mapping[str, Held]) -> Revisions:
    return {name: document.revision for name, document in held.items() if not document.is_tombstone}


async def owe(engine: AsyncEngine, rows: Revisions, orphans: Revisions) -> None:
    """Owe them all to the index again, and say so in the audit."""
    changes = [Change(UUID(name), revision, deleted=False) for name, revision in rows.items()]
    changes += [Change(UUID(name), revision + 1, deleted=True) for name, revision in orphans.items()]
    if not changes:
        return
    async with engine.begin() as connection:
        await outbox.owe(connection, changes)
        for change in changes:
            await audit(connection, "sync", str(change.property_id), DOCUMENT)
