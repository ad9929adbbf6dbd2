"""Generations of the index: each is one index of the alias, from its creation to its deletion.

The table records the state of each generation; the engine holds the indexes and the alias. Changes to both
are ordered so that after a crash the next command can continue: a generation is registered after its index
was created, recorded live only after the alias was read back, and recorded dropped before its index is
deleted.
"""

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError
from sqlalchemy import ColumnElement, and_, false, func, insert, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import InstrumentedAttribute, aliased

from domain.states.generation_state import move
from indexer.audit import audit
from runtime.crash_points import crash_here
from schemas.index.listings import INDEX, schema_hash
from schemas.settings import Settings
from schemas.tables import IndexGeneration
from schemas.vocabulary import GenerationState
from stores.answers import SearchCacheEpoch

RETENTION = timedelta(hours=24)
"""How long the previous generation still receives writes, so that a rollback is possible."""

UNFINISHED = (GenerationState.BUILDING, GenerationState.VERIFYING)
IN_USE = (*UNFINISHED, GenerationState.LIVE)
ABANDONED_AFTER = timedelta(minutes=1)
"""A build without a heartbeat for this long counts as abandoned."""
UNUSABLE = (GenerationState.FAILED, GenerationState.STALE)
UNUSABLE_STATE = {
    GenerationState.BUILDING: GenerationState.FAILED,
    GenerationState.VERIFYING: GenerationState.FAILED,
    GenerationState.RETAINED: GenerationState.STALE,
}
"""The state that a generation gets when it misses changes, by its current state."""
IS_ROLLBACK_CANDIDATE = and_(
    IndexGeneration.state == GenerationState.RETAINED,
    IndexGeneration.retained_at > func.now() - RETENTION,
)
WRITABLE = or_(IndexGeneration.state.in_(IN_USE), IS_ROLLBACK_CANDIDATE)


class Refused(Exception):
    """A command was not carried out; searches are not affected."""


class ForeignGeneration(Refused):
    """Pending changes must not be settled here; they stay in the outbox."""


class PromotionFailed(Refused):
    """The alias does not lead to the promoted index; nothing has been recorded."""


@dataclass(frozen=True)
class Generation:
    name: str
    alias: str
    schema_hash: str
    state: str
    is_known: bool = field(compare=False)
    """Whether its schema is this release's or an earlier one. This release does not know later schemas."""

    @property
    def is_current(self) -> bool:
        """Whether it has this release's schema. Another mapping may refuse documents that are valid."""
        return self.schema_hash == schema_hash()

    @property
    def is_live(self) -> bool:
        return self.state == GenerationState.LIVE


async def create(engine: AsyncEngine, search: AsyncOpenSearch, settings: Settings) -> str:
    """Create an index, register it as a generation and return its name; drains write to it from then on.

    The index comes first, because a drain gives up a registered generation without one. A kill in between
    leaves an unregistered index, which the next reindex deletes.
    """
    alias = settings.index_alias
    name = f"{alias}-{schema_hash()}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    async with engine.connect() as connection:
        await all_writable(connection, alias)
    await search.indices.create(index=name, body=index_body(settings))
    crash_here("after-index")
    async with engine.begin() as connection:
        await connection.execute(
            insert(IndexGeneration).values(
                name=name, alias=alias, schema_hash=schema_hash(), state=GenerationState.BUILDING
            )
        )
        await audit(connection, "create", name)
    crash_here("after-register")
    return name


def index_body(settings: Settings) -> dict[str, Any]:
    """Return the index definition for the fill. Replicas are added later; copying a full index is faster."""
    index = INDEX["settings"]["index"] | {
        "number_of_shards": settings.index_shards,
        "number_of_replicas": 0,
    }
    return INDEX | {"settings": INDEX["settings"] | {"index": index}}


