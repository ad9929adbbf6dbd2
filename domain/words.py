"""The words of what somebody typed, as the database knows them (schemas/tables/base.py)."""

import re

BETWEEN_WORDS = re.compile(r"[\s!-/:-@\[-`{-~]+")
"""Blanks and ASCII's signs; Devanagari's vowel signs are no letters to Python's `\\w`."""


def words_of(text: str) -> tuple[str, ...]:
    return tuple(filter(None, BETWEEN_WORDS.split(text.lower())))
