"""Splits a text into words and numbers with their positions; the plus of `3+` is a word."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from unicodedata import category, decimal, normalize

from domain.money import NUMBER
from domain.query_reader.typos import corrected

NUKTA, CHANDRABINDU, ANUSVARA = "\u093c", "\u0901", "\u0902"
FRACTIONS = {"¼": ".25", "½": ".5", "¾": ".75"}
"""Replaced first, because NFKC would turn `1½` into eleven halves."""
GLUE = " -.'’\t\n\r"
"""Allowed between the words of one phrase, or between a number and its unit."""

_TOKEN = re.compile(
    rf"((?:{NUMBER}|(?<![\w.])\.\d{{1,18}})(?!\d))|\d+|(?<=\w)\+(?!\s*\d)|(?:[^\W\d_]|[\u0900-\u0903\u0905-\u0963])+"
)


class Token(NamedTuple):
    word: str
    """Lower case, ASCII digits, typing errors corrected."""
    start: int
    end: int
    """Position in the visitor's text, in code points."""
    gap: str
    """The text between the previous token and this one."""
    number: bool
    mistyped: bool = False
    cut: bool = False
    """True if the words right before it were understood and removed."""


Tokens = Sequence[Token]


def tokenise(text: str) -> list[Token]:
    letters, places = plain_letters(text)
    tokens, behind = [], 0
    for found in _TOKEN.finditer(letters):
        start, end = found.span()
        word = found[0]
        number = found[1] is not None
        meant = word if number else corrected(word)
        gap = letters[behind:start]
        last = places[end] if end < len(places) else len(text)  # includes the omitted marks
        tokens.append(Token(meant, places[start], max(last, places[end - 1] + 1), gap, number, meant != word))
        behind = end
    return tokens


def plain_letters(text: str) -> tuple[str, Sequence[int]]:
    """Return the text normalized for comparison, and the original position of each of its letters."""
    if text.isascii():
        return text.lower(), range(len(text))
    letters = [(part, place) for place, letter in enumerate(text) for part in _plain_letter(letter)]
    return "".join(part for part, _ in letters), [place for _, place in letters]


@lru_cache(maxsize=4096)
def _plain_letter(letter: str) -> str:
    """Normalize to NFKC and lower case, without nukta and joiners; a sign that would split stays whole."""
    kind = category(letter)
    if kind == "Nd":
        return str(decimal(letter))
    if kind == "Cf" or letter in FRACTIONS:
        return FRACTIONS.get(letter, "")
    parts = normalize("NFKC", letter).casefold().replace(NUKTA, "").replace(CHANDRABINDU, ANUSVARA)
    return parts if len(parts) < 2 or parts.isalnum() else letter


def plain_word(word: str) -> str:
    """Normalize a word of the vocabulary like tokens."""
    return plain_letters(word)[0]


def plain_words(phrases: str) -> list[str]:
    """Split phrases at commas and normalize them."""
    return [" ".join(plain_word(phrase).split()) for phrase in phrases.split(",")]


def is_glue(gap: str) -> bool:
    return gap in {"", " "} or not gap.strip(GLUE)


def word_at(tokens: Tokens, place: int) -> str:
    return tokens[place].word if place < len(tokens) else ""


def glued_word_at(tokens: Tokens, place: int) -> str:
    """Return the word here if it follows the previous one directly: no comma or slash between them."""
    return tokens[place].word if place < len(tokens) and is_glue(tokens[place].gap) else ""


def is_possessive(token: Token) -> bool:
    """Return whether the token is the s of `owner's`."""
    return token.word == "s" and token.gap in {"'", "’"}


def is_number_at(tokens: Tokens, place: int) -> bool:
    return place < len(tokens) and tokens[place].number
