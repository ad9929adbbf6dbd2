"""One pass over the outbox: claim changes, read the rows again, write them to every generation, settle.

A batch is one transaction, and the order in it is what keeps the index level:

- Claimed are rows that nobody else has locked, never "id > last seen": ids are not given out in the
  order of commits.
- Which generations take writes is asked after the claim. Listed before it, a generation registered in
  between would miss a row that its fill has already passed.
- The commit, which forgets the claimed rows, comes last. A crash rolls back and the batch is done
  again, which changes nothing: every write carries its revision, and older ones are refused.

With no generation to write to, changes are settled all the same: a generation registered later is
filled from rows that already hold them, and an outbox that nobody reads would only grow.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError, OpenSearchException
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer import dead_letters, generations, outbox
from indexer.bulk import EngineUnavailable, GenerationGone, pack, send, unavailable
from indexer.documents import IndexedDocument, Refusal, Tombstone, read_chosen, tombstone
from indexer.generations import Generation
from indexer.outbox import Change
from stores.answers import Epoch

BATCH = 500  # rows a batch claims: a bulk of these takes a tenth of a second


@dataclass(frozen=True)
class Drained:
    """What one batch did."""

    claimed: int = 0
    """Outbox rows; 0 says that there was nothing to do."""
    documents: int = 0
    refused: int = 0


async def drain_once(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    *,
    alias: str,
    limit: int = BATCH,
    epoch: Epoch | None = None,
) -> Drained:
    """Settle one batch of changes, in every generation that takes writes.

    Raises:
        EngineUnavailable: nothing has been settled; try again later.
    """
    async with engine.connect() as connection:
        # Each statement must see what was committed before it: the order above relies on that.
        await connection.execution_options(isolation_level="READ COMMITTED")
        async with connection.begin():
            changes = await outbox.claim(connection, limit)
            targets = await generations.writable(connection, alias) if changes else []
            if not targets:
                return Drained(claimed=len(changes))
            rendered = await read_chosen(connection, list({change.property_id for change in changes}))
            documents = [*rendered.documents, *tombstones(changes)]
            if epoch is not None:
                await epoch.writing()
            refusals = await write(connection, search, targets, documents)
            refused = await dead_letters.settle(connection, documents, [*rendered.refusals, *refusals])
    return Drained(claimed=len(changes), documents=len(documents), refused=refused)


async def drain_all(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    *,
    alias: str,
    limit: int = BATCH,
    epoch: Epoch | None = None,
) -> int:
    """Drain until nothing is left to claim and make it searchable; how many outbox rows were settled."""
    settled = 0
    while claimed := (await drain_once(engine, search, alias=alias, limit=limit, epoch=epoch)).claimed:
        settled += claimed
    await refresh(search, alias, epoch)
    return settled


async def drain_pending(engine: AsyncEngine, search: AsyncOpenSearch, *, alias: str) -> None:
    """Wait until what is pending now is settled, by us or by the drains that hold it."""
    async with engine.connect() as connection:
        mark = await outbox.newest(connection)
    while await _is_pending(engine, mark):
        if not (await drain_once(engine, search, alias=alias)).claimed:
            await asyncio.sleep(0.05)


async def _is_pending(engine: AsyncEngine, mark: int) -> bool:
    async with engine.connect() as connection:
        return await outbox.is_pending(connection, mark)


async def refresh(search: AsyncOpenSearch, alias: str, epoch: Epoch | None = None) -> None:
    """Make what was written searchable; before the first promotion there is nothing to refresh.

    Where visitors search, `epoch` ends the answers that were given before.
    """
    try:
        async with epoch.moving() if epoch else nullcontext():
            await search.indices.refresh(index=alias)
    except NotFoundError:
        return
    except OpenSearchException as error:
        raise unavailable(error) from error


def tombstones(changes: Iterable[Change]) -> list[Tombstone]:
    """What is left of deleted properties.

    A property that is gone without a deletion among the changes has one still to be claimed.
    """
    return [tombstone(change.property_id, change.revision) for change in changes if change.deleted]


async def write(
    connection: AsyncConnection,
    search: AsyncOpenSearch,
    targets: Sequence[Generation],
    documents: Sequence[IndexedDocument],
) -> list[Refusal]:
    """Write documents to all generations; the refusals that are a document's own fault."""
    refusals: list[Refusal] = []
    for body in pack(documents):
        answers = await asyncio.gather(
            *(send(search, target.name, body) for target in targets), return_exceptions=True
        )
        for target, answer in zip(targets, answers, strict=True):
            if isinstance(answer, GenerationGone):
                await excuse(connection, target)
            elif isinstance(answer, BaseException):
                raise answer
            elif target.is_current:
                refusals += answer.refusals
    return refusals


async def excuse(connection: AsyncConnection, missing: Generation) -> None:
    """Go on without a generation that was dropped meanwhile, but never without the live one.

    An index that is missing behind the alias may come back (a wrong address, a restore), so its
    changes wait; a reindex declares it lost.
    """
    now_live = await generations.live(connection, missing.alias)
    if now_live is not None and now_live.name == missing.name:
        raise EngineUnavailable(f"The live index {missing.name} is not there: run `indexer reindex`.")
