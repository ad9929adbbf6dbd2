"""Processes that a test starts: their output goes to files, and none of them outlives its test.

If a process ends while a test waits for it, the wait fails at once with the exit code and the last output.
A failed test shows the last output of every process that it started.
"""

import inspect
import os
import shutil
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.waiting import PATIENCE_S, until, until_now

LAST_WORDS = 3_000
"""Characters at the end of a log that a failure shows."""
WITH_US = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
"""Command prefix: a program gets SIGTERM if the test process is killed; it then ends its own children."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Process(ABC):
    name: str
    log: Path
    """The file with its output."""

    @property
    @abstractmethod
    def exit_code(self) -> int | None:
        """The exit code, or None while it runs."""

    @abstractmethod
    def kill(self) -> None:
        """Kill the process at once, with everything in its process group."""

    @property
    def has_ended(self) -> bool:
        return self.exit_code is not None

    @property
    def said(self) -> str:
        return read(self.log)

    @property
    def last_words(self) -> str:
        fate = "runs" if self.exit_code is None else f"ended with code {self.exit_code}"
        return f"-- {self.name} {fate}:\n{self.said[-LAST_WORDS:]}"

    async def says(self, words: str, *, seconds: float = PATIENCE_S) -> None:
        await self.until(lambda: words in self.said, f"it says {words!r}", seconds=seconds)

    def says_now(self, words: str, *, seconds: float = PATIENCE_S) -> None:
        self.until_now(lambda: words in self.said, f"it says {words!r}", seconds=seconds)

    async def ends(self, *, seconds: float = PATIENCE_S) -> int:
        """Wait until it ends; return its exit code."""
        await until(lambda: self.has_ended, lambda: f"it ends\n{self.last_words}", seconds=seconds)
        return self.ends_now()

    def ends_now(self, *, seconds: float = PATIENCE_S) -> int:
        until_now(lambda: self.has_ended, lambda: f"it ends\n{self.last_words}", seconds=seconds)
        return int(self.exit_code or 0)

    async def until(
        self,
        condition: Callable[[], Awaitable[T] | T],
        what: str | Callable[[], object],
        *,
        seconds: float = PATIENCE_S,
    ) -> T:
        """Wait for a condition while the process runs; return the condition's value."""

        async def found() -> T:
            has_ended = self.has_ended  # read before the condition: output written just before the end counts
            seen = condition()
            if inspect.isawaitable(seen):
                seen = await seen
            assert seen or not has_ended, self.in_vain(what)
            return seen

        return await until(found, lambda: self.in_vain(what), seconds=seconds)

    def until_now(
        self, condition: Callable[[], T], what: str | Callable[[], object], *, seconds: float = PATIENCE_S
    ) -> T:
        """Do the same as `until`, without an event loop."""

        def found() -> T:
            has_ended = self.has_ended
            seen = condition()
            assert seen or not has_ended, self.in_vain(what)
            return seen

        return until_now(found, lambda: self.in_vain(what), seconds=seconds)

    def in_vain(self, what: str | Callable[[], object]) -> str:
        return f"{what() if callable(what) else what}\n{self.last_words}"


@dataclass(frozen=True, kw_only=True)
class Program(Process):
    """A process that runs its own program in its own session."""

    popen: "subprocess.Popen[bytes]"
    complaints: Path | None = None
    """The file with its stderr, if that is kept apart."""

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def exit_code(self) -> int | None:
        return self.popen.poll()

    @property
    def complained(self) -> str:
        return read(self.complaints) if self.complaints else ""

    @property
    def last_words(self) -> str:
        return super().last_words + self.complained[-LAST_WORDS:]

    def send(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal; return its exit code after it has ended."""
        self.send(number)
        return await self.ends()

    def stop_now(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.send(number)
        return self.ends_now()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait(PATIENCE_S)


def launch(
    *command: str | Path, log: Path, environment: Mapping[str, str] | None = None, apart: bool = False
) -> Program:
    """Start a program. Call this in the main thread: the program ends when the thread that started it ends.

    Args:
        command: the program and its arguments.
        log: file for its output, both stdout and stderr.
        environment: environment of the program; None inherits that of the test process.
        apart: whether stderr gets its own file beside the log.
    """
    words = [str(part) for part in command]
    complaints = log.with_suffix(".err") if apart else None
    with log.open("ab") as output, (complaints or log).open("ab") as errors:
        popen = subprocess.Popen(
            [*WITH_US, *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    name = " ".join(word for word in words if word != sys.executable and "\n" not in word)
    return Program(name=name, log=log, popen=popen, complaints=complaints)


@dataclass
class Started:
    """The processes that a test has started, in order of their start."""

    folder: Path
    """Directory for the logs."""
    started: list[Process] = field(default_factory=list)

    def next_log(self) -> Path:
        return self.folder / f"process-{len(STARTED)}.log"

    def add(self, process: Process) -> None:
        self.started.append(process)
        STARTED.append(process)

    @property
    def last_words(self) -> list[str]:
        return [process.last_words for process in self.started]

    def kill_all(self) -> None:
        for process in self.started:
            process.kill()


class Processes(Started):
    def start(
        self, *command: str | Path, environment: Mapping[str, str] | None = None, apart: bool = False
    ) -> Program:
        program = launch(*command, log=self.next_log(), environment=environment, apart=apart)
        self.add(program)
        return program


def read(log: Path) -> str:
    """Return the log so far; its last character may be incomplete."""
    return log.read_text(errors="replace") if log.exists() else ""


STARTED: list[Process] = []
"""The processes that the current test has started."""
