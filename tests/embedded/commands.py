"""Runs `python -m embedded` for a test."""

import os
import signal
import sys
from pathlib import Path

from tests.processes import Processes, Program


class Command:
    """`python -m embedded` with a new state directory."""

    def __init__(self, home: Path, processes: Processes) -> None:
        self.home = home
        # Start only Postgres and Redis: OpenSearch takes seconds, and few tests need their own.
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
        """Run it to its end; return its exit code, stdout and stderr."""
        program = self.start(*arguments, **environment)
        return program.ends_now(), program.said, program.complained

    def close(self) -> None:
        """Stop all running commands with SIGTERM, which also stops their servers."""
        for program in self._started:
            if not program.has_ended:
                program.send(signal.SIGTERM)
        for program in self._started:
            program.ends_now()


def line_of(program: Program, beginning: str) -> str:
    """Wait for a complete line with this beginning; return it."""

    def found() -> str:
        lines = program.said.splitlines(keepends=True)
        return next((line for line in lines if line.startswith(beginning) and line.endswith("\n")), "")

    return program.until_now(found, f"it says {beginning!r}").removesuffix("\n")
