"""Storage of pictures and other files, in a directory or in a bucket, behind one interface.

Every storage error becomes MediaUnavailable; the log has the cause.
"""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import Protocol

import structlog

from schemas.errors import MediaUnavailable, NotFound
from schemas.settings import Settings

KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*", re.ASCII)
"""Valid keys. No part begins with a dot, so that no key can leave the directory."""
BATCH = 1_000
"""The most files that are listed at a time."""
CACHING = "public, max-age=31536000, immutable"
"""The content of a key never changes."""
log = structlog.get_logger(component="media")


@dataclass(frozen=True)
class StoredObject:
    key: str
    age_s: float
    """Seconds since it was written, by the clock of the storage."""


class Media(Protocol):
    """Interface of a storage. All methods except `url` and `close` may raise MediaUnavailable."""

    async def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store the whole object or nothing; after the return it is durable."""

    async def get(self, key: str) -> bytes:
        """Return the content; raises NotFound."""

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; missing ones are ignored."""

    def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Yield all objects below a prefix, which ends with a slash; the order is undefined."""

    def url(self, key: str) -> str:
        """Return the public URL."""

    async def close(self) -> None: ...


def open_media(settings: Settings) -> Media:
    """Return the storage that `media_url` names; directory and bucket are accessed lazily."""
    if settings.media_directory is not None:
        return DirectoryMedia(settings.media_directory, settings.media_public_url or "/media")
    from stores.bucket import BucketMedia  # noqa: PLC0415  only a process with a bucket needs its libraries

    return BucketMedia(settings)


@asynccontextmanager
async def opened_media(settings: Settings) -> AsyncIterator[Media]:
    """Open the storage of `open_media` for a block."""
    media = open_media(settings)
    try:
        yield media
    finally:
        await media.close()


class DirectoryMedia:
    """Files on the local disk, served by the API."""

    def __init__(self, root: Path, public_url: str) -> None:
        self._root = root
        self._public_url = public_url.rstrip("/")

    async def put(self, key: str, content: bytes, content_type: str) -> None:  # noqa: ARG002  the key's suffix implies it
        with _directory_errors():
            await asyncio.to_thread(_write, self._path(key), content)

    async def get(self, key: str) -> bytes:
        with _directory_errors():
            return await asyncio.to_thread(_read, self._path(key))

    async def delete(self, keys: Iterable[str]) -> None:
        with _directory_errors():
            await asyncio.to_thread(_remove, [self._path(key) for key in keys])

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        found = _walk(self._root, prefix)
        with _directory_errors():
            while batch := await asyncio.to_thread(lambda: [*islice(found, BATCH)]):
                for each in batch:
                    yield each

    def url(self, key: str) -> str:
        return f"{self._public_url}/{key}"

    async def close(self) -> None:
        """No-op: nothing is held open."""

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise NotFound("There is no such file.")
        return self._root / key


def _write(path: Path, content: bytes) -> None:
    """Write to a temporary file, sync it, then rename it, so that a partial file is never visible."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{token_hex(8)}")
    try:
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise NotFound("There is no such file.") from None


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
        with suppress(OSError):  # the directory is not empty
            path.parent.rmdir()


def _walk(root: Path, prefix: str) -> Iterator[StoredObject]:
    for directory, _, names in os.walk(root / prefix):
        for name in names:
            path = Path(directory, name)
            with suppress(FileNotFoundError):  # deleted in between
                yield StoredObject(path.relative_to(root).as_posix(), time.time() - path.stat().st_mtime)


@contextmanager
def _directory_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.warning("media_unavailable", error=type(error).__name__, reason=error.strerror)
        raise MediaUnavailable("Pictures cannot be stored or read just now.") from error
