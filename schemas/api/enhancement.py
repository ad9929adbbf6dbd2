"""Enhancement of a picture: what admins are told, and what the AI service tells us."""

from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from schemas.api.base import Shape, exemplified


class EnhanceOptions(Shape):
    model_config = exemplified(force=True)

    force: bool = False
    """Also where there is an enhanced picture already; that one is shown until the new one is there."""


class Enhancement(TypedDict):
    image_id: UUID
    ai_job_id: str | None
    enhancement_status: str


class FromOutside(BaseModel):
    """Unlike our other shapes these may hold more than we know: the AI service moves on by itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class JobNews(FromOutside):
    """What every type of message that we know says."""

    image_id: UUID
    job_id: Annotated[str, Field(max_length=64)]
    attempt: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Delivered(JobNews):
    result_url: str


class GivenUp(JobNews):
    reason: Annotated[str, Field(max_length=500)] = ""


Data = TypeVar("Data")


class Message(FromOutside, Generic[Data]):
    """The body of a webhook."""

    type: Annotated[str, Field(max_length=100)]
    data: Data


class AnyMessage(Message[dict[str, Any]]):
    """A message as it is read before its type is looked at."""


Delivery = Message[JobNews] | Message[Delivered] | Message[GivenUp] | AnyMessage
"""What the AI service sends; a type that we do not know is accepted and ignored."""


class Outcome(TypedDict):
    status: Literal["accepted", "ignored", "duplicate"]
    """`ignored` where it means nothing any more."""
