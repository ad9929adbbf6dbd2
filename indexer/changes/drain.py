"""One pass over the outbox: claim changes, read their rows, write to every generation, refresh, commit.

A batch is one transaction. The order of its steps keeps the index consistent:

- A drain claims rows that no other drain has locked. It never uses "id > last seen", because ids are not
  assigned in commit order.
- The writable generations are listed after the claim. If they were listed before it, a generation that is
  registered in between would miss a row that its fill has already passed.
- The writes are made searchable before the commit, which removes the claimed rows and comes last. After a
  crash the batch is repeated. That is idempotent: every write carries its revision, and the engine refuses
  older ones. Only in a backlog is a batch left for a later refresh.
- A refresh goes to the alias, which a promotion may move at any moment. The promotion refreshes after the
  move and the drain after its writes, so the later of the two makes the writes searchable.

Changes wait only for the live generation. If another generation does not take changes that the live one
takes, it misses them permanently and is given up in the same transaction.

If there is no generation to write to, changes are settled without a write. A generation registered later
is filled from rows that already contain them, and the outbox would otherwise only grow.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import cast

import structlog
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError, OpenSearchException
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.backoff import delays
from indexer.changes import dead_letters, outbox
from indexer.changes.bulk import (
    MOST_KNOWN_GOOD,
    BulkBody,
    BulkResult,
    EngineUnavailable,
    GenerationGone,
    pack,
    send,
    unavailable,
)
from indexer.changes.documents import IndexedDocument, Refusal, Tombstone, read_documents, tombstone
from indexer.changes.outbox import Change
from indexer.lifecycle import generations
from indexer.lifecycle.generations import ForeignGeneration, Generation
from runtime.crash_points import crash_here
from schemas.tables import DeadLetter, OutboxRow, Property
from schemas.vocabulary import GenerationState
from stores.answers import SearchCacheEpoch

log = structlog.get_logger(component=__name__)

PATIENCE_S = 30.0  # how long to wait for a later release's drains, if only they may settle the changes
BATCH = 500  # rows claimed by a batch; writing them takes about 0.1 s
# The transaction idles during both; the sum is below Postgres's limit for that (stores/database.py).
LIVE_LIMIT_S = 7.0  # time limit of a batch in the live generation
OTHERS_EXTRA_S = 6.0  # extra time for the others, after the live one


@dataclass(frozen=True)
class DrainResult:
    """The result of one batch."""

    claimed: int = 0
    """Outbox rows claimed; 0 means that there was nothing to do."""
    documents: int = 0
    refused: int = 0
    superseded: int = 0
    """Writes to a generation that already had a newer revision."""
    is_refresh_deferred: bool = False
    """Whether its writes are left for a later refresh, because it was part of a backlog."""


@dataclass(frozen=True)
class DocumentBatch:
    """The documents to write, and the same packed into bodies."""

    search: AsyncOpenSearch
    documents: Sequence[IndexedDocument]
    bodies: tuple[BulkBody, ...]
    known_good: "KnownGoodDocuments"


@dataclass(frozen=True)
class WriteResult:
    """The result of a batch in each generation."""

    answers: Mapping[Generation, BulkResult]
    failed: Mapping[Generation, str] = field(default_factory=dict)
    """Generations that did not take the batch, with the reason."""

    @property
    def refusals(self) -> list[Refusal]:
        """Refusals that count as the document's fault.

        Those of a generation with another release's schema do not count, unless it is live: its mapping may
        refuse valid documents.
        """
        return [
            refusal
            for target, answer in self.answers.items()
            if target.is_live or target.is_current
            for refusal in answer.refusals
        ]

    @property
    def superseded(self) -> int:
        return sum(answer.superseded for answer in self.answers.values())

    @property
    def is_live_written(self) -> bool:
        """Whether the live generation has taken the batch."""
        return any(target.is_live for target in self.answers)


async def drain_once(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    *,
    alias: str,
    limit: int = BATCH,
    epoch: SearchCacheEpoch | None = None,
    always_refresh: bool = False,
) -> DrainResult:
    """Settle one batch of changes in every writable generation and make it searchable.

    A full batch of a backlog without awaited changes is not made searchable, unless `always_refresh` is set.

    Raises:
        EngineUnavailable: nothing has been settled; retry later.
        ForeignGeneration: nothing has been settled, because this release must not write.
    """
    async with engine.connect() as connection:
        # Each statement must see earlier commits; the order described above relies on it.
        await connection.execution_options(isolation_level="READ COMMITTED")
        async with connection.begin():
            changes = await outbox.claim(connection, limit)
            crash_here("after-claim")
            is_refresh_deferred = not always_refresh and await is_of_a_backlog(connection, changes, limit)
            try:
                drained = await write_changes(connection, search, alias, changes)
                if drained.documents and not is_refresh_deferred:
                    async with time_limit(LIVE_LIMIT_S, "Making it searchable"):
                        await refresh(search, alias, epoch)
            except EngineUnavailable as error:
                error.claimed = len(changes)
                raise
            crash_here("before-commit")
    crash_here("after-settling")
    return replace(drained, is_refresh_deferred=is_refresh_deferred)


async def write_changes(
    connection: AsyncConnection, search: AsyncOpenSearch, alias: str, changes: Sequence[Change]
) -> DrainResult:
    """Write claimed changes to every writable generation, and record the refused documents."""
    targets = await generations.targets(connection, alias) if changes else []
    if not targets:
        return DrainResult(claimed=len(changes))
    rendered = await read_documents(connection, list({change.property_id for change in changes}))
    documents: list[IndexedDocument] = [*rendered.documents, *tombstones(changes)]
    outcome = await write(search, targets, documents, KnownGoodDocuments(connection, documents))
    crash_here("after-bulk")
    await mark_unusable(connection, outcome.failed)
    refusals = [*rendered.refusals, *outcome.refusals]
    shown = documents if outcome.is_live_written else []
    refused = await dead_letters.record_and_clear(connection, shown, refusals)
    return DrainResult(len(changes), len(documents), refused, outcome.superseded)


async def is_of_a_backlog(connection: AsyncConnection, changes: Sequence[Change], limit: int) -> bool:
    """Whether the batch is full, more changes are pending, and none of these is awaited."""
    if len(changes) < limit or any(change.awaited for change in changes):
        return False
    return await outbox.newest_id(connection) > 0


async def drain_all(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    *,
    alias: str,
    limit: int = BATCH,
    epoch: SearchCacheEpoch | None = None,
) -> int:
    """Drain until nothing is left to claim, then refresh; return the number of settled outbox rows."""
    settled = 0
    while claimed := (await drain_once(engine, search, alias=alias, limit=limit, epoch=epoch)).claimed:
        settled += claimed
    await refresh(search, alias, epoch)
    return settled


async def drain_pending(
    engine: AsyncEngine, search: AsyncOpenSearch, *, alias: str, epoch: SearchCacheEpoch | None = None
) -> None:
    """Drain until every change that is pending now is settled, here or by the drain that has claimed it.

    Raises:
        ForeignGeneration: only a later release may settle the changes, and none did in time.
    """
    async with engine.connect() as connection:
        mark = await outbox.newest_id(connection)
    given_up = time.monotonic() + PATIENCE_S
    while await _is_pending(engine, mark):
        try:
            claimed = (
                await drain_once(engine, search, alias=alias, epoch=epoch, always_refresh=True)
            ).claimed
        except ForeignGeneration:
            if time.monotonic() > given_up:
                raise
            claimed = 0
        if not claimed:
            await asyncio.sleep(0.05)


async def _is_pending(engine: AsyncEngine, mark: int) -> bool:
    async with engine.connect() as connection:
        return await outbox.is_pending_up_to(connection, mark)


async def refresh(search: AsyncOpenSearch, alias: str, epoch: SearchCacheEpoch | None = None) -> None:
    """Make earlier writes searchable; a no-op if the alias or index does not exist yet.

    `epoch` invalidates the cached search answers.

    Raises:
        EngineUnavailable: the refresh failed.
    """
    try:
        async with epoch.invalidating() if epoch else nullcontext():
            await _refresh(search, alias)
    except OpenSearchException as error:
        raise unavailable(error) from error


async def _refresh(search: AsyncOpenSearch, alias: str) -> None:
    with suppress(NotFoundError):
        await search.indices.refresh(index=alias)


def tombstones(changes: Iterable[Change]) -> list[Tombstone]:
    """Return the tombstones of the deletions among the changes.

    If a row no longer exists and its deletion is not among them, that change is still to be claimed.
    """
    return [tombstone(change.property_id, change.revision, change.at) for change in changes if change.deleted]


@dataclass
class KnownGoodDocuments:
    """Known good documents, which are already indexed and safe to write again; read lazily."""

    connection: AsyncConnection
    suspects: Sequence[IndexedDocument]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    found: Sequence[IndexedDocument] | None = None

    async def find(self) -> Sequence[IndexedDocument]:
        async with self.lock:  # several generations may ask, but the connection runs one query at a time
            if self.found is None:
                self.found = await read_known_good(self.connection, self.suspects)
        return self.found


async def read_known_good(
    connection: AsyncConnection, suspects: Sequence[IndexedDocument]
) -> Sequence[IndexedDocument]:
    query = (
        select(Property.id)
        .where(
            Property.id.not_in([document["id"] for document in suspects]),
            ~exists().where(OutboxRow.property_id == Property.id),
            ~exists().where(DeadLetter.property_id == Property.id),
        )
        .order_by(Property.id)
        .limit(MOST_KNOWN_GOOD)
    )
    return (await read_documents(connection, (await connection.scalars(query)).all())).documents


async def write(
    search: AsyncOpenSearch,
    targets: Sequence[Generation],
    documents: Sequence[IndexedDocument],
    known_good: KnownGoodDocuments,
) -> WriteResult:
    """Write documents to all generations in parallel; the others get `OTHERS_EXTRA_S` more than the live one.

    If no generation is live, the newest takes its place, so changes wait for it.

    Raises:
        EngineUnavailable: the live generation did not take the documents.
    """
    batch = DocumentBatch(search, documents, tuple(pack(documents)), known_good)
    first, *others = sorted(targets, key=lambda target: not target.is_live)
    answers: dict[Generation, BulkResult] = {}
    failed: dict[Generation, str] = {}
    following = {target: asyncio.create_task(write_with_retries(batch, target, failed)) for target in others}
    try:
        try:
            async with time_limit(LIVE_LIMIT_S, first.name):
                answers[first] = await write_to_generation(batch, first)
        except GenerationGone as error:
            failed[first] = str(error)
        if following:
            await asyncio.wait(following.values(), timeout=OTHERS_EXTRA_S)
    finally:
        for task in following.values():
            task.cancel()
        await asyncio.gather(*following.values(), return_exceptions=True)
    for target, task in following.items():
        if task.cancelled():
            failed.setdefault(target, f"It took {OTHERS_EXTRA_S:g} s longer than the live one.")
        elif target not in failed:
            answers[target] = task.result()
    return WriteResult(answers, failed)


@asynccontextmanager
async def time_limit(seconds: float, what: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise EngineUnavailable(f"{what} took longer than {seconds:g} s.") from error


async def write_with_retries(
    batch: DocumentBatch, target: Generation, failed: dict[Generation, str]
) -> BulkResult:
    """Write to a generation that is not live; retry until it takes everything or its index is gone.

    The last error is kept in `failed` until a write succeeds.
    """
    for pause in delays():
        try:
            answer = await write_to_generation(batch, target)
        except EngineUnavailable as error:
            failed[target] = str(error)
        except (GenerationGone, OpenSearchException) as error:
            failed[target] = str(error)
            break
        else:
            failed.pop(target, None)
            return answer
        await asyncio.sleep(pause)
    return BulkResult()


async def write_to_generation(batch: DocumentBatch, target: Generation) -> BulkResult:
    """Write documents to one generation; if its schema is another, only the fields that it knows."""
    search, bodies = batch.search, batch.bodies
    if not target.is_current:
        bodies = tuple(pack(await only_mapped_fields(search, target, batch.documents)))

    async def find_known_good() -> Sequence[IndexedDocument]:
        found = await batch.known_good.find()
        return found if target.is_current else await only_mapped_fields(search, target, found)

    whole = BulkResult()
    for body in bodies:
        whole += await send(search, target.name, body, find_known_good)
        crash_here("mid-bulk")
    return whole


async def only_mapped_fields(
    search: AsyncOpenSearch, target: Generation, documents: Iterable[IndexedDocument]
) -> list[IndexedDocument]:
    try:
        fields = await generations.mapped_fields(search, target.name)
    except NotFoundError as error:
        raise GenerationGone(str(error)) from error
    except OpenSearchException as error:
        raise unavailable(error) from error
    return [
        cast("IndexedDocument", {name: value for name, value in document.items() if name in fields})
        for document in documents
    ]


async def mark_unusable(connection: AsyncConnection, failed: Mapping[Generation, str]) -> None:
    """Give up generations that miss changes, but never the live one.

    If the live index is missing, it may come back (a wrong address, a restore), so its changes wait until
    a reindex declares it lost.

    Raises:
        EngineUnavailable: the live generation is among them.
    """
    for target, reason in failed.items():
        was = await generations.mark_unusable(connection, target.name, reason)
        if was is GenerationState.LIVE:
            raise EngineUnavailable(f"{target.name} is live, and lost: run `indexer reindex`. {reason}")
        if was in generations.UNUSABLE_STATE:
            log.warning("generation misses changes", generation=target.name, was=was, reason=reason)
