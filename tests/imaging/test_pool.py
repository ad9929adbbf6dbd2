"""The pool of children: pictures that need too many resources, and children that crash."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psutil
import pytest

from domain.pictures import PictureRefused
from imaging import pool as pools
from imaging.pool import Limits, Pool
from imaging.wire import LENGTH, Garbled, read_answer
from schemas.errors import Overloaded
from tests.pictures import interlaced_png, jpeg, photo

MB = 2**20


@asynccontextmanager
async def opened(size: int = 1, **limits: Any) -> AsyncIterator[Pool]:
    pool = Pool(size, limits=Limits(**limits))
    try:
        yield pool
    finally:
        await pool.close()


def children(pool: Pool) -> list[int]:
    return [child.process.pid for child in pool._idle]


async def test_one_child_serves_one_picture_after_the_other():
    async with opened() as pool:
        first = await pool.render(jpeg())
        [before] = children(pool)
        with pytest.raises(PictureRefused):
            await pool.render(b"no picture")
        assert await pool.render(jpeg()) == first
        assert children(pool) == [before]
    assert not psutil.pid_exists(before)


async def test_no_more_children_work_than_the_pool_is_large():
    async with opened(2) as pool:
        await asyncio.gather(*(pool.render(jpeg(photo(2_000, 1_000))) for _ in range(6)))
        assert len(children(pool)) == 2


async def test_more_than_may_wait_hear_at_once_that_there_are_too_many():
    async with opened() as pool:
        picture = jpeg(photo(2_000, 1_000))
        answers = await asyncio.gather(*(pool.render(picture) for _ in range(20)), return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, Overloaded)]
        assert len(refused) == 20 - 1 - pools.MOST_WAITING
        assert answers.index(refused[0]) == 1 + pools.MOST_WAITING


async def test_one_that_has_waited_too_long_is_turned_away(monkeypatch):
    monkeypatch.setattr(pools, "PATIENCE_S", 0.01)
    async with opened() as pool:
        first = asyncio.ensure_future(pool.render(jpeg(photo(3_000, 2_000))))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await pool.render(jpeg())
        await first


async def test_too_much_memory_is_refused_and_the_next_picture_is_taken():
    async with opened(memory_bytes=300 * MB) as pool:
        with pytest.raises(PictureRefused) as refusal:
            await pool.render(interlaced_png(7_000, 5_000))
        assert refusal.value.code == "image_too_large"
        assert (await pool.render(jpeg())).width == 1200


async def test_too_much_processor_time_is_refused_and_the_next_picture_is_taken():
    # The CPU limit is what is left of the current second, so one of several pictures must exceed it.
    async with opened(cpu_s=0) as pool:
        await pool.render(jpeg())
        [before] = children(pool)
        with pytest.raises(PictureRefused) as refusal:
            await render_for_ever(pool, jpeg(photo(3_000, 2_000)))
        assert (refusal.value.code, refusal.value.detail) == (
            "image_too_large",
            "takes too long to be decoded",
        )
        assert children(pool) != [before]


async def render_for_ever(pool, picture):
    while True:
        await pool.render(picture)


async def test_a_picture_that_does_not_end_is_given_up_and_its_child_replaced():
    async with opened() as pool:
        await pool.render(jpeg())
        [before] = children(pool)
        os.kill(before, signal.SIGSTOP)
        pool._idle[0]._limits = Limits(wall_s=0.2)
        with pytest.raises(Overloaded):
            await pool.render(jpeg())
        assert (await pool.render(jpeg())).width == 1200
        assert children(pool) != [before]
    assert not psutil.pid_exists(before)


@pytest.mark.parametrize(
    ("end", "expected"),
    [(signal.SIGKILL, Overloaded), (signal.SIGSEGV, PictureRefused), (signal.SIGXCPU, PictureRefused)],
)
async def test_a_child_that_falls_while_it_works_is_blamed_on_whoever_is_to_blame(end, expected):
    async with opened() as pool:
        await pool.render(jpeg())
        [before] = children(pool)
        os.kill(before, signal.SIGSTOP)
        working = asyncio.ensure_future(pool.render(jpeg()))
        await asyncio.sleep(0.05)
        os.kill(before, end)
        with suppress(ProcessLookupError):  # SIGKILL ends a stopped process too
            os.kill(before, signal.SIGCONT)
        with pytest.raises(expected):
            await working
        assert (await pool.render(jpeg())).width == 1200


async def test_a_child_that_died_at_rest_is_replaced_without_a_word():
    async with opened() as pool:
        await pool.render(jpeg())
        [before] = children(pool)
        os.kill(before, signal.SIGKILL)
        await pool._idle[0].process.wait()
        assert (await pool.render(jpeg())).width == 1200
        assert children(pool) != [before]


async def test_a_visitor_that_leaves_takes_the_child_along():
    async with opened() as pool:
        await pool.render(jpeg())
        [before] = children(pool)
        os.kill(before, signal.SIGSTOP)
        working = asyncio.ensure_future(pool.render(jpeg()))
        await asyncio.sleep(0.05)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert not psutil.pid_exists(before)
        assert (await pool.render(jpeg())).width == 1200


async def test_a_child_retires_in_time(monkeypatch):
    monkeypatch.setattr(pools, "PICTURES_OF_A_CHILD", 2)
    async with opened() as pool:
        await pool.render(jpeg())
        [before] = children(pool)
        await pool.render(jpeg())
        assert (children(pool), psutil.pid_exists(before)) == ([], False)


@pytest.mark.parametrize("limits", [{"cpu_s": "many"}, {"start_s": 0.001}])
async def test_a_child_that_does_not_begin_is_not_waited_for(limits):
    async with opened(**limits) as pool:
        with pytest.raises(Overloaded):
            await pool.render(jpeg())


async def test_a_machine_that_cannot_bear_another_process_is_busy(monkeypatch):
    monkeypatch.setattr("imaging.pool.sys.executable", "/nowhere/python")
    async with opened() as pool:
        with pytest.raises(Overloaded):
            await pool.render(jpeg())


def spoken(header: bytes, *files: bytes) -> bytes:
    return LENGTH.pack(len(header)) + header + b"".join(files)


SIZES = b'{"width": 1, "height": 1, "files": {"large": %d, "medium": 12, "thumbnail": 12}}'
FILE = b"RIFF\4\0\0\0WEBP"


@pytest.mark.parametrize(
    "answer",
    [
        spoken(b"not json"),
        spoken(b"[]"),
        spoken(b"{}"),
        spoken(b'{"code": 1}'),
        spoken(b'{"width": "x", "height": 1, "files": {}}'),
        spoken(b'{"width": 1, "height": 1, "files": {"large": 1}}'),
        spoken(SIZES % 0),
        spoken(SIZES % 2**40),
        spoken(SIZES % 12, b"<script>....", FILE, FILE),
        LENGTH.pack(2**60),
    ],
)
async def test_a_child_that_was_taken_over_is_not_believed(answer: bytes):
    place = 0

    async def read(count: int) -> bytes:
        nonlocal place
        place += count
        return answer[place - count : place]

    with pytest.raises(Garbled):
        await read_answer(read)


async def test_a_garbled_answer_costs_the_child_its_life():
    async with opened() as pool:
        await pool.render(jpeg())
        [child] = pool._idle
        child._read = _garbled  # type: ignore[method-assign]
        with pytest.raises(PictureRefused) as refusal:
            await pool.render(jpeg())
        assert (refusal.value.code, child.is_fit, children(pool)) == ("unreadable", False, [])


async def _garbled(count: int) -> bytes:
    return b"\xff" * count
