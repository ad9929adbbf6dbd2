"""Targets in turns, so that a slow minute of the machine meets all of them."""

from collections.abc import Sequence
from itertools import count

import psutil

from bench.load import Measured, Target, measure
from bench.report import medians

WARM_UPS = 2  # rounds in which the engine's compiler is still at work
RESTING_PERCENT = 20.0
LONGEST_UNREST_S = 30


async def in_turns(
    asked: Sequence[Target], *, seconds: float, rounds: int, connections: int = 8
) -> list[Measured]:
    """Rounds in turns, so that a slow minute of the machine meets all; the first two only warm up.

    Each turn has visitors of its own: the same ones would find the engine's cache filled by whoever
    asked before. And it begins when nothing of the turn before is left running.
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
    """Wait for the machine to rest: a database goes on with queries whose asker has left."""
    for _ in range(LONGEST_UNREST_S):
        if psutil.cpu_percent(interval=1.0) < RESTING_PERCENT:
            return
