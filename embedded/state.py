"""The state directory: what a stack keeps between runs, and who may use it."""

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
TAKEOVER_S = 30.0  # what a killed stack's watchdog may need to end its servers


class StateDirectory:
    """Holds the lock from `acquire` to `release`: two stacks in one directory would share its data."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: BinaryIO | None = None

    def acquire(self) -> None:
        """Take the directory, or wait while it is only a dead stack's remains that are being ended.

        Raises:
            StateLocked: a living stack has it.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        deadline = time.monotonic() + TAKEOVER_S
        while (lock := lock_file(self.lock_path)) is None:
            owner = self.owner()
            if time.monotonic() > deadline or (owner is not None and is_alive(owner)):
                raise StateLocked(
                    f"another `make up` is running in {self.path} (pid {owner}); stop it first."
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
        """The process that wrote itself into the lock file."""
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
        """A generated password or signing key, the same for as long as the directory lives."""
        path = self.directory("secrets") / name
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32))
        return path.read_text()

    def require_room(self, needed: int = NEEDED_BYTES) -> None:
        """Refuse to start what would soon fail half-way.

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
    """The opened file with its lock, or None while another process has it."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read, at once or not at all."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
