"""How a burst of logins affects other requests: the delay of the event loop."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress

from bench.harness.load import Measured, summary
from bench.harness.report import BenchReport
from domain.security.passwords import COST
from schemas.errors import Overloaded
from server.limits.passwords import PasswordHasher

LOGINS = 40
LARGEST_STALL_S = 0.05
TICK_S = 0.002
IDLE, BURST = "event loop late, idle", f"event loop late, {LOGINS} logins at once"


def run() -> BenchReport:
    return asyncio.run(_run())


async def _run() -> BenchReport:
    passwords = PasswordHasher(COST)
    await passwords.matches("warm up", None)
    idle = await lateness(asyncio.sleep(3))
    burst = await lateness(asyncio.gather(*(attempt(passwords) for _ in range(LOGINS))))
    passwords.close()
    rows = [row(IDLE, idle), row(BURST, burst)]
    return BenchReport(LOGINS, rows, {"largest_stall_over_50_ms": round(max(burst) / LARGEST_STALL_S, 3)})


async def attempt(passwords: PasswordHasher) -> None:
    with suppress(Overloaded):  # logins beyond the queue's length are refused at once
        await passwords.matches("a wrong password", None)


async def lateness(work: Awaitable[object]) -> list[float]:
    """Repeat a short sleep until the work is done; return how late each one ended, in seconds."""
    task = asyncio.ensure_future(work)
    late = []
    while not task.done():
        began = time.perf_counter()
        await asyncio.sleep(TICK_S)
        late.append(time.perf_counter() - began - TICK_S)
    return late


def row(name: str, late: list[float]) -> Measured:
    return summary(name, late, sum(late) + len(late) * TICK_S)
