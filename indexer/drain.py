"""One pass over the outbox: claim changes, read the rows again, write them to every generation, show, settle.

A batch is one transaction, and the order in it is what keeps the index level:

- Claimed are rows that nobody else has locked, never "id > last seen": ids are not given out in the
  order of commits.
- Which generations take writes is asked after the claim. Listed before it, a generation registered in
  between would miss a row that its fill has already passed.
- What was written is made searchable before the commit, which forgets the claimed rows and comes last.
  A crash rolls back and the batch is done again, which changes nothing: every write carries its revision,
  and older ones are refused. Only of a backlog are batches left to be shown by a later one.
- What is made searchable is what the alias leads to, which a promotion moves at any moment. It refreshes
  after its move, we after our writes: whichever is later shows them.

Only the live generation holds changes back. Another that does not take them, while the live one does,
misses them for good, and is given up in the same transaction.

With no generation to write to, changes are settled all the same: a generation registered later is
filled from rows that already hold them, and an outbox that nobody reads would only grow.
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

from indexer import dead_letters, generations, outbox
from indexer.backoff import delays
from indexer.bulk import (
    WITNESSES,
    Answer,
    Body,
    EngineUnavailable,
    GenerationGone,
    pack,
    send,
    unavailable,
)
from indexer.documents import IndexedDocument, Refusal, Tombstone, read_chosen, tombstone
from indexer.generations import ForeignGeneration, Generation
from indexer.outbox import Change
from schemas.tables import DeadLetter, OutboxRow, Property
from schemas.vocabulary import GenerationState
from stores.answers import Epoch
from stores.crash_points import crash_here

log = structlog.get_logger(component=__name__)

PATIENCE_S = 30.0  # for the drains of a later release, which alone may settle what is pending
BATCH = 500  # rows a batch claims: a bulk of these takes a tenth of a second
# Together less than Postgres lets a transaction idle (stores/database.py), as a drain's does meanwhile.
LIVE_S = 7.0  # for the live generation to take a batch
OTHERS_S = 6.0  # for the others, once the live one has taken it


@dataclass(frozen=True)
class Drained:
    """What one batch did."""

    claimed: int = 0
    """Outbox rows; 0 says that there was nothing to do."""
    documents: int = 0
    refused: int = 0
    superseded: int = 0
    """Writes to some generation that had a newer revision already."""
    hidden: bool = False
    """Whether what it wrote is still to be made searchable, with more that is to come."""


@dataclass(frozen=True)
class Load:
    """What is written, whole and in bodies."""

    search: AsyncOpenSearch
    documents: Sequence[IndexedDocument]
    bodies: tuple[Body, ...]
    witnesses: "Witnesses"


@dataclass(frozen=True)
class Outcome:
    """How a batch fared in each generation."""

    answers: Mapping[Generation, Answer]
    missed: Mapping[Generation, str] = field(default_factory=dict)
    """Generations that did not take it, and why."""

    @property
    def refusals(self) -> list[Refusal]:
        """What documents are to blame for; another release's mapping may refuse them without that."""
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
        """Whether the live generation has taken it."""
        return any(target.is_live for target in self.answers)


async def drain_once(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    *,
    alias: str,
    limit: int = BATCH,
    epoch: Epoch | None = None,
    show: bool = False,
) -> Drained:
    """Settle one batch of changes, in every generation that takes writes, and make it searchable.

    A full batch of a backlog that nobody waits for is not made searchable, unless `show` says so.

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
    """Write what was claimed to every generation that takes writes, and keep what was refused."""
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
    """Whether more changes follow, and nobody waits for these."""
    if len(changes) < limit or any(change.awaited for change in changes):
        return False
    return await outbox.newest(connection) > 0


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


async def refresh(search: AsyncOpenSearch, alias: str, epoch: Epoch | None = None) -> None:
    """Make what was written searchable; before the first promotion there is nothing to refresh.

    Where visitors search, `epoch` ends the answers that were given before.
    """
    try:
        async with epoch.moving() if epoch else nullcontext():
            await _refresh(search, alias)
    except OpenSearchException as error:
        raise unavailable(error) from error


async def _refresh(search: AsyncOpenSearch, alias: str) -> None:
    with suppress(NotFoundError):
        await search.indices.refresh(index=alias)


def tombstones(changes: Iterable[Change]) -> list[Tombstone]:
    """What is left of deleted properties.

    A property that is gone without a deletion among the changes has one still to be claimed.
    """
    return [tombstone(change.property_id, change.revision, change.at) for change in changes if change.deleted]


@dataclass
class Witnesses:
    """Documents that the index has had for long, and may as well get once more; read when first asked for."""

    connection: AsyncConnection
    suspects: Sequence[IndexedDocument]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    found: Sequence[IndexedDocument] | None = None

    async def find(self) -> Sequence[IndexedDocument]:
        async with self.lock:  # several generations may ask, and the connection answers one at a time
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
    """Write documents to all generations side by side; those that are not live get little longer than it.

    With none live nobody searches yet, and the newest takes its place: changes wait for it.

    Raises:
        EngineUnavailable: the live one did not take them.
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
    """Write to a generation that is not live until it takes everything, or its index is gone.

    What is in the way meanwhile is noted.
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
    """Write documents to one generation; to one of an earlier release, what it has fields for."""
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
    """Go on without generations that miss changes, but never without the live one.

    An index that is missing behind the alias may come back (a wrong address, a restore), so its
    changes wait; a reindex declares it lost.
    """
    for target, reason in missed.items():
        was = await generations.give_up(connection, target.name, reason)
        if was is GenerationState.LIVE:
            raise EngineUnavailable(f"{target.name} is live, and lost: run `indexer reindex`. {reason}")
        if was in generations.GIVEN_UP:
            log.warning("generation misses changes", generation=target.name, was=was, reason=reason)
