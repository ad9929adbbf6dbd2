"""Pictures as admins upload, change and order them."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from schemas.api.base import Shape
from schemas.vocabulary import ImageType

MOST_OF_A_PROPERTY = 30


class ImageForm(Shape):
    """Form fields sent with the file."""

    image_type: ImageType = ImageType.PHOTO


class ImageFields(Shape):
    """The fields of a picture that can be changed."""

    image_type: ImageType
    is_primary: bool
    """The picture shown on cards. Setting it clears the flag on the previous one."""
    display_order: Annotated[int, Field(ge=0, lt=MOST_OF_A_PROPERTY)]
    """Position, from 0; a position past the end means last."""


def _each_once(ids: tuple[UUID, ...]) -> tuple[UUID, ...]:
    if len(set(ids)) < len(ids):
        raise PydanticCustomError("repeated", "names a picture more than once")
    return ids


class ImageOrder(Shape):
    ids: Annotated[tuple[UUID, ...], Field(max_length=MOST_OF_A_PROPERTY), AfterValidator(_each_once)]
    """Ids of all pictures of the property, in order."""
