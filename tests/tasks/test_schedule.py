"""Periods of the clock: at any moment, every process sees the same period."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.jobs import JOBS
from tasks.scheduling.schedule import DAY, HALF_MINUTE, HOUR, MINUTE, EachPromotion, Every

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-10T{text}+00:00")


@pytest.mark.parametrize(
    ("schedule", "now", "period"),
    [
        (Every(HOUR), "14:00:00", "14:00:00"),
        (Every(HOUR), "14:59:59", "14:00:00"),
        (Every(HOUR, at=timedelta(minutes=20)), "14:19:59", "13:20:00"),
        (Every(HOUR, at=timedelta(minutes=20)), "14:20:00", "14:20:00"),
        (Every(HALF_MINUTE), "14:00:45", "14:00:30"),
        (Every(MINUTE), "14:00:45", "14:00:00"),
        (Every(DAY, at=timedelta(hours=3)), "14:00:45", "03:00:00"),
    ],
)
def test_a_period_begins_at_its_time_of_the_day(schedule: Every, now: str, period: str):
    assert schedule.period_at(at(now)) == at(period)


@given(MOMENTS, st.sampled_from([HALF_MINUTE, MINUTE, HOUR, DAY]), st.integers(0, 86_399))
def test_every_moment_lies_in_one_period(now: datetime, length: timedelta, seconds: int):
    schedule = Every(length, at=timedelta(seconds=seconds) % length)
    period = schedule.period_at(now)
    assert period <= now < period + length
    assert schedule.period_at(period) == period
    assert schedule.period_at(period - timedelta(microseconds=1)) == period - length


def test_jobs_have_names_of_their_own():
    assert len({job.name for job in JOBS}) == len(JOBS)


def test_what_runs_by_itself_and_when():
    def nightly(hour: int, minute: int) -> Every:
        return Every(DAY, at=timedelta(hours=hour, minutes=minute))

    assert {job.name: job.schedule for job in JOBS} == {
        "import_waiting": Every(MINUTE),
        "enhance_waiting": Every(MINUTE),
        "check_stuck_images": Every(timedelta(minutes=15)),
        "compare_withdrawn": Every(HALF_MINUTE),
        "aggregate_analytics": Every(HOUR),
        "compare_prices": Every(HOUR, at=timedelta(minutes=20)),
        "score_homes": Every(HOUR, at=timedelta(minutes=10)),
        "warm_cache_after_promotion": EachPromotion(),
        "expire_listings": nightly(18, 30),
        "measure_quality": nightly(19, 40),
        "erase_expired": nightly(20, 40),
        "purge_records": nightly(21, 10),
        "sweep_orphans": nightly(21, 40),
        "warm_cache": nightly(1, 0),
    }
