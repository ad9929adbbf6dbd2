"""Find and delete generations that are no longer needed, and indexes without a generation."""

import re
from dataclasses import dataclass

from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.lifecycle import generations


@dataclass(frozen=True)
class PrunePlan:
    generations: tuple[str, ...]
    """Generations to record as dropped; their indexes are deleted."""
    indexes: tuple[str, ...]
    """Indexes without a standing generation; they are only deleted."""


async def plan_prune(
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    alias: str,
    *,
    unfinished: bool = False,
    retained: bool = False,
) -> PrunePlan:
    """Return what neither a rollback nor a resumed reindex would use; never an index that is searched.

    Args:
        engine: the database.
        search: the engine.
        alias: the alias whose generations are examined.
        unfinished: also include generations that an interrupted reindex has filled.
        retained: also include the generations that a rollback could return to.
    """
    async with engine.connect() as connection:
        dropped = await generations.unneeded(connection, alias)
        dropped += await generations.rollback_candidates(connection, alias) if retained else []
        dropped += await generations.unfinished(connection, alias) if unfinished else []
        registered = await generations.existing(connection, alias)
    searched = set(await generations.alias_target(search, alias))
    names = dict.fromkeys(each.name for each in dropped if each.name not in searched)
    known = {generation.name for generation in registered}
    indexes = await _indexes(search, alias) - known - names.keys() - searched
    return PrunePlan(tuple(names), tuple(sorted(indexes)))


async def _indexes(search: AsyncOpenSearch, alias: str) -> set[str]:
    """Return the indexes whose names follow the naming pattern of this alias's generations."""
    pattern = re.compile(rf"{re.escape(alias)}-[0-9a-f]{{8}}-\d{{8}}-\d{{6}}-\d{{6}}")
    answer = await search.indices.get(index=f"{alias}-*", params={"filter_path": "*.settings.index.uuid"})
    return {name for name in answer if pattern.fullmatch(name)}


async def prune(engine: AsyncEngine, search: AsyncOpenSearch, planned: PrunePlan) -> None:
    for name in planned.generations:
        await generations.drop(engine, search, name)
    for name in planned.indexes:
        await generations.delete_unregistered(engine, search, name)
