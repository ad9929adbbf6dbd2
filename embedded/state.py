"""The state directory: the data that a stack keeps between runs, and the lock on it."""

import os
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from embedded.errors import DiskFull, StateLocked

NEEDED_BYTES = 1 << 30
TAKEOVER_S = 30.0  # how long the watchdog of a killed stack may need to end its servers


class StateDirectory:
    """Locked from `acquire` to `release`, because two stacks in one directory would share its data."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock = self.lock()

    def acquire(self) -> None:
        """Lock the directory; if its owner is dead, wait until the watchdog has ended its processes.

        Raises:
            StateLocked: a running stack holds the lock, or it was not released in time.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        deadline = time.monotonic() + TAKEOVER_S
        while not take(self._lock):
            owner = self.owner()
            if time.monotonic() > deadline or (owner is not None and is_alive(owner)):
                raise StateLocked(
                    f"another `make up` is running in {self.path} (pid {owner}); stop it first,"
                    " or set CASABRICKS_HOME to another directory."
                )
            time.sleep(0.1)
        self.lock_path.write_text(f"{os.getpid()}\n")

    def release(self) -> None:
        if self._lock.is_locked:
            with suppress(FileNotFoundError):  # a reset has deleted it
                os.truncate(self.lock_path, 0)
            self._lock.release()

    def lock(self) -> FileLock:
        """Return a new lock on the directory, not yet taken; its holder may be another thread later."""
        return FileLock(self.lock_path, thread_local=False)

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


def take(lock: FileLock) -> bool:
    """Take a lock and return True; False if another process holds it."""
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically; only its owner may read it."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
