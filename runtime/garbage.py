"""How often a process looks for garbage."""

import gc


def collect_seldom(*, after: int) -> None:
    """Look for garbage only after so many new objects; Python's default is 700.

    What exists now is never looked at again, so workers forked later do not copy the memory that they share.
    """
    gc.freeze()
    gc.set_threshold(after)
