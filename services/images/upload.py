"""An upload from its bytes to its row, with no transaction held open while it is decoded and stored."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from domain.pictures import PictureRefused
from imaging.pool import Pool
from schemas.api.admin_properties import AdminPicture
from schemas.errors import Conflict, NotFound
from schemas.vocabulary import ImageType
from services.audit import Actor
from services.images import album
from services.images.intake import discard, hash_of, refusal, take_in
from services.properties.rows import find
from stores.media import Media

Begin = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""Opens a transaction that is committed when it is left."""


@dataclass(frozen=True)
class Studio:
    """What it takes to work on pictures."""

    begin: Begin
    pool: Pool
    media: Media


async def upload_image(
    studio: Studio, actor: Actor, property_id: str, content: bytes, image_type: ImageType
) -> AdminPicture:
    """Take a picture in as the property's last one.

    Raises:
        NotFound: there is no such property.
        Conflict: it has the picture already, or as many as it may have.
        UnsupportedMediaType, InvalidRequest: it is no picture that we take.
        Overloaded, MediaUnavailable: not now.
    """
    async with studio.begin() as session:  # before the work, and once more when it is done
        home = await find(session, property_id)
        await album.require_room(session, home.id, hash_of(content))
    try:
        picture = await take_in(studio.pool, studio.media, content)
    except PictureRefused as refused:
        raise refusal(refused) from None
    try:
        async with studio.begin() as session:
            return await album.add_image(session, actor, property_id, picture, image_type)
    except (Conflict, NotFound):
        # Only when it is certain that there is no row: a commit whose answer was lost may have been one.
        await discard(studio.media, [picture.id])
        raise


async def delete_image(studio: Studio, actor: Actor, image_id: str) -> None:
    """Raises NotFound; objects go after the commit, so that no row is ever without them."""
    async with studio.begin() as session:
        gone = await album.remove_image(session, actor, image_id)
    await discard(studio.media, gone)
