"""Verify that an index matches the table: digests show where they differ, revisions show how.

Rows change during the comparison. Suspects are therefore checked again after the pending changes have been
drained, and only what is still wrong counts. Memory stays flat: a limited number of buckets is opened at a
time, and findings are passed on in batches.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from opensearchpy import AsyncOpenSearch
from sqlalchemy import ARRAY, Uuid, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.changes.documents import ID, iso_seconds
from indexer.changes.drain import drain_pending, refresh
from indexer.lifecycle import generations
from indexer.lifecycle.fill import Progress
from indexer.lifecycle.plan import Difference, differences
from indexer.verification import digests
from indexer.verification.contents import differing_contents
from indexer.verification.digests import Digests, Revisions
from indexer.verification.findings import Fault, Finding, IndexedState, fault_of
from schemas.tables import DeadLetter, Property
from stores.answers import SearchCacheEpoch

ROWS_AT_ONCE = 50_000  # rows compared one by one in one group of buckets
RECHECKED_AT_ONCE = 1_000  # suspects checked again at a time
EXAMPLES = 20

FindingsHandler = Callable[[Sequence[Finding]], Awaitable[None]]


async def only_count(_findings: Sequence[Finding]) -> None:
    """Do nothing: findings are only counted."""


@dataclass
class Drift:
    """Findings counted by fault, and the first few as examples."""

    counts: Counter[Fault] = field(default_factory=Counter)
    examples: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.counts[finding.fault] += 1
            if len(self.examples) < EXAMPLES:
                self.examples.append(finding)

    @property
    def by_fault(self) -> dict[str, int]:
        """The count of every fault, zeros included."""
        return {fault.value: self.counts[fault] for fault in Fault}

    def __bool__(self) -> bool:
        return self.counts.total() > 0

    def __str__(self) -> str:
        return ", ".join(f"{count:,} {fault}" for fault, count in self.by_fault.items())


@dataclass(frozen=True)
class Verified:
    generation: str
    rows: int
    documents: int
    """Number of documents, without tombstones."""
    drift: Drift
    differences: tuple[Difference, ...] = ()
    """Between the index and this release's definition: something else made or changed the index."""

    def __bool__(self) -> bool:
        """Whether the index matches the table and this release's definition."""
        return not self.drift and not self.differences

    def __str__(self) -> str:
        return ", ".join([str(self.drift), *map(str, self.differences)])


async def verify(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    *,
    alias: str,
    index: str,
    handle_findings: FindingsHandler = only_count,
    deep: Progress | None = None,
    epoch: SearchCacheEpoch | None = None,
) -> Verified:
    """Compare revisions, and also whole documents if `deep` is given; `deep` receives their progress.

    Findings are passed to `handle_findings` in batches.
    """
    await refresh(search, index, epoch)
    rows, documents = await digests.digest_both(engine, search, index)
    drift = Drift()
    for buckets in _group_buckets(digests.differing(rows, documents), rows):
        suspects = await _suspects(engine, search, index, buckets)
        async for findings in recheck(engine, search, alias, index, suspects, epoch=epoch):
            drift.add(findings)
            await handle_findings(findings)
    if deep is not None:
        differing = differing_contents(engine, search, alias=alias, index=index, progress=deep, epoch=epoch)
        async for findings in differing:
            drift.add(findings)
            await handle_findings(findings)
    return Verified(index, _total(rows), _total(documents), drift, await differences(search, index))


async def record(engine: AsyncEngine, verified: Verified) -> None:
    """Store the result with the generation, for `indexer status` and the metrics."""
    found = {
        "at": iso_seconds(datetime.now(UTC)),
        "rows": verified.rows,
        "documents": verified.documents,
        **verified.drift.by_fault,
    }
    await generations.store_counts(engine, verified.generation, verified=found)


def _total(found: Digests) -> int:
    return sum(digest.count for digest in found.values())


def _group_buckets(buckets: Sequence[int], rows: Digests) -> list[Sequence[int]]:
    """Group the buckets so that each group has about `ROWS_AT_ONCE` rows."""
    size = max(1, ROWS_AT_ONCE // max(1, max((digest.count for digest in rows.values()), default=1)))
    return [buckets[start : start + size] for start in range(0, len(buckets), size)]


async def _suspects(
    engine: AsyncEngine, search: AsyncOpenSearch, index: str, buckets: Collection[int]
) -> list[str]:
    rows = await digests.read_row_revisions(engine, buckets)
    documents = await digests.read_document_revisions(search, index, buckets)
    return sorted({property_id for property_id, _ in rows.items() ^ documents.items()})


async def recheck(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    alias: str,
    index: str,
    suspects: Iterable[str],
    *,
    epoch: SearchCacheEpoch | None = None,
) -> AsyncIterator[list[Finding]]:
    """Yield what is still wrong after all pending changes were drained, except refused documents."""
    left = iter(suspects)
    while ids := list(islice(left, RECHECKED_AT_ONCE)):
        before = await read_rows(engine, ids)
        await drain_pending(engine, search, alias=alias, epoch=epoch)
        indexed = await read_indexed(search, index, ids)
        after = await read_rows(engine, ids)
        known = await read_refused(engine, ids)
        yield list(_find_faults([each for each in ids if each not in known], before, indexed, after))


def _find_faults(
    ids: Iterable[str], before: Revisions, indexed: Mapping[str, IndexedState], after: Revisions
) -> Iterable[Finding]:
    for property_id in ids:
        document = indexed.get(property_id)
        fault = fault_of(before.get(property_id), document, after.get(property_id))
        if fault is not None:
            yield Finding(fault, property_id, after.get(property_id), _revision(document))


def _revision(document: IndexedState | None) -> int | None:
    return None if document is None else document.revision


AMONG_IDS = func.any(bindparam("ids", type_=ARRAY(Uuid(as_uuid=False))))


async def read_rows(engine: AsyncEngine, ids: Sequence[str]) -> Revisions:
    query = select(ID, Property.revision).where(Property.id == AMONG_IDS)
    async with engine.connect() as connection:
        return await _pairs(connection, query, ids)


async def read_refused(engine: AsyncEngine, ids: Sequence[str]) -> Revisions:
    """Return the rows with a dead letter of their newest revision; they are known to be missing."""
    query = (
        select(ID, DeadLetter.revision)
        .join(Property, Property.id == DeadLetter.property_id)
        .where(Property.id == AMONG_IDS, DeadLetter.revision >= Property.revision)
    )
    async with engine.connect() as connection:
        return await _pairs(connection, query, ids)


async def _pairs(connection: AsyncConnection, query: Any, ids: Sequence[str]) -> Revisions:
    return {row[0]: row[1] for row in await connection.execute(query, {"ids": list(ids)})}


async def read_indexed(search: AsyncOpenSearch, index: str, ids: Sequence[str]) -> dict[str, IndexedState]:
    """Return what the engine holds now, searchable or not."""
    answer = await search.mget(
        index=index, body={"ids": list(ids)}, params={"_source_includes": "revision,locality"}
    )
    return {
        found["_id"]: IndexedState(found["_source"].get("revision", 0), "locality" not in found["_source"])
        for found in answer["docs"]
        if found["found"]
    }
