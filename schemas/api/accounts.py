"""Signing in, and one's own account."""

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
"""Characters; longer than any that can be right, so that a wrong one is told as such."""


def normalised(email: str) -> str:
    """One account has one address, however it is typed."""
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
    """Its password was drawn and told once: until it is changed, nothing but that is open to it."""
    last_login_at: datetime | None
    created_at: datetime


class SignedIn(TypedDict):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    """Seconds."""
    user: UserView
