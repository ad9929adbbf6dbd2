"""Generations of the index: each is one index behind the alias, from its creation to its end.

The table says what each is for, the engine has the indexes and the alias. Where both change, the
order leaves a state from which the next command goes on: a generation is registered when its index is
there, recorded live only when the alias has been read back, and recorded dropped before it is deleted.
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

from domain.generation_state import move
from indexer.audit import audit
from schemas.index.listings import INDEX, schema_hash
from schemas.settings import Settings
from schemas.tables import IndexGeneration
from schemas.vocabulary import GenerationState
from stores.answers import Epoch
from stores.crash_points import crash_here

RETENTION = timedelta(hours=24)
"""How long the generation before the live one is kept fresh, ready to take over again."""

UNFINISHED = (GenerationState.BUILDING, GenerationState.VERIFYING)
IN_USE = (*UNFINISHED, GenerationState.LIVE)
ABANDONED = timedelta(minutes=1)
"""Without a sign of life for so long, nobody is at work on what is being built."""
UNUSABLE = (GenerationState.FAILED, GenerationState.STALE)
GIVEN_UP = {
    GenerationState.BUILDING: GenerationState.FAILED,
    GenerationState.VERIFYING: GenerationState.FAILED,
    GenerationState.RETAINED: GenerationState.STALE,
}
"""What becomes of a generation that misses changes."""
FRESH = and_(
    IndexGeneration.state == GenerationState.RETAINED,
    IndexGeneration.retained_at > func.now() - RETENTION,
)
WRITABLE = or_(IndexGeneration.state.in_(IN_USE), FRESH)


class Refused(Exception):
    """Why a command was not carried out; nothing has changed for those who search."""


class ForeignGeneration(Refused):
    """Changes are not ours to take; they stay where they are."""


class PromotionFailed(Refused):
    """The alias does not lead where it was told to; nothing has been recorded."""


@dataclass(frozen=True)
class Generation:
    name: str
    alias: str
    schema_hash: str
    state: str
    is_known: bool = field(compare=False)
    """Whether its schema is ours, or was there before ours: a later one has what we know nothing of."""

    @property
    def is_current(self) -> bool:
        """Whether our documents fit it; another mapping may refuse them through no fault of theirs."""
        return self.schema_hash == schema_hash()

    @property
    def is_live(self) -> bool:
        return self.state == GenerationState.LIVE


async def create(engine: AsyncEngine, search: AsyncOpenSearch, settings: Settings) -> str:
    """Make an index and register it as a generation, which every drain from then on writes to.

    Registered first, it would be given up by a drain that does not find it. Killed in between, an index is
    left that belongs to nobody; the next reindex deletes it.
    """
    alias = settings.index_alias
    name = f"{alias}-{schema_hash()}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    async with engine.connect() as connection:
        await family(connection, alias)
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
    """The index as it is filled: without replicas, which are quicker to copy when it is done."""
    index = INDEX["settings"]["index"] | {
        "number_of_shards": settings.index_shards,
        "number_of_replicas": 0,
    }
    return INDEX | {"settings": INDEX["settings"] | {"index": index}}


async def writable(connection: AsyncConnection, alias: str) -> list[Generation]:
    """The generations that every change must reach."""
    return await _find(connection, of(alias), WRITABLE)


async def targets(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Those of them to which this release writes.

    A retained one of a later release gets nothing: our documents would look complete there without being
    so. It then lags, and no rollback goes to it unmended. One that a later release has left half built is
    given up, in the caller's transaction, when we can keep the live one level.

    Raises:
        ForeignGeneration: one is in use that this release cannot keep level.
    """
    found = await family(connection, alias)
    serves = any(each.is_live and each.is_known for each in found)
    for each in found:
        if each.is_known or each.state not in IN_USE:
            continue
        if not (serves and await give_up_abandoned(connection, each.name)):
            raise ForeignGeneration(
                f"{each.name} is {each.state} and has the schema {each.schema_hash}, which is later than"
                f" {schema_hash()} of this release, or this release has never built an index here."
                " Changes wait. Run a later release, or `indexer reindex` or `indexer rollback` of this one;"
                " `indexer prune --unfinished` gives up what is being built."
            )
    return [each for each in found if each.is_known]


