"""The protocol between the pool and its children: lengths, JSON and files, nothing that could be executed.

Request: eight bytes of length, then a picture. Answer: eight bytes of length, a header in JSON, then the
files whose sizes the header gives.
"""

import json
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from domain.pictures import VARIANTS, PictureRefused

LENGTH = struct.Struct(">Q")
READY = b"ready"
MOST_HEADER_BYTES = 4096
MOST_FILE_BYTES = 32 * 2**20
"""A malicious picture may take over a child, so its answers are checked and limited."""


@dataclass(frozen=True)
class Rendered:
    """A re-encoded picture: upright, in sRGB, without metadata."""

    width: int
    """Pixels of the large variant."""
    height: int
    files: dict[str, bytes]
    """Variant -> WebP."""


class Garbled(Exception):
    """A child's answer violates the protocol."""


def framed(content: bytes) -> bytes:
    return LENGTH.pack(len(content)) + content


def rendered_answer(rendered: Rendered) -> bytes:
    sizes = {variant: len(file) for variant, file in rendered.files.items()}
    header = {"width": rendered.width, "height": rendered.height, "files": sizes}
    return framed(json.dumps(header).encode()) + b"".join(rendered.files.values())


def refused_answer(refusal: PictureRefused) -> bytes:
    return framed(json.dumps({"code": refusal.code, "detail": refusal.detail}).encode())


async def read_answer(read: Callable[[int], Awaitable[bytes]]) -> Rendered | PictureRefused:
    """Read a child's answer to a picture.

    Args:
        read: reads exactly the given number of bytes.

    Raises:
        Garbled: the answer violates the protocol.
    """
    header = await _read_header(read)
    try:
        if "code" in header:
            return PictureRefused(str(header["code"]), str(header["detail"]))
        width, height = int(header["width"]), int(header["height"])
        sizes = {variant: int(header["files"][variant]) for variant in VARIANTS}
    except (KeyError, TypeError, ValueError):
        raise Garbled from None
    if not all(0 < size <= MOST_FILE_BYTES for size in sizes.values()):
        raise Garbled
    files = {variant: await read(size) for variant, size in sizes.items()}
    if not all(file[:4] == b"RIFF" and file[8:12] == b"WEBP" for file in files.values()):
        raise Garbled
    return Rendered(width, height, files)


async def _read_header(read: Callable[[int], Awaitable[bytes]]) -> dict[str, Any]:
    (length,) = LENGTH.unpack(await read(LENGTH.size))
    if length > MOST_HEADER_BYTES:
        raise Garbled
    try:
        header = json.loads(await read(length))
    except ValueError:
        raise Garbled from None
    if not isinstance(header, dict):
        raise Garbled
    return header
