"""Storage of pictures in a bucket of S3 or a server that speaks its protocol.

Only a process with a bucket loads this module, because the libraries of S3 take tens of megabytes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import aioboto3
import structlog
from aiobotocore.config import AioConfig
from aiohttp import ClientError as ConnectionBroken
from botocore.exceptions import BotoCoreError, ClientError

from schemas.errors import MediaUnavailable, NotFound
from schemas.settings import Settings
from stores.media import CACHING, StoredObject

BATCH = 1_000
"""The most objects that S3 lists or deletes in one request."""
CONNECT_S, READ_S, ATTEMPTS = 2.0, 10.0, 3
LONGEST_S = 20.0
"""Limit for all attempts. The client's timeouts do not run while it sends to a server that does not read."""
MISSING = frozenset({"NoSuchKey", "404"})
log = structlog.get_logger(component="media")


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
