"""Re-encode and store untrusted pictures, uploaded by an admin or returned by a service.

Objects are stored before the row is added. So a crash can leave objects without a row, which the orphan
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
    """Random and part of the URLs, so that they cannot be guessed."""
    url: str
    """URL of the large variant; domain/pictures.py derives the others from it."""
    thumbnail_url: str
    width: int
    height: int
    content_hash: str
    """SHA-256 of the received bytes."""

    def columns(self) -> dict[str, Any]:
        """Return the columns for a new row of `property_images`."""
        return {
            "original_url": self.url,
            "thumbnail_url": self.thumbnail_url,
            "width": self.width,
            "height": self.height,
            "content_hash": self.content_hash,
        }


def hash_of(content: bytes) -> str:
    return sha256(content).hexdigest()


async def encode_and_store(pool: Pool, media: Media, content: bytes) -> StoredPicture:
    """Re-encode a picture and store its variants, all of them or none; the caller adds the row.

    Raises:
        PictureRefused: the picture is not accepted.
        Overloaded: too many pictures are already being processed.
        MediaUnavailable: the picture cannot be stored.
    """
    rendered = await pool.render(content)
    picture = uuid4()
    puts = (media.put(key_of(picture, name), file, "image/webp") for name, file in rendered.files.items())
    # Wait for all of them, so that no upload is in flight when the stored objects are removed.
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
    """Remove pictures without a row from storage; on failure they are left to the orphan sweep."""
    keys = [key_of(picture, variant) for picture in pictures if picture is not None for variant in VARIANTS]
    try:
        await media.delete(keys)
    except MediaUnavailable:
        log.warning("left_to_the_sweep", objects=len(keys))


def refusal(refused: PictureRefused) -> CasaError:
    """Return the error for the uploader: the refusal's code, at the `file` field."""
    wrong = FieldError("#/file", "body", refused.code, refused.detail)
    if refused.code == "unsupported":
        return UnsupportedMediaType(f"The file {refused.detail}.", (wrong,))
    return InvalidRequest(f"The file {refused.detail}.", (wrong,))
