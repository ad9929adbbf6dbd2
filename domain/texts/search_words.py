"""The words of a search: which must be found, and how loosely each may match."""

import re
from dataclasses import dataclass
from unicodedata import decimal, normalize

from domain.texts.devanagari import is_devanagari, transliterated

GLUE = frozenset({
    "a", "an", "and", "at", "by", "for", "from", "in", "near", "of", "on", "or", "the", "to", "with",
    "hai", "ho", "ka", "ke", "ki", "ko", "mein", "me", "main", "par", "se", "wala", "wale", "wali",
    "chahiye", "aur",
    "का", "के", "की", "को", "में", "पर", "से", "वाला", "वाले", "वाली", "है", "हो", "चाहिए", "और", "पास",
    "facing", "mukhi", "मुखी", "society", "सोसाइटी", "सोसायटी",
})  # fmt: skip
"""Grammatical words that say nothing about a home."""
COMMON = frozenset({
    "noida", "home", "homes", "property", "properties", "estate", "real", "ghar",
    "नोएडा", "घर", "प्रॉपर्टी", "संपत्ति",
})  # fmt: skip
"""Words that apply to every listing, so searching for them excludes none."""

# Splits like the engine (schemas/index/analysis.py): `sector62` and `3bhk`, but not `93A`.
_NUMBER_EDGE = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_]{2})")
_DIGIT = re.compile(r"\d")
_EDGES = "".join(map(chr, range(33, 48))) + ":;<=>?@[\\]^_`{|}~।“”‘’…–—"
BEGINNING = 3
"""Minimum letters of a prefix of a name; shorter prefixes match too many names."""
JOINED = 5
"""Minimum letters of two words that may be one joined name."""
TYPO = 5
"""Minimum letters of a word that may be mistyped; shorter words too easily become another word."""
FORGIVEN = 8
"""Maximum words of a search that tolerates typos; each costs as much as all other matching of a word."""


@dataclass(frozen=True)
class Word:
    """A word that must be found."""

    text: str
    also: str | None = None
    """Transliteration of a Hindi word."""
    joined: tuple[str, ...] = ()
    """The word joined with its neighbours: `gaur city` may be called `gaurcity`."""
    exact: bool = False
    """True in a long text, where the word must match exactly."""

    @property
    def spellings(self) -> tuple[str, ...]:
        return (self.text,) if self.also is None else (self.text, self.also)

    @property
    def name_parts(self) -> tuple[str, ...]:
        """Return what may begin a name. Numbers never do: `Tower 1` is not the beginning of `Tower 12`."""
        return (*(name for name in self._names if len(name) >= BEGINNING), *self.joined)

    @property
    def typos(self) -> tuple[str, ...]:
        """Return what may be a mistyped name; a number never is."""
        return () if self.exact else tuple(name for name in self._names if len(name) >= TYPO)

    @property
    def _names(self) -> tuple[str, ...]:
        return () if _DIGIT.search(self.text) else (self.also or self.text,)


def search_words(text: str) -> list[Word] | None:
    """Return the distinct words to find; empty if all words apply to every home.

    None if the text contains no word, because then nothing can be found.
    """
    written = list(dict.fromkeys(_written(text)))
    telling = [word for word in written if word not in GLUE and word not in COMMON]
    if not telling and not COMMON.intersection(written):
        telling = written
        if not written:
            return None
    return [_word(telling, place) for place in range(len(telling))]


def _written(text: str) -> list[str]:
    plain = _DIGIT.sub(lambda digit: str(decimal(digit[0])), normalize("NFC", text).casefold())
    words = (word.strip(_EDGES) for word in _NUMBER_EDGE.sub(" ", plain).split())
    return [word for word in words if any(map(str.isalnum, word))]


def _word(words: list[str], place: int) -> Word:
    word = words[place]
    pairs = [
        pair
        for start in (place - 1, place)
        if len(pair := words[max(start, 0) : start + 2]) == 2 and start >= 0
    ]
    joined = tuple("".join(pair) for pair in pairs if all(part.isalpha() for part in pair))
    return Word(
        word,
        transliterated(word) if is_devanagari(word) else None,
        tuple(name for name in joined if len(name) >= JOINED),
        exact=len(words) > FORGIVEN,
    )
