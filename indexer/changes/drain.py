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
    WITNESSES,
    Answer,
    Body,
    EngineUnavailable,
    GenerationGone,
    pack,
    send,
    unavailable,
)
from indexer.changes.documents import IndexedDocument, Refusal, Tombstone, read_chosen, tombstone
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
LIVE_S = 7.0  # time limit of a batch in the live generation
OTHERS_S = 6.0  # extra time for the others, after the live one


@dataclass(frozen=True)
class Drained:
    """The result of one batch."""

    claimed: int = 0
    """Outbox rows claimed; 0 means that there was nothing to do."""
    documents: int = 0
    refused: int = 0
    superseded: int = 0
    """Writes to a generation that already had a newer revision."""
    hidden: bool = False
    """Whether its writes are left for a later refresh, because it was part of a backlog."""


@dataclass(frozen=True)
class Load:
    """The documents to write, and the same packed into bodies."""

    search: AsyncOpenSearch
    documents: Sequence[IndexedDocument]
    bodies: tuple[Body, ...]
    witnesses: "Witnesses"


@dataclass(frozen=True)
class Outcome:
    """The result of a batch in each generation."""

    answers: Mapping[Generation, Answer]
    missed: Mapping[Generation, str] = field(default_factory=dict)
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
    def is_searched(self) -> bool:
        """Whether the live generation has taken the batch."""
        return any(target.is_live for target in self.answers)


