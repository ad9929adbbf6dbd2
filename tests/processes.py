"""Processes that a test starts: what they say goes to files, and none of them outlives its test.

Whoever waits for one that ends meanwhile fails at once, with its exit code and its last words. A test
that fails shows the last words of all that it has started.
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
"""Characters of a log that say what went wrong."""
WITH_US = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
"""Asks a program to end when we are killed and can ask it no more; from there on it ends its own."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Process(ABC):
    name: str
    log: Path
    """What it says."""

    @property
    @abstractmethod
    def exit_code(self) -> int | None:
        """None while it runs."""

    @abstractmethod
    def kill(self) -> None:
        """End it, whatever it does, and all that it has started in its group."""

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
        """Its exit code."""
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
        """Wait for what comes only while it runs; what the condition gave then."""

        async def found() -> T:
            has_ended = self.has_ended  # asked first: what it did last of all counts
            seen = condition()
            if inspect.isawaitable(seen):
                seen = await seen
            assert seen or not has_ended, self.in_vain(what)
            return seen

        return await until(found, lambda: self.in_vain(what), seconds=seconds)

    def until_now(
        self, condition: Callable[[], T], what: str | Callable[[], object], *, seconds: float = PATIENCE_S
    ) -> T:
        """The same where no loop runs."""

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
    """A process with a program and a session of its own."""

    popen: "subprocess.Popen[bytes]"
    complaints: Path | None = None
    """What it writes to stderr, where that is kept apart."""

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
        """Ask it to end; its exit code when it has."""
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
    """Start a program; to be called by the main thread, for with the thread that starts it, it ends.

    Args:
        command: the program and its arguments.
        log: where its words go, both stdout and stderr.
        environment: instead of ours.
        apart: whether stderr gets a file of its own beside the log.
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
    """What a test has started, in the order of the starts."""

    folder: Path
    """For the logs."""
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
    """What is there by now; the last character may be half-written."""
    return log.read_text(errors="replace") if log.exists() else ""


STARTED: list[Process] = []
"""By the test that runs now."""
