"""The one sequence of revisions, and whether the index is ahead of it.

A document's revision was drawn before its row was committed, so the index can only be ahead after the
database was restored to an earlier moment. From then on the engine refuses what is newly written, as
older than what it has, and shows properties that are no more: until the sequence has passed the index and
what differs was written again.
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

MARK = "ahead"

HIGHEST: dict[str, Any] = {
    "size": 0,
    "track_total_hits": False,
    "aggs": {"highest": {"max": {"field": "revision"}}},
}
"""Read off the end of an index's tree of points, however many documents there are."""
LAST = select(func.coalesce(func.pg_sequence_last_value(literal_column(f"'{REVISIONS.name}'::regclass")), 0))

DRAW_ANEW = select(func.touch_properties(bindparam("ids", type_=ARRAY(Uuid(as_uuid=False)))))


@dataclass(frozen=True)
class Heights:
    """How far revisions have come, here and there."""

    index: int
    """The highest of a document, tombstones among them; 0 without any."""
    database: int
    """The last that was given out."""

    @property
    def ahead(self) -> int:
        """By how many revisions the index is ahead of the database; 0 is well."""
        return max(0, self.index - self.database)

    def __str__(self) -> str:
        return (
            f"The index is ahead of the database, at revision {self.index:,} of {self.database:,} that were"
            " given out: the database was restored. Run `indexer verify --repair`."
        )


async def measure(engine: AsyncEngine, search: AsyncOpenSearch, index: str) -> Heights:
    """The index is asked first: what it has was drawn before, so that no write is mistaken for a restore."""
    in_index = await highest(search, index)
    async with engine.connect() as connection:
        return Heights(in_index, await last(connection))


async def highest(search: AsyncOpenSearch, index: str) -> int:
    """Of what searches see; there may be no index yet."""
    try:
        answer = await search.search(index=index, body=HIGHEST)
    except NotFoundError:
        return 0
    return int(answer["aggregations"]["highest"]["value"] or 0)


async def last(connection: AsyncConnection) -> int:
    return int((await connection.execute(LAST)).scalar_one())


async def restored(engine: AsyncEngine, search: AsyncOpenSearch, alias: str) -> Heights | None:
    """How far the index that is searched is ahead, or was when an indexer noted it, if it is or was."""
    now = await measure(engine, search, alias)
    return now if now.ahead else await noted(engine, alias)


async def noted(engine: AsyncEngine, alias: str) -> Heights | None:
    """What writers may since have made invisible: the sequence passes the index, old documents stay."""
    is_live = (IndexGeneration.alias == alias, IndexGeneration.state == GenerationState.LIVE)
    async with engine.connect() as connection:
        mark = await connection.scalar(select(IndexGeneration.counts[MARK]).where(*is_live))
    return Heights(**mark) if mark else None


async def note(engine: AsyncEngine, alias: str, heights: Heights | None) -> None:
    """Keep with the live generation that it is ahead, or forget it."""
    async with engine.begin() as connection:
        await connection.execute(
            update(IndexGeneration)
            .where(IndexGeneration.alias == alias, IndexGeneration.state == GenerationState.LIVE)
            .values(counts=IndexGeneration.counts.concat(literal({MARK: heights and asdict(heights)}, JSONB)))
        )


async def pass_over(connection: AsyncConnection, revision: int) -> None:
    """Have no revision up to this one given out any more, in the caller's transaction.

    Writers of properties, who draw revisions, are kept waiting only when there is something to pass: no
    number must be given out twice.
    """
    if revision <= await last(connection):
        return
    await connection.execute(text("LOCK TABLE properties IN SHARE ROW EXCLUSIVE MODE"))
    before = await last(connection)
    if revision > before:
        await connection.execute(select(func.setval(REVISIONS.name, revision)))
        await audit(connection, "pass_revisions", REVISIONS.name, SEQUENCE, revision=[before, revision])


async def draw_anew(connection: AsyncConnection, ids: Sequence[str]) -> None:
    """Give rows new revisions, which owes them to the index."""
    await connection.execute(DRAW_ANEW, {"ids": list(ids)})