async def drain_once(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    *,
    alias: str,
    limit: int = BATCH,
    epoch: SearchCacheEpoch | None = None,
    show: bool = False,
) -> Drained:
    """Settle one batch of changes in every writable generation and make it searchable.

    A full batch of a backlog without awaited changes is not made searchable, unless `show` is set.

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
            hidden = not show and await is_of_a_backlog(connection, changes, limit)
            try:
                drained = await settle(connection, search, alias, changes)
                if drained.documents and not hidden:
                    async with at_most(LIVE_S, "Making it searchable"):
                        await refresh(search, alias, epoch)
            except EngineUnavailable as error:
                error.claimed = len(changes)
                raise
            crash_here("before-commit")
    crash_here("after-settling")
    return replace(drained, hidden=hidden)


async def settle(
    connection: AsyncConnection, search: AsyncOpenSearch, alias: str, changes: Sequence[Change]
) -> Drained:
    """Write claimed changes to every writable generation, and record the refused documents."""
    targets = await generations.targets(connection, alias) if changes else []
    if not targets:
        return Drained(claimed=len(changes))
    rendered = await read_chosen(connection, list({change.property_id for change in changes}))
    documents: list[IndexedDocument] = [*rendered.documents, *tombstones(changes)]
    outcome = await write(search, targets, documents, Witnesses(connection, documents))
    crash_here("after-bulk")
    await give_up_on(connection, outcome.missed)
    refusals = [*rendered.refusals, *outcome.refusals]
    shown = documents if outcome.is_searched else []
    refused = await dead_letters.settle(connection, shown, refusals)
    return Drained(len(changes), len(documents), refused, outcome.superseded)


async def is_of_a_backlog(connection: AsyncConnection, changes: Sequence[Change], limit: int) -> bool:
    """Whether the batch is full, more changes are pending, and none of these is awaited."""
    if len(changes) < limit or any(change.awaited for change in changes):
        return False
    return await outbox.newest(connection) > 0


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
        mark = await outbox.newest(connection)
    given_up = time.monotonic() + PATIENCE_S
    while await _is_pending(engine, mark):
        try:
            claimed = (await drain_once(engine, search, alias=alias, epoch=epoch, show=True)).claimed
        except ForeignGeneration:
            if time.monotonic() > given_up:
                raise
            claimed = 0
        if not claimed:
            await asyncio.sleep(0.05)


async def _is_pending(engine: AsyncEngine, mark: int) -> bool:
    async with engine.connect() as connection:
        return await outbox.is_pending(connection, mark)


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
class Witnesses:
    """Known good documents, which are already indexed and safe to write again; read lazily."""

    connection: AsyncConnection
    suspects: Sequence[IndexedDocument]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    found: Sequence[IndexedDocument] | None = None

    async def find(self) -> Sequence[IndexedDocument]:
        async with self.lock:  # several generations may ask, but the connection runs one query at a time
            if self.found is None:
                self.found = await read_witnesses(self.connection, self.suspects)
        return self.found


async def read_witnesses(
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
        .limit(WITNESSES)
    )
    return (await read_chosen(connection, (await connection.scalars(query)).all())).documents


async def write(
    search: AsyncOpenSearch,
    targets: Sequence[Generation],
    documents: Sequence[IndexedDocument],
    witnesses: Witnesses,
) -> Outcome:
    """Write documents to all generations in parallel; the others get `OTHERS_S` more than the live one.

    If no generation is live, the newest takes its place, so changes wait for it.

    Raises:
        EngineUnavailable: the live generation did not take the documents.
    """
    load = Load(search, documents, tuple(pack(documents)), witnesses)
    first, *others = sorted(targets, key=lambda target: not target.is_live)
    answers: dict[Generation, Answer] = {}
    missed: dict[Generation, str] = {}
    following = {target: asyncio.create_task(follow(load, target, missed)) for target in others}
    try:
        try:
            async with at_most(LIVE_S, first.name):
                answers[first] = await deliver(load, first)
        except GenerationGone as error:
            missed[first] = str(error)
        if following:
            await asyncio.wait(following.values(), timeout=OTHERS_S)
    finally:
        for task in following.values():
            task.cancel()
        await asyncio.gather(*following.values(), return_exceptions=True)
    for target, task in following.items():
        if task.cancelled():
            missed.setdefault(target, f"It took {OTHERS_S:g} s longer than the live one.")
        elif target not in missed:
            answers[target] = task.result()
    return Outcome(answers, missed)


@asynccontextmanager
async def at_most(seconds: float, what: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise EngineUnavailable(f"{what} took longer than {seconds:g} s.") from error


async def follow(load: Load, target: Generation, missed: dict[Generation, str]) -> Answer:
    """Write to a generation that is not live; retry until it takes everything or its index is gone.

    The last error is noted in `missed` until a write succeeds.
    """
    for pause in delays():
        try:
            answer = await deliver(load, target)
        except EngineUnavailable as error:
            missed[target] = str(error)
        except (GenerationGone, OpenSearchException) as error:
            missed[target] = str(error)
            break
        else:
            missed.pop(target, None)
            return answer
        await asyncio.sleep(pause)
    return Answer()


async def deliver(load: Load, target: Generation) -> Answer:
    """Write documents to one generation; if its schema is another, only the fields that it knows."""
    search, bodies = load.search, load.bodies
    if not target.is_current:
        bodies = tuple(pack(await fitted(search, target, load.documents)))

    async def find_witnesses() -> Sequence[IndexedDocument]:
        found = await load.witnesses.find()
        return found if target.is_current else await fitted(search, target, found)

    whole = Answer()
    for body in bodies:
        whole += await send(search, target.name, body, find_witnesses)
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


async def give_up_on(connection: AsyncConnection, missed: Mapping[Generation, str]) -> None:
    """Give up generations that miss changes, but never the live one.

    If the live index is missing, it may come back (a wrong address, a restore), so its changes wait until
    a reindex declares it lost.

    Raises:
        EngineUnavailable: the live generation is among them.
    """
    for target, reason in missed.items():
        was = await generations.give_up(connection, target.name, reason)
        if was is GenerationState.LIVE:
            raise EngineUnavailable(f"{target.name} is live, and lost: run `indexer reindex`. {reason}")
        if was in generations.GIVEN_UP:
            log.warning("generation misses changes", generation=target.name, was=was, reason=reason)
