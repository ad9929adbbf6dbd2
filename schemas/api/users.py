"""Accounts as a super_admin manages them."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.api.accounts import Password, UserView, normalised
from schemas.api.base import PageSize, Shape, exemplified, named
from schemas.api.contacts import UnreadableContact, plain, read_email
from schemas.vocabulary import Role


def _address(text: str) -> str:
    try:
        return normalised(read_email(text))
    except UnreadableContact:
        raise PydanticCustomError("email", "is not a valid email address") from None


def _name(text: str) -> str:
    name = plain(text)
    if not name:
        raise PydanticCustomError("blank", "must not be blank")
    return name


FullName = Annotated[str, Field(min_length=1, max_length=120, pattern=r"\S"), AfterValidator(_name)]


class UserCreate(Shape):
    email: Annotated[str, Field(max_length=254, json_schema_extra=named("email")), AfterValidator(_address)]
    full_name: FullName
    role: Role = Role.ADMIN
    password: Password | None = None
    """Left out, one is drawn and told once."""


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


LEFT_OUT: Any = Field(default=None, json_schema_extra=_without_default)
"""Not null, which is no value here: what was left out is not among the fields that are set."""


class UserChange(Shape):
    """What is left out stays as it is."""

    model_config = exemplified(is_active=False)

    full_name: FullName = LEFT_OUT
    role: Role = LEFT_OUT
    is_active: bool = LEFT_OUT
    reset_password: Literal[True] = LEFT_OUT
    """Draw a new password, tell it once, and end all sessions."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "changes nothing")
        return self


class UsersRequest(Shape):
    role: Role | None = None
    is_active: bool | None = None
    q: Annotated[str, Field(max_length=100), AfterValidator(plain)] = ""
    """Part of a name or address."""
    page_size: PageSize = 20
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class ManagedUser(TypedDict):
    user: UserView
    open_leads: int
    """Leads that are theirs to work on: whoever deactivates an account gives them to somebody else."""
    one_time_password: str | None
    """Told once and kept nowhere, when one was drawn; its owner changes it after the first login."""
