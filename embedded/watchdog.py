"""Ends a stack's processes when the supervisor is gone, however it went.

Run as `python -m embedded.watchdog CHILDREN`: its input ends when the supervisor does. After a clean
stop the list is empty. Once the state directory has a new owner, the list is that owner's business.
"""

import os
import signal
import sys
import time
from pathlib import Path

from embedded.children import end_recorded, recorded
from embedded.state import StateDirectory, lock_file


def main(children: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    supervisor = os.getppid()
    state = StateDirectory(children.parent)
    sys.stdin.buffer.read()
    # A killed process loses its pipe a moment before its lock.
    while recorded(children) and state.owner() == supervisor:
        lock = lock_file(state.lock_path)
        if lock is not None:
            end_recorded(children)
            lock.close()
            return
        time.sleep(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
