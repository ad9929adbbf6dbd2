"""Rules for cleaning a property's texts, the same for admin edits and for imported files.

Cleaning is idempotent, so an export that is imported again does not show up as changed.
"""

import re
from collections.abc import Mapping


def _meant(code: int) -> str:
    """Return what a program meant that mistook cp1252 for Latin-1: 0x92 is an apostrophe there."""
    return bytes([code]).decode("cp1252", errors="ignore")


SIGNS: Mapping[int, str] = {
    **dict.fromkeys((*range(0x20), 0x7F), ""),
    **{code: _meant(code) for code in range(0x80, 0xA0)},
    **dict.fromkeys((0x0B, 0x0C, 0x2028, 0x2029), "\n"),
    **{ord(sign): sign for sign in "\t\n"},
}
"""Replacements for control characters: most are removed, some are line breaks of other programs."""

ENDS = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace()) + "\u200b\ufeff"
"""Characters that are stripped from both ends of a text."""

NOTHING = frozenset({
    "nan", "null", "none", "undefined", "n/a", "#n/a", "<na>",
    "#ref!", "#value!", "#name?", "#div/0!", "#num!", "#null!", "#spill!", "#calc!",
})  # fmt: skip
"""Placeholders that programs and spreadsheets write for an empty value, in lower case."""

ROUNDED = re.compile(r"[1-9](?:\.\d+)?E\+(?:1[1-9]|[2-9]\d)", re.IGNORECASE)
"""A long number in a spreadsheet's scientific notation, whose last digits are lost."""


def prose(text: str) -> str:
    """Return a multi-line text without control characters; empty if it is only a placeholder."""
    clean = text.replace("\r\n", "\n").replace("\r", "\n").translate(SIGNS)
    return "" if clean.strip(ENDS).casefold() in NOTHING else clean


def one_line(text: str) -> str:
    """Return a name cleaned as by `prose`, on one line and without outer blanks; empty if nothing shows."""
    line = prose(text).replace("\n", " ").replace("\t", " ").strip(ENDS)
    return line if is_visible(line) else ""


def is_visible(text: str) -> bool:
    return any(sign.isprintable() and not sign.isspace() for sign in text)
