"""Phone numbers and email addresses as people write them, read into one form each."""

import re
from typing import Annotated
from unicodedata import normalize

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from schemas.api.base import named

HOME_REGION = "IN"
LONGEST_PHONE = 40
"""Characters; E.164 has fifteen digits, and people put blanks, dashes and brackets between them."""
LONGEST_EMAIL = 254
INVISIBLE = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""What copying brings along: marks of direction, blanks without width. Joiners stay: Indian scripts spell
with them."""
DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
LINK = re.compile(r"^(tel|mailto):\s*", re.IGNORECASE)


class UnreadableContact(ValueError):
    """No phone number or no email address; says nothing of what it was given."""


def plain(text: str) -> str:
    """A short text without what cannot be seen, in one normal form, so that equal texts are equal."""
    return normalize("NFC", INVISIBLE.sub("", text)).strip()


def unlinked(text: str) -> str:
    """A number or an address as it was copied from a page or a chat, without what came along."""
    return LINK.sub("", DASHES.sub("-", plain(text)))


def read_phone(text: str) -> str:
    """The number in E.164; without a country code it is Indian.

    Raises:
        UnreadableContact: it cannot be dialled as it stands. An extension cannot be kept in E.164.
    """
    try:
        number = phonenumbers.parse(unlinked(text[: LONGEST_PHONE + 1]), HOME_REGION)
    except phonenumbers.NumberParseException:
        raise UnreadableContact from None
    if len(text) > LONGEST_PHONE or number.extension or not phonenumbers.is_valid_number(number):
        raise UnreadableContact
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_email(text: str) -> str:
    """The address in its normal form; nobody is asked whether it exists.

    Raises:
        UnreadableContact: it is no address.
    """
    try:
        return validate_email(unlinked(text), check_deliverability=False).normalized
    except EmailNotValidError:
        raise UnreadableContact from None  # the library's words may repeat parts of the address


def _phone(text: str) -> str:
    try:
        return read_phone(text)
    except UnreadableContact:
        raise PydanticCustomError(
            "phone", "is not a valid phone number; outside India, begin with + and the country code"
        ) from None


def _email(text: str) -> str | None:
    if not plain(text):
        return None  # a form sends an empty field for what was left out
    try:
        return read_email(text)
    except UnreadableContact:
        raise PydanticCustomError("email", "is not a valid email address") from None


Phone = Annotated[
    str, Field(max_length=LONGEST_PHONE, json_schema_extra=named("phone")), AfterValidator(_phone)
]
Email = Annotated[
    str,
    Field(max_length=LONGEST_EMAIL),
    AfterValidator(_email),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "maxLength": LONGEST_EMAIL, "format": "email"}, {"const": ""}]}
    ),
]
"""Null when blank."""
