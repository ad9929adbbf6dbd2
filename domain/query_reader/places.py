"""Sectors as visitors name them, and places beyond Noida, which take precedence over any sector."""

import re
from bisect import bisect_left
from dataclasses import dataclass

from domain.geography.places import BY_NUMBER, NAMESAKES, beyond, find_sector, greek_sector
from domain.geography.sector_prefix import WORDS as SHORTER
from domain.query_reader.figures.bedrooms import bedrooms_at
from domain.query_reader.figures.quantities import quantity_at
from domain.query_reader.filters import MOST_CHOICES
from domain.query_reader.phrases import words_of
from domain.query_reader.readings import Field, Reading
from domain.query_reader.tokens import Token, Tokens, glued_word_at, is_glue, plain_words, word_at
from schemas.sectors import SECTORS, SectorFact

SECTOR = (frozenset(plain_words(",".join(SHORTER))) | words_of("place", "sector")) - {"s"}
NUMBER = words_of("place", "number")
NOIDA = words_of("place", "noida")
ALSO = words_of("place", "also")
TO = words_of("bedrooms", "to")
BLOCK = frozenset({"block", "pocket", "wing", "tower"})
LISTED = frozenset({",", "/", "&", "-"})
_SECTOR_NUMBER = re.compile(r"\d{1,3}")


def place_at(tokens: Tokens, start: int) -> Reading | None:
    """Read `sector 62`, `sec-62`, `S-62`, `62 sector`, and lists of sectors."""
    token = tokens[start]
    if token.number:
        return _number_first(tokens, start)
    if not (token.word in SECTOR or _is_short(token)):
        return None
    number = start + 2 if glued_word_at(tokens, start + 1) in NUMBER else start + 1
    found = _sector_at(tokens, number)
    if found is None or bedrooms_at(tokens, number):
        return None
    return _with_more(tokens, start, *found)


def _is_short(token: Token) -> bool:
    """Return whether the token is the s of `S-62`, not that of a possessive."""
    return token.word == "s" and not token.gap.endswith(("'", "’"))


def _sector_at(tokens: Tokens, place: int) -> tuple[SectorFact, int] | None:
    """Read a sector by its number, and where it ends: `93`, `93A`, `93 a`; `93a` must be that sector."""
    if place >= len(tokens) or not _is_joined(tokens[place].gap):
        return None
    if not _SECTOR_NUMBER.fullmatch(tokens[place].word):
        return None
    number, end = tokens[place].word.lstrip("0"), place + 1
    suffix = glued_word_at(tokens, end)
    if len(suffix) == 1 and suffix.isalpha():
        fact = BY_NUMBER.get(number + suffix)
        if not tokens[end].gap:
            return (fact, end + 1) if fact else None
        if fact and word_at(tokens, end + 1) not in BLOCK:
            return fact, end + 1
    fact = BY_NUMBER.get(number)
    return (fact, end) if fact else None


def _is_joined(gap: str) -> bool:
    return is_glue(gap) or not gap.strip(" -.:#")


def _with_more(tokens: Tokens, start: int, fact: SectorFact, end: int) -> Reading:
    """Add the sectors that follow in the same list, unless the numbers count something else."""
    found = [fact]
    while more := _next(tokens, end):
        last, end, is_range = more
        found += _between(found[-1], last) if is_range else [last]
    return Reading(start, end, Field.LOCALITY, list(dict.fromkeys(fact.locality for fact in found)))


def _between(first: SectorFact, last: SectorFact) -> list[SectorFact]:
    """Return the sectors after the first up to the last; only the last if there are too many to choose."""
    numbers = range(_number(first) + 1, _number(last) + 1)
    found = [fact for fact in SECTORS if _number(fact) in numbers]
    return found if 0 < len(found) < MOST_CHOICES else [last]


def _number(fact: SectorFact) -> int:
    return int(fact.sector.rstrip("ABC"))


def _next(tokens: Tokens, end: int) -> tuple[SectorFact, int, bool] | None:
    """Return the next sector of a list, where it ends, and whether the sectors in between are included."""
    if end >= len(tokens):
        return None
    sign, word = tokens[end].gap.strip(), tokens[end].word
    if word in ALSO | TO:
        place = end + 1
    elif sign in LISTED:
        place = end
    else:
        return None
    if place >= len(tokens) or _is_figure(tokens, place):
        return None
    bare = [tokens[place]._replace(gap=""), *tokens[place + 1 : place + 3]]
    found = _sector_at(bare, 0)
    return found and (found[0], place + found[1], word in TO or sign == "-")


def _is_figure(tokens: Tokens, place: int) -> bool:
    """Return whether the number counts bedrooms, has a unit, or is one end of a range."""
    if bedrooms_at(tokens, place) or quantity_at(tokens, place):
        return True
    if place + 1 < len(tokens) and tokens[place + 1].number and tokens[place + 1].gap.strip() == "-":
        return True
    return place > 0 and glued_word_at(tokens, place + 1) in TO


def _number_first(tokens: Tokens, start: int) -> Reading | None:
    if glued_word_at(tokens, start + 1) not in SECTOR or tokens[start].gap.endswith(","):
        return None
    following = word_at(tokens, start + 2)
    if following.isdigit():
        return None
    found = _sector_at([tokens[start]._replace(gap="")], 0)
    return found and Reading(start, start + 2, Field.LOCALITY, [found[0].locality])


def noida_number_at(tokens: Tokens, start: int) -> Reading | None:
    """Read `Noida 62`, which people say for Sector 62."""
    if tokens[start].word not in NOIDA or start + 1 >= len(tokens) or _is_figure(tokens, start + 1):
        return None
    found = _sector_at(tokens, start + 1)
    return found and Reading(start, found[1], Field.LOCALITY, [found[0].locality], assumed=True)


@dataclass(frozen=True)
class FarPlaces:
    """Names of places elsewhere in the text; their words stay in the search text."""

    beyond: list[Reading]
    """Places beyond Noida; if there is one, no number is read as a sector of Noida."""
    kept: set[int]
    """Positions of the tokens in these names, and in names that only resemble them."""


def far_places(tokens: Tokens) -> FarPlaces:
    """Find names of places elsewhere; of overlapping names the first one wins, which is the longest."""
    plain, begins = "", []
    for token in tokens:
        plain += ("," if "," in token.gap else " ") if plain else ""
        begins.append(len(plain))
        plain += token.word
    named = list(beyond(plain))
    if not named and (greek := greek_sector(plain)) and not find_sector(plain):
        named = [("Greater Noida", *greek)]
    readings: list[Reading] = []
    for name, first, last in named:
        start, end = bisect_left(begins, first), bisect_left(begins, last)
        if start < end and not any(start < other.end and other.start < end for other in readings):
            readings.append(Reading(start, end, Field.OUTSIDE, name))
    stretches = [(reading.start, reading.end) for reading in readings]
    stretches += [
        (bisect_left(begins, namesake.start()), bisect_left(begins, namesake.end()))
        for namesake in NAMESAKES.finditer(plain)
    ]
    return FarPlaces(readings, {place for start, end in stretches for place in range(start, end)})
