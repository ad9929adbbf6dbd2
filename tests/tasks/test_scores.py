"""Homes without scores get them; scores set by an admin are kept."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.vastu import VASTU_RULES_VERSION
from schemas.settings import Settings
from services.properties.scores import computed
from tasks.scheduling.runs import JobContext
from tasks.scores import score_homes, score_waiting
from tests.factories import home, store

GOOD = {
    "facing_direction": "east",
    "kitchen_direction": "south_east",
    "open_sides": 3,
    "balcony_direction": "east",
}


async def scores(engine: AsyncEngine) -> dict[str, tuple[Any, ...]]:
    question = (
        "SELECT title, vastu_score, vastu_coverage, vastu_source, light_score, light_source,"
        " vastu_rules_version, version,"
        " (SELECT count(*) FROM search_outbox WHERE property_id = properties.id)"
        " FROM properties"
    )
    async with engine.connect() as connection:
        return {row[0]: tuple(row[1:]) for row in await connection.execute(text(question))}


async def test_homes_are_scored_once(engine: AsyncEngine, settings: Settings):
    await store(engine, home("good", **GOOD), home("silent"))
    light = computed(GOOD)["light_score"]
    work = JobContext(engine, settings, datetime.now(UTC), None)
    assert await score_homes(work) == {"scored": 2}
    assert await scores(engine) == {
        "good": (100, 65, "computed", light, "computed", VASTU_RULES_VERSION, 1, 2),
        "silent": (None, 0, "computed", None, "computed", VASTU_RULES_VERSION, 1, 2),
    }
    assert await score_homes(work) == {"scored": 0}


async def test_a_new_version_of_the_rules_scores_again_and_leaves_what_an_admin_said(engine: AsyncEngine):
    old: dict[str, Any] = {"vastu_rules_version": 0, "vastu_coverage": 1, "light_coverage": 1}
    by_hand = {"vastu_score": 7, "vastu_source": "manual", "light_score": 8, "light_source": "manual"}
    by_rule = {"vastu_score": 7, "vastu_source": "computed", "light_score": 8, "light_source": "computed"}
    await store(engine, home("by hand", **GOOD, **old, **by_hand), home("by rule", **GOOD, **old, **by_rule))
    assert await score_waiting(engine) == 2
    found = await scores(engine)
    assert found["by hand"][:5] == (7, 65, "manual", 8, "manual")
    assert found["by rule"][:3] == (100, 65, "computed")
