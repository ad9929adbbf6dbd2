"""Login, and the user's own account."""

from datetime import datetime
from typing import Annotated, Literal
from unicodedata import normalize
from uuid import UUID

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from schemas.api.base import Shape
from schemas.api.contacts import plain
from schemas.vocabulary import Role

LONGEST_PASSWORD = 1_000
"""Characters; longer than any valid password, so that a wrong one is reported as wrong, not as too long."""


def normalised(email: str) -> str:
    """Return an email address in one normal form, so that every spelling names the same account."""
    return normalize("NFKC", plain(email)).casefold().strip()


Password = Annotated[str, Field(max_length=LONGEST_PASSWORD)]


class LoginRequest(Shape):
    email: Annotated[str, Field(max_length=254), AfterValidator(normalised)]
    password: Password


class PasswordChange(Shape):
    current_password: Password
    new_password: Password


class UserView(TypedDict):
    id: UUID
    email: str
    full_name: str
    role: Role
    is_active: bool
    must_change_password: bool
    """The password was generated and shown once; until it is changed, the account can do nothing else."""
    last_login_at: datetime | None
    created_at: datetime


class SignedIn(TypedDict):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    """Seconds."""
    user: UserView
