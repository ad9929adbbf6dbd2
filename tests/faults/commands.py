"""Our commands as processes of their own, which may be killed.

They are forked from one process that has imported everything, since importing takes a second or two
of processor time, and seeds are many. What a killed one leaves behind is the same.
"""

import asyncio
import importlib
import multiprocessing
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stores import crash_points

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["indexer.cli", "tests.faults.commands"])


def run_command(module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    importlib.reload(crash_points)  # as a fresh process would have read it
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.argv = [module, *arguments]
    importlib.import_module(module).app(arguments)


@dataclass(frozen=True)
class Command:
    name: str
    process: "multiprocessing.process.BaseProcess"
    log: Path

    @property
    def has_ended(self) -> bool:
        return self.process.exitcode is not None

    async def ends(self, *, seconds: float = 60) -> int:
        """Its exit code."""
        deadline = time.monotonic() + seconds
        while not self.has_ended:
            assert time.monotonic() < deadline, f"{self.name} goes on:\n{self.said}"
            await asyncio.sleep(0.01)
        return int(self.process.exitcode or 0)

    async def says(self, words: str, *, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.said:
            assert time.monotonic() < deadline, f"{self.name} did not say {words!r}:\n{self.said}"
            assert not self.has_ended, f"{self.name} ended:\n{self.said}"
            await asyncio.sleep(0.01)

    @property
    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


@dataclass
class Commands:
    environment: Mapping[str, str]
    logs: Path
    started: list[Command] = field(default_factory=list)

    def start(self, module: str, *arguments: str, **environment: str) -> Command:
        name = " ".join([module, *arguments, *environment.values()])
        log = self.logs / f"{len(self.started)}.log"
        process = FORKS.Process(
            target=run_command, args=(module, arguments, {**self.environment, **environment}, log)
        )
        process.start()
        command = Command(name, process, log)
        self.started.append(command)
        return command

    @property
    def last_words(self) -> list[str]:
        """The end of what each process has logged, for whoever has to find out what went wrong."""
        return [f"-- {command.name}\n{command.said[-1_000:]}" for command in self.started]

    def kill_all(self) -> None:
        for command in self.started:
            command.kill()
