"""Ends a stack's processes when the supervisor has ended in any way.

Run as `python -m embedded.servers.watchdog CHILDREN`: its input closes when the supervisor ends. After a
clean stop the list is empty. Once the state directory has a new owner, the watchdog leaves the list to it.
"""

import os
import signal
import sys
import time
from pathlib import Path

from embedded.servers.children import end_recorded, recorded
from embedded.state import StateDirectory, take


def main(children: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    supervisor = os.getppid()
    state = StateDirectory(children.parent)
    sys.stdin.buffer.read()
    # The pipe of a killed process closes slightly before its lock is released.
    lock = state.lock()
    while recorded(children) and state.owner() == supervisor:
        if take(lock):
            end_recorded(children)
            lock.release()
            return
        time.sleep(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
