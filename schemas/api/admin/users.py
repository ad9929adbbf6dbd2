"""Accounts as a super_admin manages them."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.api.accounts import Password, UserView, normalised
from schemas.api.base import Shape, exemplified, named, not_blank
from schemas.api.contacts import UnreadableContact, plain, read_email
from schemas.api.lists import Paging
from schemas.vocabulary import Role


def _address(text: str) -> str:
    try:
        return normalised(read_email(text))
    except UnreadableContact:
        raise PydanticCustomError("email", "is not a valid email address") from None


def _name(text: str) -> str:
    return not_blank(plain(text))


FullName = Annotated[str, Field(min_length=1, max_length=120, pattern=r"\S"), AfterValidator(_name)]


class UserCreate(Shape):
    email: Annotated[str, Field(max_length=254, json_schema_extra=named("email")), AfterValidator(_address)]
    full_name: FullName
    role: Role = Role.ADMIN
    password: Password | None = None
    """If left out, a password is generated and shown once."""


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


LEFT_OUT: Any = Field(default=None, json_schema_extra=_without_default)
"""A field that may be left out but not set to null; it is then not in `model_fields_set`."""


class UserChange(Shape):
    """Fields that are left out do not change."""

    model_config = exemplified(is_active=False)

    full_name: FullName = LEFT_OUT
    role: Role = LEFT_OUT
    is_active: bool = LEFT_OUT
    reset_password: Literal[True] = LEFT_OUT
    """Generate a new password, show it once, and end all sessions."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "changes nothing")
        return self


class UsersRequest(Paging):
    role: Role | None = None
    is_active: bool | None = None
    q: Annotated[str, Field(max_length=100), AfterValidator(plain)] = ""
    """Part of a name or email address."""


class ManagedUser(TypedDict):
    user: UserView
    open_leads: int
    """Open leads assigned to the account; reassign them when you deactivate it."""
    one_time_password: str | None
    """A generated password, shown once and not stored. The user must change it after the first login."""
