"""Compares everything in Postgres with everything in the index, document by document."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from opensearchpy import AsyncOpenSearch
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from indexer.changes.documents import read_page, tombstone
from schemas.index.listings import INDEX, ListingDocument
from schemas.tables import DeadLetter, Property
from tests.faults.harness.writers import Ack, AckLog

PAGE = 5_000
UNKEPT = set(INDEX["mappings"]["_source"]["excludes"])
Document = dict[str, Any]


@dataclass(frozen=True)
class Held:
    """A document in the engine, with its version."""

    version: int
    source: Document


async def differences(
    engine: AsyncEngine, search: AsyncOpenSearch, index: str, log: AckLog | None = None
) -> list[str]:
    """Return every difference between the two stores, or between them and the acknowledged writes."""
    await search.indices.refresh(index=index)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        expected = await rendered(connection)
        refused = {str(key) for key in await connection.scalars(select(DeadLetter.property_id))}
        lost = await broken_promises(connection, log) if log else []
    held = await documents(search, index)
    return [*lost, *disagreements(expected, refused, held)]


def disagreements(expected: dict[str, Document], refused: set[str], held: dict[str, Held]) -> Iterator[str]:
    for key, document in expected.items():
        found = held.get(key)
        if key in refused:
            continue  # the last accepted document is there, or none
        if found is None:
            yield f"{key} is missing"
        elif found.source != document:
            wrong = {name: found.source.get(name) for name in document.keys() | found.source.keys()}
            wrong = {name: value for name, value in wrong.items() if value != document.get(name)}
            yield f"{key} holds {wrong} instead of { ({name: document.get(name) for name in wrong}) }"
        elif found.version != document["revision"]:
            yield f"{key} has version {found.version}, not {document['revision']}"
    for key in held.keys() - expected.keys():
        found = held[key]
        buried = tombstone(UUID(key), found.version, datetime.now(UTC))
        if found.source != buried | {"deleted_at": found.source.get("deleted_at")}:
            yield f"{key} is back from the dead: {found.source}"


async def broken_promises(connection: AsyncConnection, log: AckLog) -> list[str]:
    """Return acknowledged writes that Postgres lacks; a later write with a lost answer may replace them."""
    columns = (Property.id, Property.revision, Property.title, Property.price, Property.state)
    rows = {row.id: row for row in await connection.execute(select(*columns))}
    return [
        f"{ack} was acknowledged, but Postgres holds {rows.get(key)}"
        for key, ack in log.latest.items()
        if not is_kept(ack, rows.get(key))
        and not (key in log.in_doubt and holds(log.in_doubt[key], rows.get(key)))
    ]


def is_kept(ack: Ack, row: Any) -> bool:
    return holds(ack.row, row) and (row is None or row.revision >= ack.revision)


def holds(wanted: dict[str, Any] | None, row: Any) -> bool:
    """Return whether the row has these values; None means that the row must be gone."""
    if wanted is None or row is None:
        return wanted is None and row is None
    return all(getattr(row, name) == value for name, value in wanted.items())


async def rendered(connection: AsyncConnection) -> dict[str, Document]:
    """Render every row's document, as the engine returns it."""
    found: dict[str, Document] = {}
    after = None
    while (page := await read_page(connection, after=after, until=None, limit=PAGE)).rows:
        found |= {document["id"]: kept_of(document) for document in page.documents}
        after = page.last_id
    return found


def kept_of(document: ListingDocument) -> Document:
    """Return the fields that the engine keeps in `_source`; some fields are only indexed."""
    return {name: value for name, value in orjson.loads(orjson.dumps(document)).items() if name not in UNKEPT}


async def documents(search: AsyncOpenSearch, index: str) -> dict[str, Held]:
    """Return every document in the index by id."""
    found: dict[str, Held] = {}
    body: Document = {"size": PAGE, "sort": ["id"], "version": True}
    while hits := (await search.search(index=index, body=body))["hits"]["hits"]:
        found |= {hit["_id"]: Held(hit["_version"], hit["_source"]) for hit in hits}
        body["search_after"] = hits[-1]["sort"]
    return found
