"""Checks that Postgres and OpenSearch hold the same rows at the same revisions."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from opensearchpy import AsyncOpenSearch
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.changes import documents
from indexer.changes.documents import Tombstone
from indexer.verification.digests import NO_TOMBSTONES
from schemas.tables import DeadLetter, Property

Revisions = dict[str, int]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def tombstone(property_id: UUID, revision: int) -> Tombstone:
    """Return the tombstone of a property deleted at noon."""
    return documents.tombstone(property_id, revision, NOON)


async def agree(engine: AsyncEngine, search: AsyncOpenSearch, index: str) -> None:
    """Fail unless every row has its document at the same revision and the index holds nothing else."""
    await search.indices.refresh(index=index)
    assert await document_revisions(search, index) == await row_revisions(engine)


async def row_revisions(engine: AsyncEngine) -> Revisions:
    async with engine.connect() as connection:
        rows = await connection.execute(select(Property.id, Property.revision))
        return {str(property_id): revision for property_id, revision in rows}


async def document_revisions(search: AsyncOpenSearch, index: str) -> Revisions:
    """Return revisions by id, without tombstones."""
    revisions: Revisions = {}
    body: dict[str, Any] = {"query": NO_TOMBSTONES, "size": 5_000, "sort": ["id"], "_source": ["revision"]}
    while hits := (await search.search(index=index, body=body))["hits"]["hits"]:
        revisions |= {hit["_id"]: hit["_source"]["revision"] for hit in hits}
        body["search_after"] = hits[-1]["sort"]
    return revisions


async def document(search: AsyncOpenSearch, index: str, property_id: object) -> dict[str, Any]:
    answer = await search.get(index=index, id=str(property_id))
    return dict(answer["_source"])


async def titles(search: AsyncOpenSearch, index: str) -> set[str]:
    """Return the titles of the active documents that a search would find."""
    body = {"query": {"term": {"is_active": True}}, "size": 1_000, "_source": ["title"]}
    answer = await search.search(index=index, body=body)
    return {hit["_source"]["title"] for hit in answer["hits"]["hits"]}


async def letters(engine: AsyncEngine) -> dict[str, tuple[int, str, int]]:
    """Return revision, error type and attempts of each dead letter, by property id."""
    columns = (DeadLetter.property_id, DeadLetter.revision, DeadLetter.error_type, DeadLetter.attempts)
    async with engine.connect() as connection:
        rows = await connection.execute(select(*columns))
        return {str(row.property_id): (row.revision, row.error_type, row.attempts) for row in rows}


async def pending(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return await connection.scalar(text("SELECT count(*) FROM search_outbox")) or 0


async def plain_sql(engine: AsyncEngine, statement: str, **values: Any) -> None:
    """Commit an SQL statement as an operator would."""
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


async def store_many(engine: AsyncEngine, count: int) -> None:
    """Commit `count` homes in one statement."""
    await plain_sql(
        engine,
        """
        INSERT INTO properties (title, locality, sector, property_type, listing_type, bhk, area_sqft,
                                area_basis, price, state)
        SELECT 'Home ' || n, 'Sector 62', '62', 'apartment', 'sale', 1 + n % 4, 900 + n % 900,
               'super', 5000000 + n, 'active'
        FROM generate_series(1, :count) n
        """,
        count=count,
    )
