"""Answers cached in Redis, and their invalidation."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from schemas.settings import Settings
from stores.answers import ABANDONED_S, CACHE_OFF, CachedAnswers, Lookup, SearchCacheEpoch
from stores.cache import open_cache
from tests.waiting import until


@pytest.fixture
async def alias(cache: Redis) -> AsyncIterator[str]:
    alias = f"test_{uuid4().hex}"
    yield alias
    await lose_data(cache, alias)


@pytest.fixture
def answers(cache: Redis, alias: str) -> CachedAnswers:
    return CachedAnswers(cache, alias)


@pytest.fixture
def epoch(cache: Redis, alias: str) -> SearchCacheEpoch:
    return SearchCacheEpoch(cache, alias)


async def keep(answers: CachedAnswers, key: str = "a") -> bytes:
    found = await answers.find(key)
    assert found.epoch is not None
    await answers.store(key, found.epoch, b"old", seconds=60)
    return found.epoch


def plus(epoch: bytes, changes: int) -> bytes:
    return str(int(epoch) + changes).encode()


async def test_an_answer_is_found_again_under_its_own_key(answers: CachedAnswers):
    epoch = await keep(answers, "a")
    assert await answers.find("a") == Lookup(epoch, b"old")
    assert await answers.find("b") == Lookup(epoch, None)


async def test_an_answer_that_was_found_is_not_transferred_again_until_a_change(
    answers: CachedAnswers, epoch: SearchCacheEpoch, cache: Redis, alias: str
):
    before = await keep(answers, "a")
    await keep(answers, "b")
    assert await answers.find("a") == Lookup(before, b"old")
    for key in ("a", "b"):
        await cache.hset(f"search:{{{alias}}}:answers", key, "9999999999only in Redis")
    found = await asyncio.gather(*(answers.find(key) for key in ("b", "a", "c")))
    assert found == [Lookup(before, answer) for answer in (b"only in Redis", b"old", None)]
    async with epoch.invalidating():
        assert await answers.find("a") == CACHE_OFF
    assert await answers.find("a") == Lookup(plus(before, 1), None)


async def test_another_process_may_replace_an_answer_that_has_expired(
    answers: CachedAnswers, cache: Redis, alias: str
):
    found = await answers.find("a")
    assert found.epoch is not None
    await answers.store("a", found.epoch, b"of a moment", seconds=2)
    assert await answers.find("a") == Lookup(found.epoch, b"of a moment")

    async def is_gone() -> bool:
        return (await answers.find("a")).answer is None

    await until(is_gone, "the answer has ended")
    await CachedAnswers(cache, alias).store("a", found.epoch, b"new", seconds=60)
    assert await answers.find("a") == Lookup(found.epoch, b"new")


async def test_whoever_asks_while_others_wait_is_answered_in_their_own_right(answers: CachedAnswers):
    epoch = await keep(answers, "a")
    keys = ["a", "b", "a", "c"] * 50
    leaving = asyncio.ensure_future(answers.find("a"))
    asked = [asyncio.ensure_future(answers.find(key)) for key in keys]
    await asyncio.sleep(0)
    leaving.cancel()
    assert await asyncio.gather(*asked) == [Lookup(epoch, b"old" if key == "a" else None) for key in keys]


async def test_an_answer_is_stored_once_nobody_waits_who_may_have_missed_it(
    answers: CachedAnswers, cache: Redis, alias: str, monkeypatch: pytest.MonkeyPatch
):
    epoch = await keep(answers, "b")
    look_up, has_read, may_return = answers._look_up_script, asyncio.Event(), asyncio.Event()
    order: list[str] = []

    async def slow_look_up(*arguments: Any) -> Any:
        found = await look_up(*arguments)
        has_read.set()
        await may_return.wait()
        return found

    async def noted(name: str, done: Awaitable[Any]) -> Any:
        found = await done
        order.append(name)
        return found

    monkeypatch.setattr(answers, "_look_up_script", slow_look_up)
    missed = asyncio.ensure_future(noted("missed", answers.find("a")))
    await has_read.wait()
    stored = asyncio.ensure_future(noted("stored", answers.store("a", epoch, b"new", seconds=60)))
    await until(lambda: cache.hexists(f"search:{{{alias}}}:answers", "a"), "the answer is in Redis")
    assert order == []
    may_return.set()
    assert await missed == Lookup(epoch, None)
    await stored
    assert order == ["missed", "stored"]
    assert await answers.find("a") == Lookup(epoch, b"new")


async def test_who_asks_after_a_change_sees_it_while_others_still_wait(
    answers: CachedAnswers, epoch: SearchCacheEpoch
):
    await keep(answers)
    before = asyncio.ensure_future(answers.find("a"))
    await asyncio.sleep(0)
    async with epoch.invalidating():
        pass
    assert (await answers.find("a")).answer is None
    await before


async def test_a_failure_that_nobody_thought_of_keeps_nobody_waiting(answers: CachedAnswers):
    keys = ("a", "\ud800")  # a lone surrogate cannot be written to Redis
    assert await asyncio.gather(*map(answers.find, keys)) == [CACHE_OFF, CACHE_OFF]
    assert (await answers.find("a")).epoch is not None


async def test_a_change_ends_every_older_answer(answers: CachedAnswers, epoch: SearchCacheEpoch):
    await keep(answers)
    async with epoch.invalidating():
        pass
    assert (await answers.find("a")).answer is None


async def test_nothing_is_read_while_changes_become_searchable(
    answers: CachedAnswers, epoch: SearchCacheEpoch
):
    await keep(answers)
    async with epoch.invalidating():
        assert await answers.find("a") == CACHE_OFF


async def test_an_answer_that_overlaps_a_change_is_never_served(
    answers: CachedAnswers, epoch: SearchCacheEpoch
):
    before = (await answers.find("a")).epoch
    assert before is not None
    async with epoch.invalidating():
        pass
    await answers.store("a", before, b"seen too little", seconds=60)
    assert (await answers.find("a")).answer is None


async def test_an_answer_from_before_redis_lost_its_data_is_never_served(
    answers: CachedAnswers, epoch: SearchCacheEpoch, cache: Redis, alias: str
):
    """If epochs restarted at one, the third change from now would revive the old answer."""
    for _ in range(3):
        async with epoch.invalidating():
            pass
    before = (await answers.find("a")).epoch
    assert before is not None
    await answers.store("a", before, b"of the past", seconds=60)
    assert await answers.find("a") == Lookup(before, b"of the past")
    await lose_data(cache, alias)
    await answers.store("a", before, b"of the past", seconds=60)
    for _ in range(4):
        async with epoch.invalidating():
            pass
        assert (await answers.find("a")).answer is None


async def lose_data(cache: Redis, alias: str) -> None:
    async for key in cache.scan_iter(match=f"search:{{{alias}}}:*"):
        await cache.delete(key)


async def test_it_stays_closed_until_the_last_of_several_is_done(
    answers: CachedAnswers, cache: Redis, alias: str
):
    first, second = SearchCacheEpoch(cache, alias), SearchCacheEpoch(cache, alias)
    before = await keep(answers)
    async with first.invalidating():
        async with second.invalidating():
            pass
        assert await answers.find("a") == CACHE_OFF
    assert (await answers.find("a")).epoch == plus(before, 2)


async def fail_to_move(epoch: SearchCacheEpoch) -> None:
    with pytest.raises(ZeroDivisionError):
        async with epoch.invalidating():
            raise ZeroDivisionError


async def test_a_change_that_failed_may_still_come_so_nothing_is_served_until_one_succeeds(
    answers: CachedAnswers, epoch: SearchCacheEpoch
):
    before = await keep(answers)
    await fail_to_move(epoch)
    assert (epoch.is_raise_due, await answers.find("a")) == (True, CACHE_OFF)
    async with epoch.invalidating():
        pass
    assert (epoch.is_raise_due, (await answers.find("a")).epoch) == (False, plus(before, 1))


@pytest.mark.parametrize(("ago", "counts"), [(ABANDONED_S - 30, True), (ABANDONED_S, False)])
async def test_the_mark_of_a_killed_process_ends_by_itself_and_so_do_the_answers_of_before(
    answers: CachedAnswers, epoch: SearchCacheEpoch, cache: Redis, alias: str, ago: int, counts: bool
):
    before = await keep(answers)
    await fail_to_move(epoch)
    await cache.zincrby(f"search:{{{alias}}}:moving", -ago, epoch.token)  # by Redis' clock
    assert await answers.find("a") == (CACHE_OFF if counts else Lookup(plus(before, 1), None))


async def test_marks_go_by_the_clock_of_redis(epoch: SearchCacheEpoch, cache: Redis, alias: str):
    earlier, _ = await cache.time()
    async with epoch.invalidating():
        marked = await cache.zscore(f"search:{{{alias}}}:moving", epoch.token)
    later, _ = await cache.time()
    assert marked is not None
    assert earlier <= marked <= later
    assert await cache.zcard(f"search:{{{alias}}}:moving") == 0


async def test_an_answer_ends_by_itself(answers: CachedAnswers):
    found = await answers.find("a")
    assert found.epoch is not None
    await answers.store("a", found.epoch, b"of a moment", seconds=1)
    await answers.store("b", found.epoch, b"old", seconds=60)

    async def is_gone() -> bool:
        return (await answers.find("a")).answer is None

    await until(is_gone, "the answer has ended")
    assert (await answers.find("b")).answer == b"old"


async def test_answers_of_a_passed_epoch_are_dropped_with_the_first_new_one(
    answers: CachedAnswers, epoch: SearchCacheEpoch, cache: Redis, alias: str
):
    for number in range(20):
        await keep(answers, f"key {number}")
    async with epoch.invalidating():
        pass
    now = await keep(answers, "new")
    kept = await cache.hgetall(f"search:{{{alias}}}:answers")
    assert {name: value for name, value in kept.items() if name != b"new"} == {b"epoch": now, b"bytes": b"6"}
    assert kept[b"new"][10:] == b"old"
    assert 0 < await cache.ttl(f"search:{{{alias}}}:answers") <= 60


async def test_answers_never_take_more_than_they_may(cache: Redis, alias: str):
    answers = CachedAnswers(cache, alias, most_bytes=1_000)
    epoch = (await answers.find("0")).epoch
    assert epoch is not None
    for number in range(30):
        await answers.store(str(number), epoch, bytes(300), seconds=60)
        kept = await cache.hgetall(f"search:{{{alias}}}:answers")
        assert sum(map(len, kept.values())) < 1_000 + 100
        assert (await answers.find(str(number))).answer == bytes(300)
    await answers.store("large", epoch, bytes(1_001), seconds=60)
    assert (await answers.find("large")).answer is None


async def test_the_same_answer_again_takes_no_more_room(cache: Redis, alias: str):
    answers = CachedAnswers(cache, alias, most_bytes=1_000)
    epoch = (await answers.find("a")).epoch
    assert epoch is not None
    await answers.store("b", epoch, b"still there", seconds=60)
    for _ in range(30):
        await answers.store("a", epoch, bytes(300), seconds=60)
    assert (await answers.find("b")).answer == b"still there"


@pytest.fixture
async def no_redis(settings: Settings) -> AsyncIterator[Redis]:
    client = open_cache(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))
    yield client
    await client.aclose()


async def test_without_redis_there_are_no_answers_and_it_is_not_asked_again_at_once(
    no_redis: Redis, monkeypatch: pytest.MonkeyPatch
):
    answers = CachedAnswers(no_redis, "listings")
    assert await answers.find("a") == CACHE_OFF
    monkeypatch.setattr(no_redis, "execute_command", None)  # any command would fail now
    assert [await answers.find("a") for _ in range(3)] == [CACHE_OFF] * 3
    monkeypatch.undo()
    await answers.store("a", b"0", b"answer", seconds=60)


async def test_without_redis_changes_become_searchable_and_the_debt_is_remembered(
    no_redis: Redis, cache: Redis, alias: str
):
    epoch, answers = SearchCacheEpoch(no_redis, alias), CachedAnswers(cache, alias)
    before = await keep(answers)
    async with epoch.invalidating():
        pass
    assert epoch.is_raise_due
    epoch.cache = cache
    await epoch.raise_epoch()
    assert (epoch.is_raise_due, (await answers.find("a")).epoch) == (False, plus(before, 1))


async def test_a_cache_that_is_switched_off_keeps_nothing(cache: Redis, alias: str):
    assert await CachedAnswers(cache, alias, enabled=False).find("a") == CACHE_OFF
