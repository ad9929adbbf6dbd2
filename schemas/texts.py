"""What a property's texts may hold: one rule for what admins send and for what files bring.

What is cleaned once stays as it is when it is cleaned again, or an export that comes back would differ.
"""

import re
from collections.abc import Mapping


def _meant(code: int) -> str:
    """What a program meant that took cp1252 for Latin-1: 0x92 is an apostrophe there."""
    return bytes([code]).decode("cp1252", errors="ignore")


SIGNS: Mapping[int, str] = {
    **dict.fromkeys((*range(0x20), 0x7F), ""),
    **{code: _meant(code) for code in range(0x80, 0xA0)},
    **dict.fromkeys((0x0B, 0x0C, 0x2028, 0x2029), "\n"),
    **{ord(sign): sign for sign in "\t\n"},
}
"""What becomes of control characters: most mean nothing, some are line breaks of other programs."""

ENDS = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace()) + "\u200b\ufeff"
"""What means nothing at either end of a text."""

NOTHING = frozenset({
    "nan", "null", "none", "undefined", "n/a", "#n/a", "<na>",
    "#ref!", "#value!", "#name?", "#div/0!", "#num!", "#null!", "#spill!", "#calc!",
})  # fmt: skip
"""What programs and spreadsheets write where there is nothing, in lower case."""

ROUNDED = re.compile(r"[1-9](?:\.\d+)?E\+(?:1[1-9]|[2-9]\d)", re.IGNORECASE)
"""What a spreadsheet makes of a long number, whose last digits nobody knows any more."""


def prose(text: str) -> str:
    """A text of several lines without control characters; empty if a program wrote it for nothing."""
    clean = text.replace("\r\n", "\n").replace("\r", "\n").translate(SIGNS)
    return "" if clean.strip(ENDS).casefold() in NOTHING else clean


def one_line(text: str) -> str:
    """The same for a name, which has no outer blanks either."""
    return prose(text).replace("\n", " ").replace("\t", " ").strip(ENDS)
