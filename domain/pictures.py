"""Which pictures are accepted, in which sizes they are shown, and where they are stored."""

import re
from enum import StrEnum
from uuid import UUID

MOST_BYTES = 15 * 2**20
MOST_PIXELS = 40_000_000
SMALLEST_SIDE, LONGEST_SIDE = 200, 12_000
VARIANTS = {"large": 2048, "medium": 1024, "thumbnail": 400}
"""Name -> the side in pixels of the box that it fits into; smaller pictures are never enlarged."""
ROOT = "img/"
"""Holds only accepted pictures, each in its own folder."""

_FOLDER = re.compile(r"img/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/")


class PictureType(StrEnum):
    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


class PictureRefused(Exception):
    """The file is not an accepted picture.

    Args:
        code: for programs: `unsupported`, `image_too_large`, `image_too_small`, `animated`, `unreadable`.
        detail: the rest of a sentence that begins with the file.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def picture_type(content: bytes) -> PictureType:
    """Detect the type from the first bytes, ignoring name and header; PictureRefused for any other type."""
    if content.startswith(b"\xff\xd8\xff"):
        return PictureType.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PictureType.PNG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return PictureType.WEBP
    raise PictureRefused("unsupported", "is not a JPEG, PNG or WebP picture")


def check_size(width: int, height: int) -> None:
    """Refuse pictures that are too small to show or too large to decode."""
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        most = f"{LONGEST_SIDE:,} pixels a side and {MOST_PIXELS // 10**6} megapixels"
        raise PictureRefused("image_too_large", f"has {width} x {height} pixels; at most {most} are taken")
    if min(width, height) < SMALLEST_SIDE:
        least = f"{SMALLEST_SIDE} pixels a side are needed"
        raise PictureRefused("image_too_small", f"has {width} x {height} pixels; {least}")


def check_frames(content: bytes, frames: int) -> None:
    """Refuse animations, including animated PNG, of which decoders silently show only the first frame."""
    if frames > 1 or (picture_type(content) is PictureType.PNG and _announces_animation(content)):
        raise PictureRefused("animated", "is animated; send one picture")


def _announces_animation(png: bytes) -> bool:
    """Return whether there is an `acTL` chunk before the pixels, as the APNG specification requires."""
    place = 8
    while place + 8 <= len(png):
        length, name = int.from_bytes(png[place : place + 4], "big"), png[place + 4 : place + 8]
        if name in {b"acTL", b"IDAT"}:
            return name == b"acTL"
        place += 12 + length
    return False


def key_of(picture: UUID, variant: str) -> str:
    return f"{ROOT}{picture}/{variant}.webp"


def picture_of(url_or_key: str | None) -> UUID | None:
    """Return the picture that a URL shows; None if it was not uploaded, such as a drawing of the demo."""
    found = _FOLDER.search(url_or_key or "")
    return UUID(found.group(1)) if found else None


def variant_url(large_url: str, variant: str) -> str:
    """Return the URL of another size; unchanged for a picture with only one size."""
    return large_url.replace("/large.webp", f"/{variant}.webp")
