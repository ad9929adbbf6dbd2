"""`verify --deep`: compare whole documents with their rows, to find what revisions cannot show."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.changes.documents import RenderedPage, read_documents, read_page
from indexer.changes.drain import drain_pending
from indexer.lifecycle.fill import Progress, count_rows
from indexer.verification.findings import Fault, Finding
from schemas.index.listings import MAPPING
from stores.answers import SearchCacheEpoch

PAGE = 2_000
NOT_RETURNED = frozenset(MAPPING["_source"]["excludes"])
"""Fields that the engine indexes but does not return. A change to them still changes the revision."""

Contents = dict[str, dict[str, Any]]
"""Documents by id, without the `NOT_RETURNED` fields."""


async def differing_contents(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    *,
    alias: str,
    index: str,
    progress: Progress,
    epoch: SearchCacheEpoch | None = None,
) -> AsyncIterator[list[Finding]]:
    """Yield, page by page, the documents with their row's revision but different content."""
    async with engine.connect() as connection:
        total = await count_rows(connection)
    seen, after = 0, None
    while (page := await _page(engine, after)).rows:
        documents = contents(page)
        indexed = await read_contents(search, index, list(documents))
        if suspects := [UUID(each) for each in documents if _differ(documents[each], indexed.get(each))]:
            yield await _recheck(engine, search, alias, index, suspects, epoch=epoch)
        seen, after = seen + page.rows, page.last_id
        await progress(seen, max(seen, total))


async def _page(engine: AsyncEngine, after: UUID | None) -> RenderedPage:
    async with engine.connect() as connection:
        return await read_page(connection, after=after, until=None, limit=PAGE)


def contents(rendered: RenderedPage) -> Contents:
    """Return the documents as the engine would return them, that is after a JSON round trip."""
    return {document["id"]: orjson.loads(orjson.dumps(document)) for document in _returned_fields(rendered)}


def _returned_fields(rendered: RenderedPage) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in document.items() if name not in NOT_RETURNED}
        for document in rendered.documents
    ]


async def read_contents(search: AsyncOpenSearch, index: str, ids: Sequence[str]) -> Contents:
    if not ids:
        return {}
    answer = await search.mget(index=index, body={"ids": list(ids)})
    return {found["_id"]: found["_source"] for found in answer["docs"] if found["found"]}


def _differ(document: Mapping[str, Any], indexed: Mapping[str, Any] | None) -> bool:
    """Whether they have one revision but differ. The digests already find differing revisions."""
    return indexed is not None and indexed.get("revision") == document["revision"] and indexed != document


async def _recheck(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    alias: str,
    index: str,
    suspects: Sequence[UUID],
    *,
    epoch: SearchCacheEpoch | None,
) -> list[Finding]:
    await drain_pending(engine, search, alias=alias, epoch=epoch)
    indexed = await read_contents(search, index, [str(property_id) for property_id in suspects])
    async with engine.connect() as connection:
        documents = contents(await read_documents(connection, suspects))
    return [
        Finding(Fault.DIFFERENT, property_id, document["revision"], document["revision"])
        for property_id, document in documents.items()
        if _differ(document, indexed.get(property_id))
    ]
