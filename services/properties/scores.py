"""Vastu and light scores of properties, computed from their columns."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.light import light_score
from domain.vastu import VASTU_RULES_VERSION, VastuScore, vastu_score
from schemas.vocabulary import Direction, ScoreSource

Columns = dict[str, Any]
BATCH = 2_000
"""Properties locked at a time, for some tenths of a second."""

INPUTS = (
    "facing_direction", "entrance_direction", "kitchen_direction", "master_bedroom_direction",
    "pooja_direction", "toilet_direction", "balcony_direction", "open_sides", "floor_number", "total_floors",
)  # fmt: skip
WAITING = text(f"""
    SELECT id, {", ".join(INPUTS)} FROM properties
    WHERE vastu_rules_version IS DISTINCT FROM :version ORDER BY id LIMIT :limit
    FOR NO KEY UPDATE SKIP LOCKED
""")  # noqa: S608  our own column names
WRITE = text("""
    UPDATE properties p SET
        vastu_rules_version = :version, vastu_coverage = new.vastu_coverage,
        light_coverage = new.light_coverage,
        vastu_source = coalesce(p.vastu_source, 'computed'),
        light_source = coalesce(p.light_source, 'computed'),
        vastu_score = CASE WHEN p.vastu_source = 'manual' THEN p.vastu_score ELSE new.vastu_score END,
        light_score = CASE WHEN p.light_source = 'manual' THEN p.light_score ELSE new.light_score END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:vastu_scores AS integer[]), CAST(:vastu_coverages AS integer[]),
                CAST(:light_scores AS integer[]), CAST(:light_coverages AS integer[]))
        AS new (id, vastu_score, vastu_coverage, light_score, light_coverage)
    WHERE p.id = new.id
""")


def read_vastu(known: Mapping[str, Any]) -> VastuScore:
    """Compute the vastu score from columns by name; missing columns are unknown."""

    def at(room: str) -> Direction | None:
        direction = known.get(f"{room}_direction")
        return None if direction is None else Direction(direction)

    return vastu_score(
        facing=at("facing"),
        entrance=at("entrance"),
        kitchen=at("kitchen"),
        master_bedroom=at("master_bedroom"),
        pooja=at("pooja"),
        toilet=at("toilet"),
    )


def computed(known: Mapping[str, Any]) -> Columns:
    """Return the score columns that follow from the known columns."""
    vastu = read_vastu(known)
    balcony = known.get("balcony_direction")
    light = light_score(
        open_sides=known.get("open_sides"),
        balcony_direction=None if balcony is None else Direction(balcony),
        floor_number=known.get("floor_number"),
        total_floors=known.get("total_floors"),
    )
    return {
        "vastu_score": vastu.score,
        "vastu_coverage": vastu.coverage,
        "vastu_source": ScoreSource.COMPUTED,
        "vastu_rules_version": VASTU_RULES_VERSION,
        "light_score": light.score,
        "light_coverage": light.coverage,
        "light_source": ScoreSource.COMPUTED,
    }


async def score_batch(session: AsyncSession) -> int:
    """Score properties that were never scored, or by older rules; scores set by hand stay.

    Return the number of properties; 0 means that there are no more. This is not an edit: the version stays.
    """
    waiting = await session.execute(WAITING, {"version": VASTU_RULES_VERSION, "limit": BATCH})
    rows = waiting.mappings().all()
    found = [computed(dict(row)) for row in rows]
    columns = ("vastu_score", "vastu_coverage", "light_score", "light_coverage")
    values = {f"{column}s": [each[column] for each in found] for column in columns}
    ids = [row["id"] for row in rows]
    if ids:
        await session.execute(WRITE, values | {"ids": ids, "version": VASTU_RULES_VERSION})
    return len(ids)
