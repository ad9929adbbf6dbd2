"""Digests of groups of ids (buckets), of the table and of an index, each computed by one query.

A digest is the number of ids and the sums of their revisions and prices. Revisions alone are not enough:
among listings that were never edited, one missing and one extra document would cancel out.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from opensearchpy import AsyncOpenSearch
from sqlalchemy import Float, Integer, bindparam, func, select, text
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.changes.documents import BUCKET, ID
from schemas.index.listings import BUCKETS
from schemas.tables import Property

Revisions = dict[str, int]
"""Revisions by property id."""

NO_TOMBSTONES = {"exists": {"field": "locality"}}
"""Matches documents but not tombstones, which have no locality."""

PAGE = 10_000  # the engine's limit for one response
NO_BUCKET = -1  # counts documents without a bucket, which should not exist


@dataclass(frozen=True)
class Digest:
    count: int
    revisions: float
    prices: float


Digests = dict[int, Digest]
"""Digests by bucket; empty buckets have no entry."""

ROWS = select(
    BUCKET,
    func.count(),
    sql_cast(func.sum(Property.revision), Float),
    sql_cast(func.sum(Property.price), Float),
).group_by(BUCKET)
IN_BUCKETS = select(ID, Property.revision).where(
    sql_cast(BUCKET, Integer).in_(bindparam("buckets", expanding=True))
)
DOCUMENTS: dict[str, Any] = {
    "size": 0,
    "track_total_hits": False,
    "query": NO_TOMBSTONES,
    "aggs": {
        "buckets": {
            "terms": {"field": "bucket", "size": BUCKETS + 1, "missing": NO_BUCKET},
            "aggs": {name: {"sum": {"field": name}} for name in ("revision", "price")},
        }
    },
}


async def digest_both(engine: AsyncEngine, search: AsyncOpenSearch, index: str) -> tuple[Digests, Digests]:
    """Return the digests of the rows and of the searchable documents, read at about the same time."""
    rows, documents = await asyncio.gather(digest_rows(engine), digest_documents(search, index))
    return rows, documents


async def digest_rows(engine: AsyncEngine) -> Digests:
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        # The planner does not know how few buckets there are and would sort a million rows.
        await connection.execute(text("SET LOCAL enable_sort = off"))
        return {bucket: Digest(*sums) for bucket, *sums in await connection.execute(ROWS)}


async def digest_documents(search: AsyncOpenSearch, index: str) -> Digests:
    answer = await search.search(index=index, body=DOCUMENTS, params={"request_cache": "false"})
    return {
        found["key"]: Digest(found["doc_count"], found["revision"]["value"], found["price"]["value"])
        for found in answer["aggregations"]["buckets"]["buckets"]
    }


def differing(rows: Digests, documents: Digests) -> list[int]:
    return sorted(
        bucket for bucket in rows.keys() | documents.keys() if rows.get(bucket) != documents.get(bucket)
    )


async def read_row_revisions(engine: AsyncEngine, buckets: Iterable[int]) -> Revisions:
    async with engine.connect() as connection:
        return {row[0]: row[1] for row in await connection.execute(IN_BUCKETS, {"buckets": list(buckets)})}


async def read_document_revisions(search: AsyncOpenSearch, index: str, buckets: Iterable[int]) -> Revisions:
    revisions: Revisions = {}
    body = _documents_in(buckets)
    while hits := (await search.search(index=index, body=body))["hits"]["hits"]:
        revisions |= {hit["_id"]: hit.get("fields", {}).get("revision", [0])[0] for hit in hits}
        body["search_after"] = hits[-1]["sort"]
    return revisions


def _documents_in(buckets: Iterable[int]) -> dict[str, Any]:
    wanted = list(buckets)
    among: list[dict[str, Any]] = [{"terms": {"bucket": wanted}}]
    if NO_BUCKET in wanted:
        among.append({"bool": {"must_not": {"exists": {"field": "bucket"}}}})
    return {
        "size": PAGE,
        "query": {"bool": {"filter": [NO_TOMBSTONES, {"bool": {"should": among}}]}},
        "sort": ["id"],
        "_source": False,
        "docvalue_fields": ["revision"],
    }
