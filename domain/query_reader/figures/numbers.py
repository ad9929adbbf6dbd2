"""Numbers as digits and, before a unit, as words: `dedh crore`, `teen bhk`."""

from decimal import Decimal

from domain.query_reader.phrases import WORDS
from domain.query_reader.tokens import Tokens, plain_words

NUMBERS = {word: Decimal(number) for number, words in WORDS["number"].items() for word in plain_words(words)}


def number_at(tokens: Tokens, place: int) -> Decimal | None:
    """Return the number at a position; for number words the caller must then find a unit."""
    if place >= len(tokens):
        return None
    token = tokens[place]
    return Decimal(token.word.replace(",", "")) if token.number else NUMBERS.get(token.word)
