"""`python -m embedded` as a test drives it."""

import os
import signal
import sys
from pathlib import Path

from tests.processes import Processes, Program


class Command:
    """`python -m embedded` with a state directory of its own."""

    def __init__(self, home: Path, processes: Processes) -> None:
        self.home = home
        # OpenSearch takes seconds to start, and most tests are about the other two.
        kept = {
            name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")
        }
        self.environment = kept | {"CASABRICKS_HOME": str(home)}
        self._processes = processes
        self._started: list[Program] = []

    def start(self, *arguments: str, **environment: str) -> Program:
        command = [sys.executable, "-m", "embedded", *arguments]
        program = self._processes.start(*command, environment=self.environment | environment, apart=True)
        self._started.append(program)
        return program

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Its exit code, what it said, and what it complained of."""
        program = self.start(*arguments, **environment)
        return program.ends_now(), program.said, program.complained

    def close(self) -> None:
        """End what runs as a person would, which takes its servers along."""
        for program in self._started:
            if not program.has_ended:
                program.send(signal.SIGTERM)
        for program in self._started:
            program.ends_now()


def line_of(program: Program, beginning: str) -> str:
    """The first line of its output that begins so, as soon as that is whole."""

    def found() -> str:
        lines = program.said.splitlines(keepends=True)
        return next((line for line in lines if line.startswith(beginning) and line.endswith("\n")), "")

    return program.until_now(found, f"it says {beginning!r}").removesuffix("\n")
