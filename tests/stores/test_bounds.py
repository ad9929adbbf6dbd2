"""At most a fixed number of concurrent requests, and none to a server that does not answer."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stores.bounds import WAITING_FOR_EACH, Breaker, BreakerOpenError, BusyError, ConcurrencyLimit
from tests.waiting import PATIENCE_S, until


async def test_so_many_have_a_turn_and_the_next_follow_in_their_order():
    turns, inside, came = ConcurrencyLimit(2), set(), []

    async def visit(number: int) -> None:
        async with turns.slot(PATIENCE_S):
            came.append(number)
            inside.add(number)
            assert len(inside) <= 2
            await asyncio.sleep(0)
            inside.remove(number)

    await asyncio.gather(*map(visit, range(10)))
    assert came == list(range(10))


async def test_whoever_waits_too_long_is_told_so_and_takes_nobodys_turn():
    turns = ConcurrencyLimit(1)
    async with turns.slot(PATIENCE_S):
        with pytest.raises(BusyError):
            async with turns.slot(0.01):
                pass
    async with turns.slot(PATIENCE_S):
        pass


async def test_more_than_may_wait_are_told_at_once():
    turns, most = ConcurrencyLimit(1), 1 + WAITING_FOR_EACH
    over, inside = asyncio.Event(), []

    async def visit() -> None:
        async with turns.slot(PATIENCE_S):
            inside.append(True)
            await over.wait()

    visits = [asyncio.create_task(visit()) for _ in range(most)]
    await until(lambda: inside, "the first is inside")
    with pytest.raises(BusyError):
        async with turns.slot(PATIENCE_S):
            pass
    visits[1].cancel()  # a waiting request is cancelled
    over.set()
    await asyncio.gather(*visits, return_exceptions=True)
    assert len(inside) == most - 1


OUTCOMES = st.lists(st.sampled_from(["succeeds", "fails", "leaves", "time passes"]), max_size=60)


@given(outcomes=OUTCOMES)
def test_some_failures_in_a_row_end_all_questions_for_a_moment_and_one_decides(outcomes: list[str]):
    now = 0.0
    breaker = Breaker(failures=3, rest_s=2.0, clock=lambda: now)
    failed, rests_until = 0, 0.0
    for outcome in outcomes:
        if outcome == "time passes":
            now += 1.5
            continue
        rests = failed >= 3 and now < rests_until
        assert breaker.is_open == rests
        if rests:
            with pytest.raises(BreakerOpenError), breaker.attempt():
                pass
            continue
        with breaker.attempt():
            if outcome == "succeeds":
                breaker.succeeded()
                failed = 0
            elif outcome == "fails":
                breaker.has_failed()
                failed += 1
                rests_until = now + 2.0


def test_while_one_is_on_trial_nobody_else_asks():
    now = 0.0
    breaker = Breaker(failures=1, rest_s=2.0, clock=lambda: now)
    with breaker.attempt():
        breaker.has_failed()
    now = 3.0
    with breaker.attempt():
        with pytest.raises(BreakerOpenError), breaker.attempt():
            pass
        breaker.succeeded()
    with breaker.attempt(), breaker.attempt():
        pass
