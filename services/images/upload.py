"""Upload and delete pictures. No transaction is open while a picture is decoded and stored."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from domain.pictures import PictureRefused
from imaging.pool import Pool
from schemas.api.admin.properties import AdminPicture
from schemas.errors import Conflict, NotFound
from schemas.vocabulary import ImageType
from services.audit import Actor
from services.images import album
from services.images.intake import discard, encode_and_store, hash_of, refusal
from services.properties.rows import find
from stores.media import Media

OpenTransaction = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""Opens a transaction that is committed on exit."""


@dataclass(frozen=True)
class PictureStores:
    """The resources needed to work on pictures."""

    transaction: OpenTransaction
    pool: Pool
    media: Media


async def upload_image(
    stores: PictureStores, actor: Actor, property_id: str, content: bytes, image_type: ImageType
) -> AdminPicture:
    """Add a picture as the property's last one.

    Raises:
        NotFound: there is no such property.
        Conflict: it already has the picture, or the maximum number of pictures.
        UnsupportedMediaType, InvalidRequest: the picture is not accepted.
        Overloaded, MediaUnavailable: the upload is temporarily impossible.
    """
    async with stores.transaction() as session:  # checked before the work, and again by `add_image`
        home = await find(session, property_id)
        await album.require_capacity(session, home.id, hash_of(content))
    try:
        picture = await encode_and_store(stores.pool, stores.media, content)
    except PictureRefused as refused:
        raise refusal(refused) from None
    try:
        async with stores.transaction() as session:
            return await album.add_image(session, actor, property_id, picture, image_type)
    except (Conflict, NotFound):
        # Discard only if there is certainly no row: a commit whose response was lost may have succeeded.
        await discard(stores.media, [picture.id])
        raise


async def delete_image(stores: PictureStores, actor: Actor, image_id: str) -> None:
    """Delete a picture; raises NotFound. Objects are removed after the commit, so no row lacks them."""
    async with stores.transaction() as session:
        gone = await album.remove_image(session, actor, image_id)
    await discard(stores.media, gone)