async def family(connection: AsyncConnection, alias: str) -> list[Generation]:
    """All generations that every change must reach.

    Raises:
        ForeignGeneration: changes of this database feed indexes behind another alias, and each is taken
            only once.
    """
    found = await _find(connection, WRITABLE)
    if other := next((each.alias for each in found if each.alias != alias), None):
        raise ForeignGeneration(
            f"The changes of this database feed {other}, not {alias}: set INDEX_ALIAS={other},"
            " or see `Another name for the index` in docs/operations.md."
        )
    return found


async def live(connection: AsyncConnection, alias: str) -> Generation | None:
    found = await _find(connection, of(alias), IndexGeneration.state == GenerationState.LIVE)
    return found[0] if found else None


async def unfinished(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Generations whose building was broken off, the newest first."""
    return await _find(connection, of(alias), IndexGeneration.state.in_(UNFINISHED))


async def outlived(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Generations that nothing would go to: failed, stale, too old, or not the last that was live."""
    found = await _find(
        connection, of(alias), IndexGeneration.state.in_((GenerationState.RETAINED, *UNUSABLE))
    )
    kept = await fresh(connection, alias)
    return [generation for generation in found if generation not in kept[:1]]


async def fresh(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Retained generations that still take writes, the last that was live first."""
    return await _find(connection, of(alias), FRESH, by=IndexGeneration.retained_at)


async def stale(connection: AsyncConnection, alias: str) -> list[tuple[str, str]]:
    """Names of generations that were retained until they missed changes, and how, the last first."""
    query = (
        select(IndexGeneration.name, func.coalesce(IndexGeneration.error, ""))
        .where(IndexGeneration.alias == alias, IndexGeneration.state == GenerationState.STALE)
        .order_by(IndexGeneration.retained_at.desc())
    )
    return [(row[0], row[1]) for row in await connection.execute(query)]


async def standing(connection: AsyncConnection, alias: str) -> list[Generation]:
    """Generations that have not come to their end."""
    ended = (GenerationState.DROPPED, GenerationState.FAILED)
    return await _find(connection, of(alias), IndexGeneration.state.not_in(ended))


def of(alias: str) -> ColumnElement[bool]:
    return IndexGeneration.alias == alias


async def _find(
    connection: AsyncConnection,
    *conditions: ColumnElement[bool],
    by: InstrumentedAttribute[Any] = IndexGeneration.started_at,
) -> list[Generation]:
    """The newest first."""
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
    epoch: Epoch | None = None,
    *,
    action: str = "promote",
) -> None:
    """Let searches go to a generation: move the alias in one call, read it back, and only then record it.

    Raises:
        PromotionFailed: the alias leads elsewhere.
        IllegalMove: the generation is not one that may go live.
    """
    async with engine.begin() as connection:
        # The row stays locked until the end: a drain that gives the generation up does so before, or
        # finds it live, for which changes wait.
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        move(await _lock(connection, name), GenerationState.LIVE)
        await search.indices.refresh(index=name)
        async with epoch.moving() if epoch else nullcontext():
            await _lead(search, alias, name)
            crash_here("after-alias")
            # Drains make visible what the alias leads to; until a moment ago that was another index.
            await search.indices.refresh(index=name)
        reached = await alias_target(search, alias)
        if reached != [name]:
            raise PromotionFailed(f"The alias {alias} leads to {reached}, not to {name}.")
        await record_live(connection, alias, name, action)


async def _lead(search: AsyncOpenSearch, alias: str, name: str) -> None:
    """Have the alias lead to one index and to no other."""
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
        await _become(connection, before.name, GenerationState.RETAINED, retained_at=func.now())
    await _become(connection, name, GenerationState.LIVE, live_at=func.now(), retained_at=None)
    await audit(connection, action, name, live=[before and before.name, name])


async def begin_verifying(engine: AsyncEngine, name: str) -> None:
    async with engine.begin() as connection:
        await _become(connection, name, GenerationState.VERIFYING)


async def fail(engine: AsyncEngine, name: str, error: str) -> None:
    """Record why a generation is not to be used, if nobody has; the next reindex deletes its index."""
    async with engine.begin() as connection:
        if await _lock(connection, name) in UNUSABLE:
            return
        await _become(connection, name, GenerationState.FAILED, error=error)
        await audit(connection, "fail", name, error=[None, error])


async def give_up(connection: AsyncConnection, name: str, reason: str) -> GenerationState:
    """Record that a generation misses changes, so that nothing will go to it; what it was until then.

    One that is live cannot do without them and stays so, as does one that has ended.
    """
    was = await _lock(connection, name)
    if was in GIVEN_UP:
        await _become(connection, name, GIVEN_UP[was], error=reason)
        await audit(connection, "give_up", name, error=[None, reason])
    return was


async def give_up_abandoned(connection: AsyncConnection, name: str) -> bool:
    """Give up what is being built if nobody is at work on it; whether that was so."""
    is_silent = IndexGeneration.heartbeat < func.now() - ABANDONED
    # Locked as well: whoever goes on with it either has shown a sign of life, or finds it given up.
    query = (
        select(is_silent)
        .where(IndexGeneration.name == name, IndexGeneration.state.in_(UNFINISHED))
        .with_for_update()
    )
    if not await connection.scalar(query):
        return False
    minutes = ABANDONED.total_seconds() / 60
    reason = f"Nobody was at work on it for {minutes:.0f} min, so {schema_hash()} went on without it."
    await give_up(connection, name, reason)
    return True


async def drop(engine: AsyncEngine, search: AsyncOpenSearch, name: str) -> None:
    """Record the end first, so that no drain asks for an index that we have just deleted."""
    async with engine.begin() as connection:
        await _become(connection, name, GenerationState.DROPPED)
        await audit(connection, "drop", name)
    crash_here("mid-drop")
    await delete_index(search, name)


async def delete_index(search: AsyncOpenSearch, name: str) -> None:
    await search.indices.delete(index=name, params={"ignore_unavailable": "true"})


async def delete_unregistered(engine: AsyncEngine, search: AsyncOpenSearch, name: str) -> None:
    """Delete an index that no generation stands for."""
    async with engine.begin() as connection:
        await audit(connection, "delete", name)
    await delete_index(search, name)


async def note(engine: AsyncEngine, name: str, **counts: Any) -> None:
    """Keep with a generation what was counted of it."""
    async with engine.begin() as connection:
        await connection.execute(
            update(IndexGeneration)
            .where(IndexGeneration.name == name)
            .values(counts=IndexGeneration.counts.concat(literal(counts, JSONB)))
        )


async def beat(engine: AsyncEngine, name: str) -> None:
    """Say that somebody is still at work on a generation."""
    async with engine.begin() as connection:
        await connection.execute(
            update(IndexGeneration).where(IndexGeneration.name == name).values(heartbeat=func.now())
        )


async def fields(search: AsyncOpenSearch, name: str) -> frozenset[str]:
    """What a document of this index may have."""
    answer = await search.indices.get_mapping(index=name)
    return frozenset(answer[name]["mappings"]["properties"])


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
    if served and served[0] != recorded and served[0].state != GenerationState.BUILDING:
        async with engine.begin() as connection:
            await record_live(connection, alias, served[0].name)


async def _become(connection: AsyncConnection, name: str, state: GenerationState, **columns: Any) -> None:
    """Move a generation to a state.

    Raises:
        IllegalMove: it cannot be reached from where the generation is.
    """
    now = await _lock(connection, name)
    await connection.execute(
        update(IndexGeneration)
        .where(IndexGeneration.name == name)
        .values(state=move(now, state), heartbeat=func.now(), **columns)
    )


async def _lock(connection: AsyncConnection, name: str) -> GenerationState:
    """The state of a generation, which nobody else changes until the transaction ends."""
    query = select(IndexGeneration.state).where(IndexGeneration.name == name).with_for_update()
    return GenerationState((await connection.execute(query)).scalar_one())
