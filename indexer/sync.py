"""Chosen properties indexed again at once, whatever the index holds of them."""

from collections.abc import Sequence
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer import generations, outbox, revisions
from indexer.audit import DOCUMENT, audit
from indexer.digests import Revisions
from indexer.drain import drain_pending, refresh
from indexer.findings import Held
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
    held = await _newest(engine, search, alias, names)
    orphans = {
        name: each.revision for name, each in held.items() if name not in rows and not each.is_tombstone
    }
    if not dry_run:
        ahead = {name: each.revision for name, each in held.items() if each.revision > rows.get(name, 0)}
        await owe(engine, rows, orphans, ahead)
        await drain_pending(engine, search, alias=alias, epoch=epoch)
        await refresh(search, alias, epoch)
    refused = {} if dry_run else await read_refused(engine, names)
    return {name: _fate(name, rows, orphans, refused) for name in names}


def _fate(name: str, rows: Revisions, orphans: Revisions, refused: Revisions) -> str:
    if name in rows:
        return REFUSED if name in refused else INDEXED
    return REMOVED if name in orphans else UNKNOWN


async def _newest(
    engine: AsyncEngine, search: AsyncOpenSearch, alias: str, ids: Sequence[str]
) -> dict[str, Held]:
    """What the generations hold of them, at its newest; a document counts for more than a tombstone."""
    newest: dict[str, Held] = {}
    async with engine.connect() as connection:
        targets = await generations.writable(connection, alias)
    for target in targets:
        for name, held in (await read_held(search, target.name, ids)).items():
            known = newest.get(name, held)
            newest[name] = Held(
                max(known.revision, held.revision), is_tombstone=known.is_tombstone and held.is_tombstone
            )
    return newest


async def owe(engine: AsyncEngine, rows: Revisions, orphans: Revisions, ahead: Revisions) -> None:
    """Owe them all to the index again, and say so in the audit.

    `orphans` are documents that have no row, `ahead` all that are beyond their row or have none.
    """
    ids = [*rows, *orphans]
    if not ids:
        return
    async with engine.begin() as connection:
        await revisions.pass_over(connection, max(ahead.values(), default=0))
        await revisions.draw_anew(connection, [name for name in rows if name in ahead])
        level = {UUID(name): revision for name, revision in rows.items() if name not in ahead}
        await outbox.owe(connection, level)
        await outbox.owe_tombstones(connection, map(UUID, orphans))
        for name in ids:
            await audit(connection, "sync", name, DOCUMENT)
