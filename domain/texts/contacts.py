"""Parsing of a search for a person: a phone number, an email address or a name."""

import re
from dataclasses import dataclass

from domain.texts.words import words_of
from schemas.api.contacts import UnreadableContact, plain, read_phone, unlinked

HOME_PREFIX = "+91"
FEWEST_DIGITS = 4
"""Fewer digits may be part of a name or a year, and would match a tenth of all numbers."""
DIGITS_AND_SIGNS = re.compile(r"[\d\s()./+-]+")


@dataclass(frozen=True)
class PhoneSearch:
    """A whole number, or digits at its beginning or end."""

    whole: str | None
    beginnings: tuple[str, ...]
    ending: str


@dataclass(frozen=True)
class EmailSearch:
    beginning: str


@dataclass(frozen=True)
class WordSearch:
    """Beginnings of words of a name, or of an email address before its @; all must match."""

    beginnings: tuple[str, ...]


ContactSearch = PhoneSearch | EmailSearch | WordSearch


def read_contact_search(text: str) -> ContactSearch:
    copied = unlinked(text)
    digits = "".join(str(int(sign)) for sign in copied if sign.isdecimal())
    if "@" in copied:
        return EmailSearch(copied.lower())
    if len(digits) >= FEWEST_DIGITS and DIGITS_AND_SIGNS.fullmatch(copied):
        return _phone_search(copied, digits)
    return WordSearch(words_of(plain(text)))


def _phone_search(text: str, digits: str) -> PhoneSearch:
    try:
        whole = read_phone(text)
    except UnreadableContact:
        whole = None
    if text.startswith("+"):
        return PhoneSearch(whole, (f"+{digits}",), digits)
    national = digits.lstrip("0")  # a leading 0 is dialled but is not part of the number
    return PhoneSearch(whole, (HOME_PREFIX + national, f"+{national}"), national)
