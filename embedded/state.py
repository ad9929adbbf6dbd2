"""The state directory: the data that a stack keeps between runs, and the lock on it."""

import fcntl
import os
import secrets
import shutil
import time
from pathlib import Path
from typing import BinaryIO

import psutil

from embedded.errors import DiskFull, StateLocked

NEEDED_BYTES = 1 << 30
TAKEOVER_S = 30.0  # how long the watchdog of a killed stack may need to end its servers


class StateDirectory:
    """Locked from `acquire` to `release`, because two stacks in one directory would share its data."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: BinaryIO | None = None

    def acquire(self) -> None:
        """Lock the directory; if its owner is dead, wait until the watchdog has ended its processes.

        Raises:
            StateLocked: a running stack holds the lock, or it was not released in time.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        deadline = time.monotonic() + TAKEOVER_S
        while (lock := lock_file(self.lock_path)) is None:
            owner = self.owner()
            if time.monotonic() > deadline or (owner is not None and is_alive(owner)):
                raise StateLocked(
                    f"another `make up` is running in {self.path} (pid {owner}); stop it first,"
                    " or set CASABRICKS_HOME to another directory."
                )
            time.sleep(0.1)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n".encode())
        lock.flush()
        self._lock = lock

    def release(self) -> None:
        if self._lock is not None:
            self._lock.truncate(0)
            self._lock.close()
            self._lock = None

    def owner(self) -> int | None:
        """Return the pid written in the lock file, if any."""
        text = self.lock_path.read_text().strip()
        return int(text) if text else None

    @property
    def lock_path(self) -> Path:
        return self.path / "lock"

    def directory(self, name: str) -> Path:
        path = self.path / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def log(self, name: str) -> Path:
        return self.directory("logs") / f"{name}.log"

    def secret(self, name: str) -> str:
        """Return a password or signing key, generated once and kept in the directory."""
        path = self.directory("secrets") / name
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32))
        return path.read_text()

    def require_room(self, needed: int = NEEDED_BYTES) -> None:
        """Check the free disk space before anything starts.

        Raises:
            DiskFull: fewer than `needed` bytes are free.
        """
        free = shutil.disk_usage(self.path).free
        if free < needed:
            raise DiskFull(
                f"{self.path} has {free >> 20} MB free and the servers need {needed >> 20} MB;"
                " free some space, or set CASABRICKS_HOME to a directory on another disk."
            )


def is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def lock_file(path: Path) -> BinaryIO | None:
    """Open and lock a file; None if another process holds the lock."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically; only its owner may read it."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
