"""A stranger's picture drawn anew and stored, whether an admin uploads it or a service sends it back.

Objects are put before there is a row, so a crash can leave objects without a row, which the orphan
sweep removes, but never a row without objects.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import structlog

from domain.pictures import VARIANTS, PictureRefused, key_of
from imaging.pool import Pool
from schemas.errors import CasaError, FieldError, InvalidRequest, MediaUnavailable, UnsupportedMediaType
from stores.media import Media

log = structlog.get_logger(component="media")


@dataclass(frozen=True)
class StoredPicture:
    id: UUID
    """Random, and part of its addresses, so that nobody can guess one."""
    url: str
    """Of the large variant; domain/pictures.py finds the others by it."""
    thumbnail_url: str
    width: int
    height: int
    content_hash: str
    """Of the bytes as they came."""

    def columns(self) -> dict[str, Any]:
        """Of a row of `property_images` that begins with this picture."""
        return {
            "original_url": self.url,
            "thumbnail_url": self.thumbnail_url,
            "width": self.width,
            "height": self.height,
            "content_hash": self.content_hash,
        }


def hash_of(content: bytes) -> str:
    return sha256(content).hexdigest()


async def take_in(pool: Pool, media: Media, content: bytes) -> StoredPicture:
    """Draw a picture anew and store its variants, all of them or none; the caller adds the row.

    Raises:
        PictureRefused: it is none that we take.
        Overloaded: too many are at it already.
        MediaUnavailable: it cannot be stored.
    """
    rendered = await pool.render(content)
    picture = uuid4()
    puts = (media.put(key_of(picture, name), file, "image/webp") for name, file in rendered.files.items())
    # All of them to their ends, so that none is still on its way when what it left is removed.
    failures = [end for end in await asyncio.gather(*puts, return_exceptions=True) if end is not None]
    if failures:
        await discard(media, [picture])
        raise failures[0]
    return StoredPicture(
        picture,
        media.url(key_of(picture, "large")),
        media.url(key_of(picture, "thumbnail")),
        rendered.width,
        rendered.height,
        hash_of(content),
    )


async def discard(media: Media, pictures: Iterable[UUID | None]) -> None:
    """Remove what no row shows any more; what cannot be removed now is left to the orphan sweep."""
    keys = [key_of(picture, variant) for picture in pictures if picture is not None for variant in VARIANTS]
    try:
        await media.delete(keys)
    except MediaUnavailable:
        log.warning("left_to_the_sweep", objects=len(keys))


def refusal(refused: PictureRefused) -> CasaError:
    """What an uploader is told: the refusal's own code, at the field that the file came in."""
    wrong = FieldError("#/file", "body", refused.code, refused.detail)
    if refused.code == "unsupported":
        return UnsupportedMediaType(f"The file {refused.detail}.", (wrong,))
    return InvalidRequest(f"The file {refused.detail}.", (wrong,))
