"""Measures targets in turns, so that a slow minute of the machine affects all of them."""

from collections.abc import Sequence
from itertools import count

import psutil

from bench.harness.load import Measured, Target, measure
from bench.harness.report import medians

WARM_UPS = 2  # rounds in which the engine's JIT compiler is still at work
RESTING_PERCENT = 20.0
LONGEST_UNREST_S = 30


async def in_turns(
    asked: Sequence[Target], *, seconds: float, rounds: int, connections: int = 8
) -> list[Measured]:
    """Measure the targets in turns for some rounds; the first two rounds only warm up.

    Each turn has different visitors: the same ones would find the engine's cache filled by the turn before.
    A turn begins when the work of the turn before has ended.
    """
    found: dict[str, list[Measured]] = {target.name: [] for target in asked}
    seeds = count(1)
    for number in range(rounds + WARM_UPS):
        for target in asked:
            calm()
            measured = await measure(target, seed=next(seeds), seconds=seconds, connections=connections)
            if number >= WARM_UPS:
                found[target.name].append(measured)
    return [medians(measurements) for measurements in found.values()]


def calm() -> None:
    """Wait until the machine is idle, because a database continues queries after their client has left."""
    for _ in range(LONGEST_UNREST_S):
        if psutil.cpu_percent(interval=1.0) < RESTING_PERCENT:
            return
