"""Parsing of phone numbers and email addresses into one normal form each."""

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
"""Characters; E.164 has fifteen digits, and people add blanks, dashes and brackets."""
LONGEST_EMAIL = 254
INVISIBLE = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Invisible characters that copying adds: direction marks and zero-width blanks. Joiners are kept because
Indian scripts need them."""
DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
LINK = re.compile(r"^(tel|mailto):\s*", re.IGNORECASE)


class UnreadableContact(ValueError):
    """Not a phone number or email address. The error does not contain the input."""


def plain(text: str) -> str:
    """Return a short text without invisible characters, in NFC, so that equal texts compare equal."""
    return normalize("NFC", INVISIBLE.sub("", text)).strip()


def unlinked(text: str) -> str:
    """Strip a `tel:` or `mailto:` prefix and unusual dashes from a copied number or address."""
    return LINK.sub("", DASHES.sub("-", plain(text)))


def read_phone(text: str) -> str:
    """Return the number in E.164; a number without a country code is taken as Indian.

    Raises:
        UnreadableContact: the number is not valid, or has an extension, which E.164 cannot hold.
    """
    try:
        number = phonenumbers.parse(unlinked(text[: LONGEST_PHONE + 1]), HOME_REGION)
    except phonenumbers.NumberParseException:
        raise UnreadableContact from None
    if len(text) > LONGEST_PHONE or number.extension or not phonenumbers.is_valid_number(number):
        raise UnreadableContact
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_email(text: str) -> str:
    """Return the address in its normal form, without checking that it exists.

    Raises:
        UnreadableContact: the text is not a valid address.
    """
    try:
        return validate_email(unlinked(text), check_deliverability=False).normalized
    except EmailNotValidError:
        raise UnreadableContact from None  # the library's message may repeat parts of the address


def _phone(text: str) -> str:
    try:
        return read_phone(text)
    except UnreadableContact:
        raise PydanticCustomError(
            "phone", "is not a valid phone number; outside India, begin with + and the country code"
        ) from None


def _email(text: str) -> str | None:
    if not plain(text):
        return None  # forms send an empty string for a field that was left out
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
