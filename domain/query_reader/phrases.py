"""Matching of phrases of one or more words at a position of a text."""

import tomllib
from collections.abc import Iterable
from importlib.resources import files
from typing import Generic, TypeVar

from domain.query_reader.tokens import Tokens, is_glue, plain_words

T = TypeVar("T")

WORDS: dict[str, dict[str, str]] = tomllib.loads(
    files("domain.query_reader").joinpath("words.toml").read_text("utf-8")
)
"""Phrases separated by commas, by group and meaning."""


class Phrases(Generic[T]):
    """A mapping from phrases to meanings; the longest match wins."""

    def __init__(self, meanings: Iterable[tuple[str, T]]) -> None:
        self.meanings: dict[str, T] = {
            phrase: meaning for phrases, meaning in meanings for phrase in plain_words(phrases)
        }
        self._longest: dict[str, int] = {}
        for phrase in self.meanings:
            first, length = phrase.partition(" ")[0], phrase.count(" ") + 1
            self._longest[first] = max(length, self._longest.get(first, 0))

    def at(self, tokens: Tokens, start: int) -> tuple[T, int] | None:
        """Return the meaning of the longest phrase that begins here, and where it ends."""
        longest = self._longest.get(tokens[start].word) if start < len(tokens) else None
        if longest is None:
            return None
        phrase, end = tokens[start].word, start + 1
        found = (self.meanings[phrase], end) if phrase in self.meanings else None
        while end < min(start + longest, len(tokens)) and is_glue(tokens[end].gap):
            phrase, end = f"{phrase} {tokens[end].word}", end + 1
            if phrase in self.meanings:
                found = self.meanings[phrase], end
        return found


def words_of(group: str, name: str) -> frozenset[str]:
    """Return single words of `WORDS`, normalized like tokens."""
    return frozenset(plain_words(WORDS[group][name]))
