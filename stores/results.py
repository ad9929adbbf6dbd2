"""Download of the AI service's results, protected against requests into the internal network (SSRF).

The host must be on the allowlist, its name is resolved once, every address must be public, and the
connection goes to one of those addresses. DNS rebinding between check and use therefore has no effect.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    SocketFactoryType,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from domain.security.result_urls import Origins, UrlNotAllowed, check_result_url, is_public
from schemas.settings import Settings

MOST_BYTES = 20 * 2**20
LONGEST_S = 10.0
HEADERS = {"accept": "image/jpeg, image/png, image/webp", "accept-encoding": "identity"}


class ResultUnusable(Exception):
    """The result will never be usable. The message completes the sentence "The result ..."."""


class ResultUnavailable(Exception):
    """The result cannot be fetched now; retry later."""


@dataclass(frozen=True)
class Limits:
    most_bytes: int = MOST_BYTES
    longest_s: float = LONGEST_S


class PublicAddressResolver(AbstractResolver):
    """Resolver that refuses names with a non-public address."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not all(is_public(each["host"]) for each in found):
            raise UrlNotAllowed("leads to an address that is not public")
        return found

    async def close(self) -> None:
        await self._inner.close()


def allowed_origins(settings: Settings) -> Origins:
    """Return the origins that results may come from; raises ValueError if the settings are invalid."""
    return Origins(settings.result_hosts, settings.enhancer_local_origin or None)


class Results:
    def __init__(
        self,
        origins: Origins,
        *,
        limits: Limits | None = None,
        resolver: Callable[[], AbstractResolver] = DefaultResolver,
        socket_factory: SocketFactoryType | None = None,
    ) -> None:
        """`resolver` and `socket_factory` replace the system's name resolution and sockets."""
        self._origins = origins
        self._limits = limits or Limits()
        self._resolver = resolver
        self._socket_factory = socket_factory

    async def fetch(self, url: str) -> bytes:
        """Download the result at a URL that the AI service gave.

        Raises:
            UrlNotAllowed: the URL or an address it resolves to is not allowed.
            ResultUnusable: the result is too large, compressed, moved or gone.
            ResultUnavailable: the result cannot be fetched now; retry later.
        """
        check_result_url(url, self._origins)
        try:
            async with (
                self._session() as session,
                session.get(URL(url, encoded=True), allow_redirects=False) as answer,
            ):
                _check_answer(answer)
                return await self._read(answer)
        except (ClientError, OSError, TimeoutError) as error:
            raise ResultUnavailable(type(error).__name__) from error

    def _session(self) -> ClientSession:
        """Return a new session for each result, so that no connection and no resolved name is reused."""
        return ClientSession(
            connector=TCPConnector(
                resolver=PublicAddressResolver(self._resolver()),
                use_dns_cache=False,
                force_close=True,
                socket_factory=self._socket_factory,
            ),
            timeout=ClientTimeout(total=self._limits.longest_s),
            headers=HEADERS,
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def _read(self, answer: ClientResponse) -> bytes:
        most, chunks, size = self._limits.most_bytes, [], 0
        if (answer.content_length or 0) > most:
            raise ResultUnusable(f"is larger than {most // 2**20} MB")
        async for chunk in answer.content.iter_any():
            size += len(chunk)
            if size > most:
                raise ResultUnusable(f"is larger than {most // 2**20} MB")
            chunks.append(chunk)
        return b"".join(chunks)


def _check_answer(answer: ClientResponse) -> None:
    if 300 <= answer.status < 400:
        raise ResultUnusable("is somewhere else, and redirects are not followed")
    if answer.status >= 500 or answer.status in {408, 425, 429}:
        raise ResultUnavailable(f"answered {answer.status}")
    if answer.status != 200:
        raise ResultUnusable(f"answered {answer.status}")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise ResultUnusable("is packed, which nobody asked for")
