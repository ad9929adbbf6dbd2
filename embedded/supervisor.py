"""Runs CasaBricks's own processes in a stack and restarts those that end unexpectedly."""

import http.client
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from embedded.errors import ServerFailed
from embedded.progress import Report
from embedded.servers.children import Child, Children
from embedded.state import StateDirectory

STEADY_S = 60.0
"""After running this long, a process counts as stable and its restart pause is reset."""
LONGEST_PAUSE_S = 30.0
READY_S = 60.0
READY_PATH = "/api/v1/search/guided"
"""Answers 200 once the API, the search engine and the index are all available."""


@dataclass(frozen=True)
class Program:
    name: str
    module: str
    """Run as `python -m MODULE`."""
    arguments: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", self.module, *self.arguments]


PROGRAMS = (
    Program("api", "server.cli", ("serve",)),
    Program("indexer", "indexer.cli", ("run",)),
    Program("worker", "server.cli", ("worker",)),
)


def stand_in(port: int, directory: Path) -> Program:
    """Return the program that stands in for the AI service."""
    return Program("enhancer", "embedded.enhancer", (str(port), str(directory)))


REINDEX = Program("reindex", "indexer.cli", ("reindex",))


@dataclass
class Post:
    """A supervised program: its current process, and when it is restarted after an end."""

    program: Program
    child: Child
    started: float = field(default_factory=time.monotonic)
    falls: int = 0
    next_start: float | None = None


class Supervisor:
    def __init__(
        self,
        state: StateDirectory,
        children: Children,
        environment: Mapping[str, str],
        report: Report,
        programs: tuple[Program, ...] = PROGRAMS,
    ) -> None:
        self._state = state
        self._children = children
        self._environment = dict(environment)
        self._report = report
        self._programs = programs
        self._posts: list[Post] = []

    def run(self, program: Program) -> None:
        """Run a program to its end.

        Raises:
            ServerFailed: it ended with an error code.
        """
        child = self._start(program)
        code = child.process.wait()
        self._children.stop([child])
        if code:
            raise ServerFailed(f"{program.name} ended with code {code}", child.log)

    def start(self) -> None:
        self._posts = [Post(program, self._start(program)) for program in self._programs]

    def wait_ready(self, port: int) -> None:
        """Wait until the API answers a search; a program that ends before that is not restarted.

        Raises:
            ServerFailed: a program has ended, or the API did not answer in time.
        """
        deadline = time.monotonic() + READY_S
        while not answers(port, READY_PATH):
            for post in self._posts:
                post.child.require_running()
            if time.monotonic() > deadline:
                raise ServerFailed(f"the API did not answer within {READY_S:.0f} s", self._state.log("api"))
            time.sleep(0.1)

    def tend(self) -> None:
        """Restart programs that have ended, with a growing pause if they keep ending."""
        now = time.monotonic()
        for post in self._posts:
            if post.next_start is None and post.child.has_ended():
                self._note_end(post, now)
            elif post.next_start is not None and now >= post.next_start:
                post.child, post.started, post.next_start = self._start(post.program), now, None

    def _note_end(self, post: Post, now: float) -> None:
        self._children.stop([post.child])
        post.falls = 1 if now - post.started > STEADY_S else post.falls + 1
        pause = min(2.0 ** (post.falls - 1), LONGEST_PAUSE_S)
        post.next_start = now + pause
        code = post.child.process.returncode
        self._report(
            f"{post.program.name} ended with code {code}; starting it again in {pause:.0f} s"
            f" (its log is {post.child.log})"
        )

    def stop(self) -> None:
        self._children.stop([post.child for post in self._posts])

    def _start(self, program: Program) -> Child:
        log = self._state.log(program.name)
        return self._children.start(program.name, program.command, log, environment=self._environment)


def answers(port: int, path: str) -> bool:
    """Return whether a GET is answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
