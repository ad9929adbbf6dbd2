"""A closed-loop load generator: each connection sends its next request when it has received an answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from statistics import quantiles
from typing import TypeVar
from urllib.parse import urlsplit

NDJSON = "application/x-ndjson"
Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Target:
    """A server to measure, with the requests for it."""

    name: str
    url: str
    bodies: Callable[[int], Sequence[bytes]]
    """Returns the POST bodies for a seed; they are sent in order, and again from the start when used up."""
    content_type: str = "application/json"
    method: str = "POST"
    """With GET, the bodies are used as query strings, or as paths below the address."""


@dataclass(frozen=True)
class Measured:
    name: str
    p50_ms: float
    p95_ms: float
    p99_ms: float
    per_second: float
    spread: float = 0.0
    """Half the range of the p50 of several rounds, over its median: smaller differences mean nothing."""


class BadAnswerError(Exception):
    """A target answered with a status other than 200, so its speed is meaningless."""


async def measure(target: Target, *, seed: int, seconds: float, connections: int = 8) -> Measured:
    """Send requests for some seconds; a latency ends when the whole answer has arrived."""
    raw = cycle([_request(target, body) for body in target.bodies(seed)])
    until = time.perf_counter() + seconds
    began = time.perf_counter()
    found = await asyncio.gather(*(_connection(target, raw, until) for _ in range(connections)))
    elapsed = time.perf_counter() - began
    return summary(target.name, [latency for latencies in found for latency in latencies], elapsed)


def summary(name: str, latencies: Sequence[float], elapsed_s: float, *, digits: int = 2) -> Measured:
    cuts = quantiles(latencies, n=100)
    p50, p95, p99 = (round(cuts[cut - 1] * 1000, digits) for cut in (50, 95, 99))
    return Measured(name, p50, p95, p99, round(len(latencies) / elapsed_s, 1))


async def paced(things: Iterable[Thing], per_second: float) -> AsyncIterator[Thing]:
    """Yield things at a steady pace; after a delay, catch up with it."""
    began = time.perf_counter()
    for number, thing in enumerate(things):
        await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
        yield thing


async def _connection(target: Target, raw: Iterator[bytes], until: float) -> list[float]:
    address = urlsplit(target.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**22)
    latencies = []
    while (began := time.perf_counter()) < until:
        writer.write(next(raw))
        await _answer(reader, target)
        latencies.append(time.perf_counter() - began)
    writer.close()
    await writer.wait_closed()
    return latencies


async def _answer(reader: asyncio.StreamReader, target: Target) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"http/1.1 200"):
        raise BadAnswerError(f"{target.name}: {head.splitlines()[0].decode()} {body[:500].decode()}")
    return body


def _request(target: Target, body: bytes) -> bytes:
    address = urlsplit(target.url)
    if target.method == "GET":
        asked = body.decode()
        between = "" if asked.startswith("/") else "?"
        return f"GET {address.path}{between}{asked} HTTP/1.1\r\nhost: {address.netloc}\r\n\r\n".encode()
    head = (
        f"POST {address.path} HTTP/1.1\r\nhost: {address.netloc}\r\n"
        f"content-type: {target.content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