async def writable(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Return the generations of the alias that every change must reach."""
    return await _find(connection, has_alias(alias), WRITABLE)


async def targets(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Return the writable generations that this release writes to.

    A retained generation of a later release gets no writes, because this release's documents would look
    complete there but are not. It then lags, and a rollback refuses it until it is repaired. An abandoned
    build of a later release is given up in the caller's transaction, if this release knows the live schema.

    Raises:
        ForeignGeneration: a generation in use cannot be kept up to date by this release.
    """
    found = await all_writable(connection, alias)
    serves = any(each.is_live and each.is_known for each in found)
    for each in found:
        if each.is_known or each.state not in IN_USE:
            continue
        if not (serves and await fail_abandoned(connection, each.name)):
            raise ForeignGeneration(
                f"{each.name} is {each.state} and has the schema {each.schema_hash}, which is later than"
                f" {schema_hash()} of this release, or this release has never built an index here."
                " Changes wait. Run a later release, or `indexer reindex` or `indexer rollback` of this one;"
                " `indexer prune --unfinished` gives up what is being built."
            )
    return [each for each in found if each.is_known]


async def all_writable(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Return all generations that every change must reach.

    Raises:
        ForeignGeneration: the changes of this database feed another alias; each change is settled only
            once, so it cannot feed two.
    """
    found = await _find(connection, WRITABLE)
    if other := next((each.alias for each in found if each.alias != alias), None):
        raise ForeignGeneration(
            f"The changes of this database feed {other}, not {alias}: set INDEX_ALIAS={other},"
            " or see `Another name for the index` in docs/operations.md."
        )
    return found


async def live(connection: AsyncConnection, alias: str) -> Generation | None:
    found = await _find(connection, has_alias(alias), IndexGeneration.state == GenerationState.LIVE)
    return found[0] if found else None


async def unfinished(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Return the generations that are being built or verified, newest first."""
    return await _find(connection, has_alias(alias), IndexGeneration.state.in_(UNFINISHED))


async def unneeded(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Return generations that no rollback would use: failed, stale, too old, or not the last live one."""
    found = await _find(
        connection, has_alias(alias), IndexGeneration.state.in_((GenerationState.RETAINED, *UNUSABLE))
    )
    kept = await rollback_candidates(connection, alias)
    return [generation for generation in found if generation not in kept[:1]]


async def rollback_candidates(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Return the retained generations that still receive writes, the last retained first."""
    return await _find(connection, has_alias(alias), IS_ROLLBACK_CANDIDATE, by=IndexGeneration.retained_at)


async def stale(connection: AsyncConnection, alias: str) -> list[tuple[str, str]]:
    """Return names and errors of retained generations that missed changes, the last retained first."""
    query = (
        select(IndexGeneration.name, func.coalesce(IndexGeneration.error, ""))
        .where(IndexGeneration.alias == alias, IndexGeneration.state == GenerationState.STALE)
        .order_by(IndexGeneration.retained_at.desc())
    )
    return [(row[0], row[1]) for row in await connection.execute(query)]


async def existing(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Return the generations that are neither dropped nor failed, newest first."""
    ended = (GenerationState.DROPPED, GenerationState.FAILED)
    return await _find(connection, has_alias(alias), IndexGeneration.state.not_in(ended))


def has_alias(alias: str) -> ColumnElement[bool]:
    return IndexGeneration.alias == alias


async def _find(
    connection: AsyncConnection,
    *conditions: ColumnElement[bool],
    by: InstrumentedAttribute[Any] = IndexGeneration.started_at,
) -> list[Generation]:
    """Return the matching generations, latest `by` first.

    A schema is known if it was first used no later than this release's schema.
    """
    first_of_all, first_of_ours = aliased(IndexGeneration), aliased(IndexGeneration)
    since = (
        select(func.min(first_of_all.started_at))
        .where(first_of_all.schema_hash == IndexGeneration.schema_hash)
        .scalar_subquery()
    )
    ours = (
        select(func.min(first_of_ours.started_at))
        .where(first_of_ours.schema_hash == schema_hash())
        .scalar_subquery()
    )
    query = (
        select(
            IndexGeneration.name,
            IndexGeneration.alias,
            IndexGeneration.schema_hash,
            IndexGeneration.state,
            func.coalesce(since <= ours, false()),
        )
        .where(*conditions)
        .order_by(by.desc())
    )
    return [Generation(*row) for row in await connection.execute(query)]


async def promote(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    alias: str,
    name: str,
    epoch: SearchCacheEpoch | None = None,
    *,
    action: str = "promote",
) -> None:
    """Make a generation live: move the alias in one call, read it back, and only then record it.

    Raises:
        PromotionFailed: the alias leads elsewhere.
        IllegalMove: the generation is in a state from which it cannot go live.
    """
    async with engine.begin() as connection:
        # The row stays locked until the end. A drain can give the generation up only before; afterwards it
        # finds it live, and its changes wait.
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        move(await _lock(connection, name), GenerationState.LIVE)
        await search.indices.refresh(index=name)
        async with epoch.invalidating() if epoch else nullcontext():
            await _point_alias(search, alias, name)
            crash_here("after-alias")
            # Drains refresh the alias, which led to another index until now.
            await search.indices.refresh(index=name)
        reached = await alias_target(search, alias)
        if reached != [name]:
            raise PromotionFailed(f"The alias {alias} leads to {reached}, not to {name}.")
        await record_live(connection, alias, name, action)


async def _point_alias(search: AsyncOpenSearch, alias: str, name: str) -> None:
    """Point the alias at this index only."""
    others = [index for index in await alias_target(search, alias) if index != name]
    removals = [{"remove": {"index": index, "alias": alias}} for index in others]
    await search.indices.update_aliases(
        body={"actions": [*removals, {"add": {"index": name, "alias": alias}}]}
    )


async def record_live(connection: AsyncConnection, alias: str, name: str, action: str = "promote") -> None:
    before = await live(connection, alias)
    if before is not None and before.name == name:
        return
    if before is not None:
        await _set_state(connection, before.name, GenerationState.RETAINED, retained_at=func.now())
    await _set_state(connection, name, GenerationState.LIVE, live_at=func.now(), retained_at=None)
    await audit(connection, action, name, live=[before and before.name, name])


async def begin_verifying(engine: AsyncEngine, name: str) -> None:
    async with engine.begin() as connection:
        await _set_state(connection, name, GenerationState.VERIFYING)


async def fail(engine: AsyncEngine, name: str, error: str) -> None:
    """Record a generation as failed, unless it is unusable already; the next reindex deletes its index."""
    async with engine.begin() as connection:
        if await _lock(connection, name) in UNUSABLE:
            return
        await _set_state(connection, name, GenerationState.FAILED, error=error)
        await audit(connection, "fail", name, error=[None, error])


async def mark_unusable(connection: AsyncConnection, name: str, reason: str) -> GenerationState:
    """Record that a generation misses changes, so that it is not used; return its previous state.

    A no-op if the generation is live, because it must not miss changes, or if it has ended.
    """
    was = await _lock(connection, name)
    if was in UNUSABLE_STATE:
        await _set_state(connection, name, UNUSABLE_STATE[was], error=reason)
        await audit(connection, "give_up", name, error=[None, reason])
    return was


async def fail_abandoned(connection: AsyncConnection, name: str) -> bool:
    """Give up an unfinished generation if it is abandoned; return whether it was."""
    is_silent = IndexGeneration.heartbeat < func.now() - ABANDONED_AFTER
    # Locked, so that a resumed build has either sent a heartbeat before or finds the generation given up.
    query = (
        select(is_silent)
        .where(IndexGeneration.name == name, IndexGeneration.state.in_(UNFINISHED))
        .with_for_update()
    )
    if not await connection.scalar(query):
        return False
    minutes = ABANDONED_AFTER.total_seconds() / 60
    reason = f"Nobody was at work on it for {minutes:.0f} min, so {schema_hash()} went on without it."
    await mark_unusable(connection, name, reason)
    return True


async def drop(engine: AsyncEngine, search: AsyncOpenSearch, name: str) -> None:
    """Delete a generation. It is recorded first, so that no drain writes to a deleted index."""
    async with engine.begin() as connection:
        await _set_state(connection, name, GenerationState.DROPPED)
        await audit(connection, "drop", name)
    crash_here("mid-drop")
    await delete_index(search, name)


async def delete_index(search: AsyncOpenSearch, name: str) -> None:
    await search.indices.delete(index=name, params={"ignore_unavailable": "true"})


async def delete_unregistered(engine: AsyncEngine, search: AsyncOpenSearch, name: str) -> None:
    """Delete an index that is not registered as a generation."""
    async with engine.begin() as connection:
        await audit(connection, "delete", name)
    await delete_index(search, name)


async def store_counts(engine: AsyncEngine, name: str, **counts: Any) -> None:
    """Merge counts into those stored with the generation."""
    async with engine.begin() as connection:
        await connection.execute(
            update(IndexGeneration)
            .where(IndexGeneration.name == name)
            .values(counts=IndexGeneration.counts.concat(literal(counts, JSONB)))
        )


async def update_heartbeat(engine: AsyncEngine, name: str) -> None:
    """Update the heartbeat of a generation."""
    async with engine.begin() as connection:
        await connection.execute(
            update(IndexGeneration).where(IndexGeneration.name == name).values(heartbeat=func.now())
        )


async def mapped_fields(search: AsyncOpenSearch, name: str) -> frozenset[str]:
    """Return the field names in the mapping of an index."""
    answer = await search.indices.get_mapping(index=name)
    return frozenset(answer[name]["mappings"]["properties"])


async def exists(search: AsyncOpenSearch, name: str) -> bool:
    return bool(await search.indices.exists(index=name))


async def alias_target(search: AsyncOpenSearch, alias: str) -> list[str]:
    """Return the indexes behind the alias: one, or an empty list before the first promotion."""
    try:
        return sorted(await search.indices.get_alias(name=alias))
    except NotFoundError:
        return []


async def reconcile(engine: AsyncEngine, search: AsyncOpenSearch, alias: str) -> None:
    """Update the table from the engine, after a kill between the two or an index deleted by hand."""
    async with engine.connect() as connection:
        registered = await writable(connection, alias)
        recorded = await live(connection, alias)
    for generation in registered:
        if not await exists(search, generation.name):
            await fail(engine, generation.name, "Its index is not there.")
    target = await alias_target(search, alias)
    served = [generation for generation in registered if [generation.name] == target]
    if served and served[0] != recorded and served[0].state != GenerationState.BUILDING:
        async with engine.begin() as connection:
            await record_live(connection, alias, served[0].name)


async def _set_state(connection: AsyncConnection, name: str, state: GenerationState, **columns: Any) -> None:
    """Move a generation to a state.

    Raises:
        IllegalMove: the state cannot be reached from the current one.
    """
    now = await _lock(connection, name)
    await connection.execute(
        update(IndexGeneration)
        .where(IndexGeneration.name == name)
        .values(state=move(now, state), heartbeat=func.now(), **columns)
    )


async def _lock(connection: AsyncConnection, name: str) -> GenerationState:
    """Lock the row of a generation until the transaction ends, and return its state."""
    query = select(IndexGeneration.state).where(IndexGeneration.name == name).with_for_update()
    return GenerationState((await connection.execute(query)).scalar_one())
