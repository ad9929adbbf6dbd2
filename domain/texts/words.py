"""Splits typed text into words like the database does (schemas/tables/base.py)."""

import re

BETWEEN_WORDS = re.compile(r"[\s!-/:-@\[-`{-~]+")
"""Blanks and ASCII punctuation. Python's class of word characters misses Devanagari vowel signs."""


def words_of(text: str) -> tuple[str, ...]:
    return tuple(filter(None, BETWEEN_WORDS.split(text.lower())))
