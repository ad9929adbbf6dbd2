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
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import cast

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError, OpenSearchException
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer import dead_letters, generations, outbox
from indexer.bulk import Answer, Body, EngineUnavailable, GenerationGone, pack, send, unavailable
from indexer.documents import IndexedDocument, Tombstone, read_chosen, tombstone
from indexer.generations import ForeignGeneration, Generation
from indexer.outbox import Change
from schemas.vocabulary import GenerationState
from stores.answers import Epoch
from stores.crash_points import crash_here

PATIENCE_S = 30.0  # for the drains of a later release, which alone may settle what is pending
BATCH = 500  # rows a batch claims: a bulk of these takes a tenth of a second


@dataclass(frozen=True)
class Drained:
    """What one batch did."""

    claimed: int = 0
    """Outbox rows; 0 says that there was nothing to do."""
    documents: int = 0
    refused: int = 0
    superseded: int = 0
    """Writes to some generation that had a newer revision already."""
    awaited: bool = False
    """Whether somebody waits for one of the changes."""


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
        ForeignGeneration: nothing has been settled, and this release must not.
    """
    async with engine.connect() as connection:
        # Each statement must see what was committed before it: the order above relies on that.
        await connection.execution_options(isolation_level="READ COMMITTED")
        async with connection.begin():
            changes = await outbox.claim(connection, limit)
            crash_here("after-claim")
            targets = await generations.targets(connection, alias) if changes else []
            awaited = any(change.awaited for change in changes)
            if not targets:
                return Drained(claimed=len(changes), awaited=awaited)
            rendered = await read_chosen(connection, list({change.property_id for change in changes}))
            documents: list[IndexedDocument] = [*rendered.documents, *tombstones(changes)]
            if epoch is not None:
                await epoch.writing()
            answer = await write(connection, search, targets, documents)
            crash_here("after-bulk")
            refused = await dead_letters.settle(connection, documents, [*rendered.refusals, *answer.refusals])
            crash_here("before-commit")
    crash_here("after-settling")
    return Drained(len(changes), len(documents), refused, answer.superseded, awaited)


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


async def drain_pending(
    engine: AsyncEngine, search: AsyncOpenSearch, *, alias: str, epoch: Epoch | None = None
) -> None:
    """Wait until what is pending now is settled, by us or by the drains that hold it.

    Raises:
        ForeignGeneration: it is for a later release to settle, and none does.
    """
    async with engine.connect() as connection:
        mark = await outbox.newest(connection)
    given_up = time.monotonic() + PATIENCE_S
    while await _is_pending(engine, mark):
        try:
            claimed = (await drain_once(engine, search, alias=alias, epoch=epoch)).claimed
        except ForeignGeneration:
            if time.monotonic() > given_up:
                raise
            claimed = 0
        if not claimed:
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
    return [tombstone(change.property_id, change.revision, change.at) for change in changes if change.deleted]


async def write(
    connection: AsyncConnection,
    search: AsyncOpenSearch,
    targets: Sequence[Generation],
    documents: Sequence[IndexedDocument],
) -> Answer:
    """Write documents to all generations; the refusals that are a document's own fault."""
    bodies = list(pack(documents))
    answers = await asyncio.gather(
        *(deliver(search, target, documents, bodies) for target in targets), return_exceptions=True
    )
    whole = Answer()
    for target, answer in zip(targets, answers, strict=True):
        if isinstance(answer, GenerationGone):
            await excuse(connection, target)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            # Of an earlier release's index, only what is searched matters: that must be known to lack it.
            counts = target.is_current or target.state == GenerationState.LIVE
            whole += answer if counts else Answer(superseded=answer.superseded)
    return whole


async def deliver(
    search: AsyncOpenSearch, target: Generation, documents: Sequence[IndexedDocument], bodies: Iterable[Body]
) -> Answer:
    """Write documents to one generation; to one of an earlier release, what it has fields for."""
    if not target.is_current:
        bodies = pack(await fitted(search, target, documents))
    whole = Answer()
    for body in bodies:
        whole += await send(search, target.name, body)
        crash_here("mid-bulk")
    return whole


async def fitted(
    search: AsyncOpenSearch, target: Generation, documents: Iterable[IndexedDocument]
) -> list[IndexedDocument]:
    try:
        fields = await generations.fields(search, target.name)
    except NotFoundError as error:
        raise GenerationGone(str(error)) from error
    except OpenSearchException as error:
        raise unavailable(error) from error
    return [
        cast("IndexedDocument", {name: value for name, value in document.items() if name in fields})
        for document in documents
    ]


async def excuse(connection: AsyncConnection, missing: Generation) -> None:
    """Go on without a generation that was dropped meanwhile, but never without the live one.

    An index that is missing behind the alias may come back (a wrong address, a restore), so its
    changes wait; a reindex declares it lost.
    """
    now_live = await generations.live(connection, missing.alias)
    if now_live is not None and now_live.name == missing.name:
        raise EngineUnavailable(f"The live index {missing.name} is not there: run `indexer reindex`.")
