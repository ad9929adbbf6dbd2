"""Places where tests end a process as a power cut would: no rollback, no farewell, nothing flushed.

A process that was started with CRASH_AT=after-claim ends when it first comes to that place, one with
CRASH_AT=after-claim:3 the third time. Without the variable, which nobody but tests sets, a place is
one comparison.
"""

import os
from itertools import count

POINT, _, NUMBER = os.environ.get("CRASH_AT", "").partition(":")
EXIT_CODE = 137
"""What a shell says of a process that was killed by SIGKILL."""

_passes = count(1)


def crash_here(point: str) -> None:
    if point == POINT and next(_passes) == int(NUMBER or 1):
        os._exit(EXIT_CODE)
