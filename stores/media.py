"""Storage of pictures and other files, in a directory or in a bucket: two adapters behind one interface.

Every storage error becomes MediaUnavailable; the log has the cause.
"""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol
from urllib.parse import urlsplit

import aioboto3
import structlog
from aiobotocore.config import AioConfig
from aiohttp import ClientError as ConnectionBroken
from botocore.exceptions import BotoCoreError, ClientError

from schemas.errors import MediaUnavailable, NotFound
from schemas.settings import Settings

KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*", re.ASCII)
"""Valid keys. No part begins with a dot, so that no key can leave the directory."""
BATCH = 1_000
"""The most objects that S3 lists or deletes in one request."""
CACHING = "public, max-age=31536000, immutable"
"""The content of a key never changes."""
CONNECT_S, READ_S, ATTEMPTS = 2.0, 10.0, 3
LONGEST_S = 20.0
"""Limit for all attempts. The client's timeouts do not run while it sends to a server that does not read."""
MISSING = frozenset({"NoSuchKey", "404"})
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


class BucketMedia:
    """Objects in a bucket, from which browsers fetch them directly."""

    def __init__(self, settings: Settings) -> None:
        address = urlsplit(settings.media_url)
        self._bucket = address.netloc
        self._prefix = f"{path}/" if (path := address.path.strip("/")) else ""
        self._public_url = settings.media_public_url.rstrip("/") or self._bucket_url(settings)
        self._options = _client_options(settings)
        self._opening = asyncio.Lock()
        self._open = AsyncExitStack()
        self._client: Any = None

    async def put(self, key: str, content: bytes, content_type: str) -> None:
        headers = {"ContentType": content_type, "CacheControl": CACHING, "ContentDisposition": "inline"}
        async with self._request() as client:
            await client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=content, **headers)

    async def get(self, key: str) -> bytes:
        async with self._request() as client:
            found = await client.get_object(Bucket=self._bucket, Key=self._prefix + key)
            content: bytes = await found["Body"].read()
            return content

    async def delete(self, keys: Iterable[str]) -> None:
        waiting = iter(keys)
        while batch := [{"Key": self._prefix + key} for key in islice(waiting, BATCH)]:
            async with self._request() as client:
                done = await client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": batch, "Quiet": True}
                )
            if errors := done.get("Errors"):
                log.warning("media_not_deleted", objects=len(errors), error=errors[0].get("Code"))
                raise MediaUnavailable("Pictures cannot be deleted just now.")

    async def list(self, prefix: str) -> AsyncIterator[StoredObject]:
        more: dict[str, str] | None = {}
        while more is not None:
            async with self._request() as client:
                page = await client.list_objects_v2(
                    Bucket=self._bucket, Prefix=self._prefix + prefix, MaxKeys=BATCH, **more
                )
            now = _date_of(page)
            for each in page.get("Contents", ()):
                age = now - each["LastModified"]
                yield StoredObject(each["Key"].removeprefix(self._prefix), age.total_seconds())
            more = {"ContinuationToken": page["NextContinuationToken"]} if page["IsTruncated"] else None

    def url(self, key: str) -> str:
        return f"{self._public_url}/{key}"

    async def close(self) -> None:
        await self._open.aclose()
        self._client = None

    def _bucket_url(self, settings: Settings) -> str:
        host = urlsplit(settings.s3_endpoint_url or f"https://s3.{settings.s3_region}.amazonaws.com")
        named = f"{host.netloc}/{self._bucket}" if settings.s3_path_style else f"{self._bucket}.{host.netloc}"
        return f"{host.scheme}://{named}/{self._prefix}".rstrip("/")

    @asynccontextmanager
    async def _request(self) -> AsyncIterator[Any]:
        """Yield the client for one request; translate its errors to NotFound or MediaUnavailable."""
        try:
            async with asyncio.timeout(LONGEST_S):
                yield await self._open_client()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code in MISSING:
                raise NotFound("There is no such file.") from None
            log.warning("media_unavailable", error=code)
            raise MediaUnavailable("Pictures cannot be stored or read just now.") from error
        except (BotoCoreError, ConnectionBroken, OSError, TimeoutError) as error:
            log.warning("media_unavailable", error=type(error).__name__)
            raise MediaUnavailable("Pictures cannot be stored or read just now.") from error

    async def _open_client(self) -> Any:
        async with self._opening:
            if self._client is None:
                opening = aioboto3.Session().client("s3", **self._options)
                self._client = await self._open.enter_async_context(opening)
        return self._client


def _client_options(settings: Settings) -> dict[str, Any]:
    return {
        "endpoint_url": settings.s3_endpoint_url or None,
        "region_name": settings.s3_region,
        "aws_access_key_id": settings.s3_access_key_id or None,
        "aws_secret_access_key": settings.s3_secret_access_key.get_secret_value() or None,
        "config": AioConfig(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            s3={"addressing_style": "path" if settings.s3_path_style else "virtual"},
            # Newer checksums only if required, because some S3-compatible servers do not support them.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    }


def _date_of(answer: dict[str, Any]) -> datetime:
    """Return the date of the server's response, so that ages depend on the server's clock only."""
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(said) if said else datetime.now(UTC)
