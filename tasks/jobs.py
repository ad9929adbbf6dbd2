"""The scheduled jobs: name, schedule and function. To add a job, add a line to `JOBS`."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from stores.media import opened_media
from tasks.analytics import aggregate_analytics
from tasks.cache_warmup import warm_cache
from tasks.enhancement import check_stuck_images, enhance_waiting
from tasks.expiry import expire_listings
from tasks.market import compare_prices, compare_withdrawn, measure_quality
from tasks.orphans import sweep_orphans
from tasks.retention import erase_people, purge_records
from tasks.scheduling.runs import Job, JobContext
from tasks.scheduling.schedule import DAY, HALF_MINUTE, HOUR, MINUTE, EachPromotion, Every
from tasks.scores import score_homes
from tasks.uploads import import_waiting


async def run_imports(context: JobContext) -> Mapping[str, int]:
    return {"imports": await import_waiting(context.engine)}


async def run_enhancements(context: JobContext) -> Mapping[str, int]:
    return {"images": await enhance_waiting(context.settings)}


async def check_stuck(context: JobContext) -> Mapping[str, int]:
    return {"timeouts": len(await check_stuck_images(context.engine, datetime.now(UTC)))}


async def compare_edited(context: JobContext) -> Mapping[str, int]:
    return {"written": await compare_withdrawn(context.engine)}


async def compare_everything(context: JobContext) -> Mapping[str, int]:
    return {"written": await compare_prices(context.engine)}


async def measure_market(context: JobContext) -> Mapping[str, int]:
    await measure_quality(context.engine)
    return {}


async def remove_orphans(context: JobContext) -> Mapping[str, int]:
    async with opened_media(context.settings) as media:
        return {"objects": await sweep_orphans(context.engine, media)}


QUARTER = timedelta(minutes=15)


def _at(hour: int, minute: int) -> Every:
    """Daily at this time in UTC; a night in Noida lasts from 17:30 to 1:30 UTC."""
    return Every(DAY, at=timedelta(hours=hour, minutes=minute))


JOBS = (
    Job("import_waiting", Every(MINUTE), run_imports, exclusive=False),
    Job("enhance_waiting", Every(MINUTE), run_enhancements, exclusive=False),
    Job("check_stuck_images", Every(QUARTER), check_stuck),
    Job("compare_withdrawn", Every(HALF_MINUTE), compare_edited),
    Job("aggregate_analytics", Every(HOUR), aggregate_analytics),
    Job("compare_prices", Every(HOUR, at=timedelta(minutes=20)), compare_everything),
    Job("score_homes", Every(HOUR, at=timedelta(minutes=10)), score_homes),
    Job("warm_cache_after_promotion", EachPromotion(), warm_cache),
    Job("expire_listings", _at(18, 30), expire_listings),  # midnight in Noida, when terms end
    Job("measure_quality", _at(19, 40), measure_market),
    Job("erase_expired", _at(20, 40), erase_people),
    Job("purge_records", _at(21, 10), purge_records),
    Job("sweep_orphans", _at(21, 40), remove_orphans),
    Job("warm_cache", _at(1, 0), warm_cache),
)
BY_NAME = {job.name: job for job in JOBS}
