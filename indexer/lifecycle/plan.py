"""What a release needs of the index (nothing, new fields, or a reindex), and what that costs."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from opensearchpy import AsyncOpenSearch
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.lifecycle import generations
from indexer.lifecycle.fill import count_rows
from indexer.lifecycle.golden import Overlap, compare
from schemas.index.listings import INDEX, schema_hash
from schemas.settings import Settings
from schemas.tables import IndexGeneration
from schemas.vocabulary import GenerationState

USUAL_ROWS_PER_S = 10_000
"""Used until a reindex has been timed; two cores fill twice as fast."""
USUAL_BYTES = 400
"""Bytes of a document on disk, used while there is no live index to measure."""


class Needed(StrEnum):
    NOTHING = "nothing"
    PUT_MAPPING = "put-mapping"
    REINDEX = "reindex"


@dataclass(frozen=True)
class Difference:
    path: str
    """For example `mappings.properties.title.type`."""
    live: str | None
    wanted: str | None

    def __str__(self) -> str:
        return f"{self.path}: {self.live} -> {self.wanted}"


@dataclass(frozen=True)
class Plan:
    live: str | None
    wanted_schema: str
    needed: Needed
    differences: tuple[Difference, ...]
    documents: int
    disk_bytes: int
    """Extra disk space that a new generation needs beside the live one, replicas included."""
    seconds: float
    resumes: str | None
    """The unfinished generation that the next reindex resumes."""
    golden: Overlap | None
    """Overlap of golden search results between the live generation and another; None if there is only one."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def sentences(self) -> Iterator[str]:
        yield f"{self.live or 'Nothing'} is live; this code wants the schema {self.wanted_schema}."
        yield from (f"  {difference}" for difference in self.differences)
        yield f"Needed: {self.needed}."
        yield (
            f"A reindex writes {self.documents:,} documents, about {self.disk_bytes / 1e6:,.1f} MB,"
            f" in about {self.seconds:,.0f} s."
        )
        if self.resumes:
            yield f"It goes on with {self.resumes}, unless it is told to --restart."
        if self.golden:
            yield from self.golden.sentences()


async def make_plan(engine: AsyncEngine, search: AsyncOpenSearch, settings: Settings) -> Plan:
    alias = settings.index_alias
    async with engine.connect() as connection:
        rows = await count_rows(connection)
        live = await generations.live(connection, alias)
        standing = await generations.existing(connection, alias)
        unfinished = [each for each in await generations.unfinished(connection, alias) if each.is_current]
    found = await differences(search, live.name, settings.index_shards) if live else ()
    others = [each.name for each in standing if each != live]
    return Plan(
        live=live.name if live else None,
        wanted_schema=schema_hash(),
        needed=needed(found) if live else Needed.REINDEX,
        differences=found,
        documents=rows,
        disk_bytes=await _disk_bytes(search, live.name if live else None, rows, settings),
        seconds=round(rows / await _rows_per_s(engine, alias), 1),
        resumes=unfinished[0].name if unfinished else None,
        golden=await compare(search, live.name, others[0]) if live and others else None,
    )


async def differences(
    search: AsyncOpenSearch, index: str, shards: int | None = None
) -> tuple[Difference, ...]:
    """Return how an index differs from this release's; shards are compared only if `shards` is given."""
    mappings = (await search.indices.get_mapping(index=index))[index]["mappings"]
    settings = (await search.indices.get_settings(index=index))[index]["settings"]["index"]
    return tuple(diff(mappings, settings, shards or settings["number_of_shards"]))


def diff(mappings: Mapping[str, Any], settings: Mapping[str, Any], shards: int | str) -> Iterator[Difference]:
    """Yield the differences between an index and what this release would create, path by path."""
    wanted = INDEX["settings"]
    before = _flat(
        {
            "mappings": mappings,
            "analysis": settings.get("analysis", {}),
            "sort": settings.get("sort", {}),
            "shards": settings["number_of_shards"],
        }
    )
    after = _flat(
        {
            "mappings": INDEX["mappings"],
            "analysis": wanted["analysis"],
            "sort": _sort(wanted["index"]),
            "shards": shards,
        }
    )
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield Difference(path, before.get(path), after.get(path))


def _sort(index: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("sort."): value for name, value in index.items() if name.startswith("sort.")}


def needed(differences: tuple[Difference, ...]) -> Needed:
    """Return what the differences need: new fields can be added in place, anything else needs a reindex.

    Added fields are empty in existing documents, so a reindex is still needed before they are searched.
    """
    if not differences:
        return Needed.NOTHING
    added = all(
        difference.live is None and difference.path.startswith("mappings.properties.")
        for difference in differences
    )
    return Needed.PUT_MAPPING if added else Needed.REINDEX


def _flat(value: Any, path: str = "") -> dict[str, str]:
    """Return leaf values by dotted path, as strings in the engine's spelling."""
    if isinstance(value, Mapping):
        return {
            deeper: leaf
            for name, inner in value.items()
            for deeper, leaf in _flat(inner, f"{path}.{name}".removeprefix(".")).items()
        }
    if isinstance(value, list):
        return {path: ", ".join(_word(each) for each in value)}
    return {path: _word(value)}


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _disk_bytes(search: AsyncOpenSearch, live: str | None, rows: int, settings: Settings) -> int:
    copies = 1 + settings.index_replicas
    if live is None:
        return rows * USUAL_BYTES * copies
    stats = (await search.indices.stats(index=live, metric="store,docs"))["_all"]["primaries"]
    each: float = stats["store"]["size_in_bytes"] / max(1, stats["docs"]["count"])
    return round(rows * each * copies)


async def _rows_per_s(engine: AsyncEngine, alias: str) -> float:
    """Return the speed of the last reindex, or the usual one."""
    filled = IndexGeneration.counts["filled"]
    query = (
        select(filled)
        .where(
            IndexGeneration.alias == alias,
            filled["rows_per_s"].as_float() > 0,
            IndexGeneration.state != GenerationState.FAILED,
        )
        .order_by(IndexGeneration.started_at.desc())
        .limit(1)
    )
    async with engine.connect() as connection:
        last = await connection.scalar(query)
    return float(last["rows_per_s"]) if last else USUAL_ROWS_PER_S
