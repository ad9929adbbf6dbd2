"""Pictures as admins send, change and order them."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from schemas.api.base import Shape
from schemas.vocabulary import ImageType

MOST_OF_A_PROPERTY = 30


class ImageForm(Shape):
    """What comes beside the file."""

    image_type: ImageType = ImageType.PHOTO


class ImageFields(Shape):
    """What can be changed of a picture."""

    image_type: ImageType
    is_primary: bool
    """Shown on cards; becoming so ends it for another one."""
    display_order: Annotated[int, Field(ge=0, lt=MOST_OF_A_PROPERTY)]
    """Its place, counted from 0; beyond the last one is the last one."""


def _each_once(ids: tuple[UUID, ...]) -> tuple[UUID, ...]:
    if len(set(ids)) < len(ids):
        raise PydanticCustomError("repeated", "names a picture more than once")
    return ids


class ImageOrder(Shape):
    ids: Annotated[tuple[UUID, ...], Field(max_length=MOST_OF_A_PROPERTY), AfterValidator(_each_once)]
    """All pictures of the property, the first one first."""
