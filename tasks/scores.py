"""Scores homes that have no scores, such as imported ones, or that were scored by older rules."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from services.properties.scores import score_batch
from tasks.batches import in_batches
from tasks.scheduling.runs import JobContext


async def score_homes(context: JobContext) -> Mapping[str, int]:
    return {"scored": await score_waiting(context.engine)}


async def score_waiting(engine: AsyncEngine) -> int:
    return await in_batches(engine, score_batch)
