"""Crash points, where tests end a process as a power cut would: no rollback, no cleanup, nothing flushed.

A process started with CRASH_AT=after-claim ends the first time it reaches that point, and with
CRASH_AT=after-claim:3 the third time. Only tests set the variable. Without it, a crash point costs one
comparison.
"""

import os
from itertools import count

POINT, _, NUMBER = os.environ.get("CRASH_AT", "").partition(":")
EXIT_CODE = 137
"""The exit code that a shell reports for a process killed by SIGKILL."""

_passes = count(1)


def crash_here(point: str) -> None:
    if point == POINT and next(_passes) == int(NUMBER or 1):
        os._exit(EXIT_CODE)
