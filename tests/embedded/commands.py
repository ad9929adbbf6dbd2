"""`python -m embedded` as a test drives it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

SENTENCE_S = 30.0


class Command:
    """`python -m embedded` with a state directory of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        # OpenSearch takes seconds to start, and most tests are about the other two.
        kept = {
            name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")
        }
        self.environment = kept | {"CASABRICKS_HOME": str(home)}
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "embedded", *arguments],
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Its exit code, what it said, and what it complained of."""
        process = self.start(*arguments, **environment)
        said, complained = process.communicate(timeout=SENTENCE_S)
        return process.returncode, said, complained

    def close(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=SENTENCE_S)


def read_until(process: subprocess.Popen[str], beginning: str) -> str:
    """The first line of its output that begins so."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(beginning):
            return line.removesuffix("\n")
    assert process.stderr is not None
    raise AssertionError(f"it ended before it said {beginning!r}: {process.stderr.read()}")


def wait_for(condition: Callable[[], bool], *, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
