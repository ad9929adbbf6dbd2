"""The processes that a stack starts, and how they are always ended.

Each runs in a separate session, so Ctrl-C in the terminal reaches only the supervisor, which ends them in
order. Each is also recorded in a file. If the supervisor is killed, the watchdog reads the file and ends
them; if the watchdog is killed too, the next start does.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import psutil

from embedded.errors import ServerFailed
from embedded.servers.accounts import Account
from embedded.state import write_private

LOG_BYTES = 10 << 20
"""A log larger than this is truncated when its process starts."""

PATIENCE_S = 30.0  # how long a server may take to save its data before it is killed


@dataclass(frozen=True)
class Record:
    """A started process, identified by pid and start time, because pids are reused."""

    name: str
    pid: int
    created: float
    """Unix time, in seconds."""
    stop_signal: int

    def find(self) -> psutil.Process | None:
        """Return the process if it still runs and is the one that was started."""
        try:
            process = psutil.Process(self.pid)
            # The kernel may correct the clock of start times slightly while a process runs.
            is_ours = (
                abs(process.create_time() - self.created) < 2 and process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return None
        return process if is_ours else None


@dataclass(frozen=True)
class Child:
    record: Record
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def name(self) -> str:
        return self.record.name

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def require_running(self) -> None:
        """Raise ServerFailed if the process has ended."""
        if self.has_ended():
            raise ServerFailed(f"{self.name} ended with code {self.process.returncode}", self.log)


class Children:
    def __init__(self, path: Path) -> None:
        """`path` is the file of records; `open` ends the processes that an earlier stack left in it."""
        self._path = path
        self._running: list[Child] = []
        self._changing = Lock()
        """Held while the list changes: servers are started and stopped in several threads."""
        # Signal handlers raise in the main thread; in this thread, no signal comes between start and record.
        self._starter = ThreadPoolExecutor(1, "starter")
        self._watchdog: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        end_recorded(self._path)
        command = [sys.executable, "-m", "embedded.servers.watchdog", str(self._path)]
        self._watchdog = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
        )

    def running(self) -> tuple[Child, ...]:
        return tuple(self._running)

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        stdin: bytes = b"",
        environment: dict[str, str] | None = None,
        account: Account | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> Child:
        """Start a process whose output goes to `log`.

        Args:
            name: its name in messages.
            command: the program and its arguments.
            log: output is appended to this file.
            stdin: its whole input.
            environment: its environment; by default that of this process.
            account: the account it runs as; by default that of this process.
            stop_signal: the signal that asks it to stop.
        """

        def spawn() -> Child:
            with _open_log(log) as output:
                process = subprocess.Popen(
                    [str(part) for part in command],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    start_new_session=True,
                    **(account.rights if account else {}),
                )
            created = psutil.Process(process.pid).create_time()
            child = Child(Record(name, process.pid, created, stop_signal), process, log)
            with self._changing:
                self._running.append(child)
                self._write()
            assert process.stdin is not None
            process.stdin.write(stdin)
            process.stdin.close()
            return child

        return self._starter.submit(spawn).result()

    def stop(self, children: Sequence[Child], patience_s: float = PATIENCE_S) -> None:
        """Ask all to stop at once, then kill those that do not stop in time."""
        for child in children:
            if not child.has_ended():
                child.process.send_signal(child.record.stop_signal)
        deadline = time.monotonic() + patience_s
        for child in children:
            _wait_or_kill(child.process, deadline)
        self.forget(*children)

    def forget(self, *children: Child) -> None:
        """Remove children from the list: they have ended, or something else ends them."""
        with self._changing:
            self._running = [child for child in self._running if child not in children]
            self._write()

    def close(self) -> None:
        """Stop all running children; none can be started afterwards."""
        self._starter.shutdown()
        self.stop(self._running)
        if self._watchdog is not None:
            self._watchdog.communicate()  # closes its input; it finds the list empty and exits

    def _write(self) -> None:
        write_private(self._path, json.dumps([asdict(child.record) for child in self._running]))


def recorded(path: Path) -> list[Record]:
    """Return the recorded processes that were not stopped yet."""
    return [Record(**fields) for fields in json.loads(path.read_text())] if path.exists() else []


def end_recorded(path: Path, patience_s: float = PATIENCE_S) -> list[str]:
    """End the recorded processes of an earlier stack; return the names of those that were still running."""
    records = recorded(path)
    found = [(record, process) for record in records if (process := record.find()) is not None]
    for record, process in found:
        end(process, record.stop_signal)
    _, stubborn = psutil.wait_procs([process for _, process in found], patience_s)
    for process in stubborn:
        end(process, signal.SIGKILL)
    path.unlink(missing_ok=True)
    return [record.name for record, _ in found]


def end(process: psutil.Process, stop_signal: int) -> None:
    try:
        process.send_signal(stop_signal)
    except psutil.NoSuchProcess:
        return


def _wait_or_kill(process: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _open_log(path: Path) -> BinaryIO:
    is_long = path.exists() and path.stat().st_size > LOG_BYTES
    return path.open("wb" if is_long else "ab")
