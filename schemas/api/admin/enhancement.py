"""Enhancement of a picture: responses to admins, and messages from the AI service."""

from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from schemas.api.base import Shape, exemplified


class EnhanceOptions(Shape):
    model_config = exemplified(force=True)

    force: bool = False
    """Also enhance a picture that is already enhanced; the present result is shown until the new one
    arrives."""


class Enhancement(TypedDict):
    image_id: UUID
    ai_job_id: str | None
    enhancement_status: str


class FromOutside(BaseModel):
    """Base of messages from outside; unknown fields are ignored because the AI service may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class JobNews(FromOutside):
    """Fields that every known type of message has."""

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
    """A message whose type is not known yet."""


Delivery = Message[JobNews] | Message[Delivered] | Message[GivenUp] | AnyMessage
"""A message from the AI service; unknown types are accepted and ignored."""


class Outcome(TypedDict):
    status: Literal["accepted", "ignored", "duplicate"]
    """`ignored` if the message no longer applies."""
