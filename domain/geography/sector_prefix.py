"""Sectors by the beginning of a text: `sec`, `s-62`, `62`, `सेक्टर 1`, `in sector 62 noida`."""

import re
from difflib import get_close_matches

from domain.geography.places import find_beyond, plain_words
from schemas.sectors import SECTORS, SectorFact

WORDS = ("sector", "sec", "sect", "sctr", "s", "सेक्टर", "सैक्टर")
CITY = ("noida", "नोएडा")
AROUND = frozenset({*CITY, "in", "at", "near", "mein", "me", "में", "मे", "के", "ke", "paas", "पास"})
"""Words that occur around a sector but do not name one."""
BEGUN_CITY = 2
"""Minimum letters of a last word that may become the city's name; a single letter is a number's suffix."""
SIMILAR = 0.8
"""Minimum similarity of a mistyped word: `sectr`, `setcor`, never `castor`."""
_TYPED = re.compile(r"(?P<word>[^\d ]*) ?0*(?P<number>\d{0,3}) ?(?P<suffix>[a-z]?)")


def sectors_beginning(text: str) -> list[SectorFact]:
    """Return the sectors that the text may become, by number; empty if it names something else."""
    typed = _TYPED.fullmatch(_without_surroundings(text))
    if typed is None or not (typed["number"] or typed["word"]) or not _is_sector_word(typed["word"]):
        return []
    begun = typed["number"] + typed["suffix"]
    found = [fact for fact in SECTORS if fact.sector.casefold().startswith(begun)]
    return sorted(found, key=lambda fact: (int(fact.sector.rstrip("ABC")), fact.sector))


def is_around(text: str) -> bool:
    """Return whether the words only surround a sector; also true without words."""
    return not _without_surroundings(text)


def _without_surroundings(text: str) -> str:
    """Return the plain words without the city and similar words around them; another city stays."""
    plain = plain_words(text)
    if find_beyond(plain):
        return plain
    words = plain.replace(",", " ").split()
    if len(words) > 1 and _is_begun_city(words[-1]):
        words.pop()
    while words and words[-1] in AROUND:
        words.pop()
    while words and words[0] in AROUND:
        words.pop(0)
    return " ".join(words)


def _is_begun_city(word: str) -> bool:
    return len(word) >= BEGUN_CITY and any(name.startswith(word) for name in CITY)


def _is_sector_word(word: str) -> bool:
    """Return whether the word is empty, or is a spelling, a prefix or a misspelling of `sector`."""
    return not word or word in WORDS or "sector".startswith(word) or bool(_mistyped(word))


def _mistyped(word: str) -> list[str]:
    return get_close_matches(word, ["sector"], cutoff=SIMILAR)
