"""The pictures of one property: at most thirty, no duplicates, an order without gaps, one of them primary.

Every change first locks the property, so that concurrent changes each see the result of the one before.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.ids import read_id
from domain.pictures import picture_of
from schemas.api.admin.images import MOST_OF_A_PROPERTY, ImageFields
from schemas.api.admin.properties import AdminPicture
from schemas.api.lists import Items, Paging
from schemas.errors import Conflict, FieldError, InvalidRequest, NotFound
from schemas.tables import Property, PropertyImage
from schemas.vocabulary import ImageType
from services.audit import Actor, Changes, changes_between, record
from services.images.intake import StoredPicture
from services.images.views import admin_picture
from services.paging import as_page
from services.properties.rows import key_of, lock

ENTITY = "image"


async def list_images(session: AsyncSession, property_id: str) -> Items[AdminPicture]:
    """List the pictures in order; raises NotFound."""
    key = key_of(property_id)
    if await session.scalar(select(Property.id).where(Property.id == key)) is None:
        raise NotFound("There is no such property.")
    return _as_items(await _album(session, key))


async def require_capacity(
    session: AsyncSession, property_id: UUID, content_hash: str
) -> list[PropertyImage]:
    """Return the album if it has room for a picture with this hash.

    Raises:
        Conflict: the album is full, or contains the picture; then `image_id` is the id of that one.
    """
    album = await _album(session, property_id)
    same = next((image for image in album if image.content_hash == content_hash), None)
    if same is not None:
        raise Conflict("This property has that picture already.", members={"image_id": same.id})
    if len(album) >= MOST_OF_A_PROPERTY:
        raise Conflict(f"A property has at most {MOST_OF_A_PROPERTY} pictures; delete one first.")
    return album


async def add_image(
    session: AsyncSession, actor: Actor, property_id: str, picture: StoredPicture, image_type: ImageType
) -> AdminPicture:
    """Put a picture at the end of the album; the first one becomes primary.

    Raises:
        NotFound: there is no such property.
        Conflict: see `require_capacity`.
    """
    home = await lock(session, property_id)
    album = await require_capacity(session, home.id, picture.content_hash)
    columns = picture.columns() | {
        "property_id": home.id,
        "image_type": image_type,
        "is_primary": not album,
        "display_order": len(album),
    }
    added = insert(PropertyImage).values(**columns).returning(PropertyImage)
    image = (await session.scalars(added)).one()
    await _record(session, actor, "upload", image, {name: (None, value) for name, value in columns.items()})
    return admin_picture(image)


async def change_image(
    session: AsyncSession, actor: Actor, image_id: str, wanted: Callable[[dict[str, Any]], ImageFields]
) -> AdminPicture:
    """Change a picture's type, make it primary, or move it; the other pictures make room.

    Args:
        session: the session of the transaction.
        actor: the account that makes the change.
        image_id: the id of the picture.
        wanted: function from the current fields to the new fields.

    Raises:
        NotFound: there is no such picture.
        InvalidRequest: `is_primary` would become false for the primary picture.
    """
    image, album = await _locked(session, image_id)
    held = {name: getattr(image, name) for name in ImageFields.model_fields}
    new = wanted(held)
    if image.is_primary and not new.is_primary:
        wrong = FieldError("#/is_primary", "body", "primary", "ends when another picture becomes primary")
        raise InvalidRequest("One field is invalid.", (wrong,))
    if new.is_primary and not image.is_primary:
        await _make_primary(session, image)
    others = [each for each in album if each is not image]
    others.insert(new.display_order, image)
    await _put_in_order(session, others)
    image.image_type = new.image_type
    await session.flush()
    after = {name: getattr(image, name) for name in held}
    if changes := changes_between(held, after):
        await _record(session, actor, "update", image, changes)
    return admin_picture(image)


async def reorder(
    session: AsyncSession, actor: Actor, property_id: str, ids: Sequence[UUID]
) -> Items[AdminPicture]:
    """Put all pictures of a property in the given order.

    Raises:
        NotFound: there is no such property.
        Conflict: the property has other pictures than these; `ids` lists them.
    """
    home = await lock(session, property_id)
    album = await _album(session, home.id)
    known = {image.id: image for image in album}
    if known.keys() != set(ids):
        raise Conflict("The property has other pictures than these.", members={"ids": list(known)})
    await _put_in_order(session, [known[each] for each in ids])
    if list(known) != list(ids):
        changes = {"images": ([*known], [*ids])}
        await record(
            session, actor, "image.reorder", entity_type="property", entity_id=home.id, changes=changes
        )
    return _as_items([known[each] for each in ids])


async def remove_image(session: AsyncSession, actor: Actor, image_id: str) -> list[UUID | None]:
    """Remove a picture from its album; if it was primary, the first of the others becomes primary.

    Raises NotFound; returns the pictures to discard from storage after the commit.
    """
    image, album = await _locked(session, image_id)
    await session.delete(image)
    await session.flush()
    others = [each for each in album if each is not image]
    if image.is_primary and others:
        await _make_primary(session, others[0])
    await _put_in_order(session, others)
    removed = {name: (getattr(image, name), None) for name in ("property_id", "original_url", "is_primary")}
    await _record(session, actor, "delete", image, removed)
    return [picture_of(image.original_url), picture_of(image.enhanced_url)]


class LockedImage(NamedTuple):
    image: PropertyImage
    album: list[PropertyImage]
    """All pictures of the property in order, including this one."""


async def _locked(session: AsyncSession, image_id: str) -> LockedImage:
    """Lock the property, then read the album, because it may have changed before the lock."""
    key = _image_key(image_id)
    owner = await session.scalar(select(PropertyImage.property_id).where(PropertyImage.id == key))
    if owner is None:
        raise NotFound("There is no such picture.")
    await lock(session, str(owner))
    album = await _album(session, owner)
    image = next((each for each in album if each.id == key), None)
    if image is None:
        raise NotFound("There is no such picture.")
    return LockedImage(image, album)


def _image_key(image_id: str) -> UUID:
    key = read_id(image_id)
    if key is None:
        raise NotFound("There is no such picture.")
    return key


async def _album(session: AsyncSession, property_id: UUID) -> list[PropertyImage]:
    query = (
        select(PropertyImage)
        .where(PropertyImage.property_id == property_id)
        .order_by(PropertyImage.display_order, PropertyImage.id)
        .execution_options(populate_existing=True)
    )
    return [*await session.scalars(query)]


async def _make_primary(session: AsyncSession, image: PropertyImage) -> None:
    """Use two statements, because two pictures must not be primary even for a moment."""
    others = PropertyImage.property_id == image.property_id
    await session.execute(
        update(PropertyImage).where(others, PropertyImage.is_primary).values(is_primary=False)
    )
    image.is_primary = True
    await session.flush()


async def _put_in_order(session: AsyncSession, album: Sequence[PropertyImage]) -> None:
    for place, image in enumerate(album):
        image.display_order = place
    await session.flush()


async def _record(
    session: AsyncSession, actor: Actor, action: str, image: PropertyImage, changes: Changes
) -> None:
    await record(session, actor, f"image.{action}", entity_type=ENTITY, entity_id=image.id, changes=changes)


def _as_items(album: Sequence[PropertyImage]) -> Items[AdminPicture]:
    items = [admin_picture(image) for image in album]
    return as_page(items, len(items), Paging(page_size=MOST_OF_A_PROPERTY))
