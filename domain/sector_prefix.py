"""Sectors by the beginning of what people type: `sec`, `sector 6`, `s-62`, `62`, `सेक्टर 1`."""

import re
from difflib import get_close_matches

from domain.places import plain_words
from schemas.sectors import SECTORS, SectorFact

WORDS = ("sector", "sec", "sect", "sctr", "s", "सेक्टर")
SIMILAR = 0.8
"""Share of equal letters from which a word counts as mistyped: `sectr`, `setcor`, never `castor`."""
_TYPED = re.compile(r"(?P<word>[^\d ]*) ?0*(?P<number>\d{0,3}) ?(?P<suffix>[a-z]?)")


def sectors_beginning(text: str) -> list[SectorFact]:
    """Sectors that the text may become, in the order of their numbers; none when it names something else."""
    typed = _TYPED.fullmatch(plain_words(text))
    if typed is None or not (typed["number"] or typed["word"]) or not _is_sector_word(typed["word"]):
        return []
    begun = typed["number"] + typed["suffix"]
    found = [fact for fact in SECTORS if fact.sector.casefold().startswith(begun)]
    return sorted(found, key=lambda fact: (int(fact.sector.rstrip("ABC")), fact.sector))


def _is_sector_word(word: str) -> bool:
    """Nothing, a way to write `sector`, its beginning, or it mistyped."""
    return not word or word in WORDS or "sector".startswith(word) or bool(_mistyped(word))


def _mistyped(word: str) -> list[str]:
    return get_close_matches(word, ["sector"], cutoff=SIMILAR)
