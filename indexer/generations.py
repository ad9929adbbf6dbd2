"""Generations of the index: each is one index behind the alias, from its creation to its end.

The table says what each is for, the engine has the indexes and the alias. Where both change, the
order leaves a state from which the next command goes on: a generation is registered before its index
is made, recorded live only when the alias has been read back, and recorded dropped before it is deleted.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError
from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from schemas.index.listings import INDEX, schema_hash
from schemas.settings import Settings
from schemas.tables import AuditRow, IndexGeneration
from schemas.vocabulary import GenerationState
from stores.answers import Epoch

RETENTION = timedelta(hours=24)
"""How long the generation before the live one is kept fresh, ready to take over again."""

IN_USE = (GenerationState.BUILDING, GenerationState.VERIFYING, GenerationState.LIVE)
NAMES = (IndexGeneration.name, IndexGeneration.alias, IndexGeneration.schema_hash, IndexGeneration.state)


class PromotionFailed(Exception):
    """The alias does not lead where it was told to; nothing has been recorded."""


@dataclass(frozen=True)
class Generation:
    name: str
    alias: str
    schema_hash: str
    state: str

    @property
    def is_current(self) -> bool:
        """Whether our documents fit it; another mapping may refuse them through no fault of theirs."""
        return self.schema_hash == schema_hash()


async def create(engine: AsyncEngine, search: AsyncOpenSearch, settings: Settings) -> str:
    """Register a generation, which every drain from now on writes to, and make its index."""
    alias = settings.index_alias
    name = f"{alias}-{schema_hash()}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    async with engine.begin() as connection:
        await connection.execute(
            insert(IndexGeneration).values(
                name=name, alias=alias, schema_hash=schema_hash(), state=GenerationState.BUILDING
            )
        )
        await audit(connection, "create", name)
    await search.indices.create(index=name, body=index_body(settings))
    return name


def index_body(settings: Settings) -> dict[str, Any]:
    """The index as it is filled: without replicas, which are quicker to copy when it is done."""
    index = INDEX["settings"]["index"] | {
        "number_of_shards": settings.index_shards,
        "number_of_replicas": 0,
    }
    return INDEX | {"settings": INDEX["settings"] | {"index": index}}


async def writable(connection: AsyncConnection, alias: str) -> list[Generation]:
    """The generations that every change must reach."""
    retained = and_(
        IndexGeneration.state == GenerationState.RETAINED,
        IndexGeneration.retained_at > func.now() - RETENTION,
    )
    return await _find(connection, alias, or_(IndexGeneration.state.in_(IN_USE), retained))


async def live(connection: AsyncConnection, alias: str) -> Generation | None:
    found = await _find(connection, alias, IndexGeneration.state == GenerationState.LIVE)
    return found[0] if found else None


async def unfinished(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Generations whose building was broken off, the newest first."""
    building = IndexGeneration.state.in_((GenerationState.BUILDING, GenerationState.VERIFYING))
    return await _find(connection, alias, building)


async def outlived(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Retained generations that no rollback would go to: too old, or not the last that was live."""
    is_retained = IndexGeneration.state == GenerationState.RETAINED
    retained = await _find(connection, alias, is_retained)
    kept = await _find(
        connection, alias, and_(is_retained, IndexGeneration.retained_at > func.now() - RETENTION)
    )
    return [generation for generation in retained if generation not in kept[:1]]


async def failed(connection: AsyncConnection, alias: str) -> list[Generation]:
    return await _find(connection, alias, IndexGeneration.state == GenerationState.FAILED)


async def _find(connection: AsyncConnection, alias: str, condition: ColumnElement[bool]) -> list[Generation]:
    query = (
        select(*NAMES)
        .where(IndexGeneration.alias == alias, condition)
        .order_by(IndexGeneration.started_at.desc())
    )
    return [Generation(*row) for row in await connection.execute(query)]


async def promote(
    engine: AsyncEngine, search: AsyncOpenSearch, alias: str, name: str, epoch: Epoch | None = None
) -> None:
    """Let searches go to a generation: move the alias in one call, read it back, and only then record it.

    Raises:
        PromotionFailed: the alias leads elsewhere.
    """
    others = [index for index in await alias_target(search, alias) if index != name]
    removals = [{"remove": {"index": index, "alias": alias}} for index in others]
    async with epoch.moving() if epoch else nullcontext():
        await search.indices.update_aliases(
            body={"actions": [*removals, {"add": {"index": name, "alias": alias}}]}
        )
    reached = await alias_target(search, alias)
    if reached != [name]:
        raise PromotionFailed(f"The alias {alias} leads to {reached}, not to {name}.")
    await record_live(engine, alias, name)


async def record_live(engine: AsyncEngine, alias: str, name: str) -> None:
    async with engine.begin() as connection:
        before = await live(connection, alias)
        if before is not None and before.name != name:
            await _become(connection, before.name, GenerationState.RETAINED, retained_at=func.now())
        await _become(connection, name, GenerationState.LIVE, live_at=func.now(), retained_at=None)
        await audit(connection, "promote", name, live=[before and before.name, name])


async def begin_verifying(engine: AsyncEngine, name: str) -> None:
    async with engine.begin() as connection:
        await _become(connection, name, GenerationState.VERIFYING)


async def fail(engine: AsyncEngine, name: str, error: str) -> None:
    """Record why a generation is not to be used; the next reindex deletes its index."""
    async with engine.begin() as connection:
        await _become(connection, name, GenerationState.FAILED, error=error)
        await audit(connection, "fail", name, error=[None, error])


async def drop(engine: AsyncEngine, search: AsyncOpenSearch, name: str) -> None:
    """Record the end first, so that no drain asks for an index that we have just deleted."""
    async with engine.begin() as connection:
        await _become(connection, name, GenerationState.DROPPED)
        await audit(connection, "drop", name)
    await delete_index(search, name)


async def delete_index(search: AsyncOpenSearch, name: str) -> None:
    await search.indices.delete(index=name, params={"ignore_unavailable": "true"})


async def exists(search: AsyncOpenSearch, name: str) -> bool:
    return bool(await search.indices.exists(index=name))


async def alias_target(search: AsyncOpenSearch, alias: str) -> list[str]:
    """The indexes behind the alias: one, or none before the first promotion."""
    try:
        return sorted(await search.indices.get_alias(name=alias))
    except NotFoundError:
        return []


async def reconcile(engine: AsyncEngine, search: AsyncOpenSearch, alias: str) -> None:
    """Bring the table level with the engine, after a kill in between or an index deleted by hand."""
    async with engine.connect() as connection:
        registered = await writable(connection, alias)
        recorded = await live(connection, alias)
    for generation in registered:
        if not await exists(search, generation.name):
            await fail(engine, generation.name, "Its index is not there.")
    target = await alias_target(search, alias)
    served = [generation for generation in registered if [generation.name] == target]
    if served and served[0] != recorded:
        await record_live(engine, alias, served[0].name)


async def audit(connection: AsyncConnection, action: str, name: str, **changes: list[Any]) -> None:
    """Leave a trace of an operator's command, in its transaction."""
    await connection.execute(
        insert(AuditRow).values(
            actor="indexer",
            action=f"index.{action}",
            entity_type="index_generation",
            entity_id=name,
            changes=changes,
        )
    )


async def _become(connection: AsyncConnection, name: str, state: GenerationState, **columns: Any) -> None:
    await connection.execute(
        update(IndexGeneration).where(IndexGeneration.name == name).values(state=state, **columns)
    )
