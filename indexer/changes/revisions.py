"""The one sequence of revisions, and whether the index is ahead of it.

A document's revision is drawn before its row is committed, so the index can only be ahead after the
database was restored to an earlier moment. From then on the engine refuses new writes as older than what
it has, and still shows properties that no longer exist. This lasts until the sequence has passed the index
and everything that differs was written again.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError
from sqlalchemy import ARRAY, Uuid, bindparam, func, literal, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.audit import SEQUENCE, audit
from schemas.tables import REVISIONS, IndexGeneration
from schemas.vocabulary import GenerationState

RESTORE_NOTE = "ahead"

HIGHEST: dict[str, Any] = {
    "size": 0,
    "track_total_hits": False,
    "aggs": {"highest": {"max": {"field": "revision"}}},
}
"""Cheap for any number of documents: the maximum is read from the end of the index's point tree."""
LAST_DRAWN = select(
    func.coalesce(func.pg_sequence_last_value(literal_column(f"'{REVISIONS.name}'::regclass")), 0)
)

DRAW_NEW_REVISIONS = select(func.touch_properties(bindparam("ids", type_=ARRAY(Uuid(as_uuid=False)))))


@dataclass(frozen=True)
class RevisionHeights:
    """The highest revision in the index and in the database."""

    index: int
    """The highest revision of a document or tombstone; 0 if the index is empty."""
    database: int
    """The last revision that the sequence gave out."""

    @property
    def ahead(self) -> int:
        """By how many revisions the index is ahead of the database; 0 in normal operation."""
        return max(0, self.index - self.database)

    def __str__(self) -> str:
        return (
            f"The index is ahead of the database, at revision {self.index:,} of {self.database:,} that were"
            " given out: the database was restored. Run `indexer verify --repair`."
        )


async def read_heights(engine: AsyncEngine, search: AsyncOpenSearch, index: str) -> RevisionHeights:
    """Read both heights, the index first.

    Its revisions were drawn before the sequence is read, so a concurrent write does not look like a restore.
    """
    in_index = await highest_in_index(search, index)
    async with engine.connect() as connection:
        return RevisionHeights(in_index, await last_drawn(connection))


async def highest_in_index(search: AsyncOpenSearch, index: str) -> int:
    """Return the highest searchable revision; 0 if the index does not exist."""
    try:
        answer = await search.search(index=index, body=HIGHEST)
    except NotFoundError:
        return 0
    return int(answer["aggregations"]["highest"]["value"] or 0)


async def last_drawn(connection: AsyncConnection) -> int:
    return int((await connection.execute(LAST_DRAWN)).scalar_one())


async def find_restore(engine: AsyncEngine, search: AsyncOpenSearch, alias: str) -> RevisionHeights | None:
    """Return how far the live index is ahead, or was when an indexer noted it; otherwise None."""
    now = await read_heights(engine, search, alias)
    return now if now.ahead else await read_restore_note(engine, alias)


async def read_restore_note(engine: AsyncEngine, alias: str) -> RevisionHeights | None:
    """Return the heights that were noted with the live generation, or None.

    The note is needed because later writes hide a restore: the sequence passes the index, but outdated
    documents stay.
    """
    is_live = (IndexGeneration.alias == alias, IndexGeneration.state == GenerationState.LIVE)
    async with engine.connect() as connection:
        mark = await connection.scalar(select(IndexGeneration.counts[RESTORE_NOTE]).where(*is_live))
    return RevisionHeights(**mark) if mark else None


async def store_restore_note(engine: AsyncEngine, alias: str, heights: RevisionHeights | None) -> None:
    """Store the heights with the live generation, or clear the note with None."""
    async with engine.begin() as connection:
        await connection.execute(
            update(IndexGeneration)
            .where(IndexGeneration.alias == alias, IndexGeneration.state == GenerationState.LIVE)
            .values(
                counts=IndexGeneration.counts.concat(
                    literal({RESTORE_NOTE: heights and asdict(heights)}, JSONB)
                )
            )
        )


async def advance_sequence(connection: AsyncConnection, revision: int) -> None:
    """Move the sequence past this revision, in the caller's transaction.

    If the sequence has to move, the table is locked against writers, which draw revisions, so that no
    revision is given out twice. Otherwise this is a no-op.
    """
    if revision <= await last_drawn(connection):
        return
    await connection.execute(text("LOCK TABLE properties IN SHARE ROW EXCLUSIVE MODE"))
    before = await last_drawn(connection)
    if revision > before:
        await connection.execute(select(func.setval(REVISIONS.name, revision)))
        await audit(connection, "pass_revisions", REVISIONS.name, SEQUENCE, revision=[before, revision])


async def draw_new_revisions(connection: AsyncConnection, ids: Sequence[str]) -> None:
    """Give rows new revisions; the triggers queue them for indexing."""
    await connection.execute(DRAW_NEW_REVISIONS, {"ids": list(ids)})
