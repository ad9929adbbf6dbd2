"""The query reader: turns a visitor's text into filters, remaining text, and an explanation.

Words are read in rounds until nothing more can be read. Reading the remaining text again therefore finds
nothing, and a search made of the filters and the rest stays the same when it is repeated. Each round first
reads what is certain (phrases, figures with a unit, sectors), then what depends on neighbouring words (a bare
number, a direction that may begin a name), and then drops the words in between.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from domain.query_reader.choices import (
    BEGINNING_NAMES,
    BETWEEN,
    DROPPED,
    PARTS_OF_NAMES,
    PLAIN,
    Meaning,
)
from domain.query_reader.figures.bedrooms import bedrooms_at, or_more
from domain.query_reader.figures.measures import Bare
from domain.query_reader.figures.quantities import BEFORE, Bound, quantity_at
from domain.query_reader.filters import Filters, gathered
from domain.query_reader.phrases import words_of
from domain.query_reader.places import far_places, noida_number_at, place_at
from domain.query_reader.readings import ASSUMED, CERTAIN, MISTYPED, Field, Reading
from domain.query_reader.tokens import Token, Tokens, is_possessive, tokenise, word_at
from domain.query_reader.wishes import wish_at
from schemas.vocabulary import ListingType

NOT, NOT_BEHIND = (words_of("not", side) for side in ("before", "behind"))
MOST_TOKENS = 200
"""Maximum words that are read; a longer text is prose."""


@dataclass(frozen=True)
class Span:
    """A span of the text, in code points, and its meaning."""

    start: int
    end: int
    field: Field
    value: Any
    confidence: float
    assumed: bool


@dataclass(frozen=True)
class Ignored:
    """A span of the text that does not narrow the search."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Understanding:
    filters: Filters
    """In the form of the canonical search."""
    text_rest: str
    """The words to search as text; reading them again finds nothing more."""
    spans: tuple[Span, ...]
    ignored: tuple[Ignored, ...]


@dataclass(frozen=True)
class Known:
    """What a search states apart from its text."""

    listing_type: ListingType | None = None
    priced: bool = False
    """True if the search has a price; bare numbers are then not read as prices."""


NOTHING_KNOWN = Known()
S = TypeVar("S", Span, Ignored)


@dataclass(frozen=True)
class _Said:
    """A reading with its tokens, which need not be adjacent in the text."""

    reading: Reading
    tokens: Tokens


def read_query(text: str, known: Known = NOTHING_KNOWN) -> Understanding:
    """Read a query; any text gives a result, possibly without any filter."""
    tokens: Tokens = tokenise(text)[:MOST_TOKENS]
    said: list[_Said] = []
    while found := _one_round(tokens, known, said):
        said += [_Said(reading, tokens[reading.start : reading.end]) for reading in found]
        tokens = _without(tokens, found)
    outside = [_Said(reading, tokens[reading.start : reading.end]) for reading in far_places(tokens).beyond]
    said.sort(key=lambda one: one.tokens[0].start)
    filters, used = gathered([one.reading for one in said], known.listing_type)
    stated = any(one.reading.field is Field.LISTING_TYPE for one in said)
    meant = [one for one, kept in zip(said, used, strict=True) if kept]
    dropped = [one for one, kept in zip(said, used, strict=True) if not kept]
    return Understanding(
        filters,
        _rest(text, tokens, everything=not said),
        _in_order(span for one in [*meant, *outside] for span in _spans(one, filters, stated=stated)),
        _in_order(ignored for one in dropped for ignored in _ignored(one, text)),
    )


def _in_order(stretches: Iterable[S]) -> tuple[S, ...]:
    return tuple(sorted(stretches, key=lambda stretch: (stretch.start, stretch.end)))


def _one_round(tokens: Tokens, known: Known, said: Sequence[_Said]) -> list[Reading]:
    """Return the readings of the first kind that finds any."""
    far = far_places(tokens)
    kept = far.kept.union(*(range(name.start, name.end) for name in _names(tokens)))
    settled = _settled(known, said)
    certain = partial(_certain, outside=bool(far.beyond))
    by_surroundings = partial(_by_surroundings, settled=settled, outside=bool(far.beyond))
    beside = said or any(DROPPED.at(tokens, place) is None for place in range(len(tokens)))
    leftover = partial(_leftover, alone=not beside)
    for find in (certain, by_surroundings, leftover):
        if found := list(_scan(tokens, find, kept)):
            return found
    return []


def _names(tokens: Tokens) -> Iterator[Reading]:
    """Yield words that begin a name, and possessives, regardless of other meanings: `Owner's Pride`."""
    for place in range(len(tokens)):
        if place and is_possessive(tokens[place]):
            yield Reading(place - 1, place + 1)
        if name := BEGINNING_NAMES.at(tokens, place):
            yield Reading(place, name[1])


def _settled(known: Known, said: Sequence[_Said]) -> Known:
    """Combine what is known with what has been read so far."""
    readings = [one.reading for one in said]
    stated = (ListingType(one.value) for one in readings if one.field is Field.LISTING_TYPE)
    implied = (ListingType.RENT for one in readings if one.implies_rent)
    priced = known.priced or any(one.field is Field.PRICE for one in readings)
    return Known(known.listing_type or next(chain(stated, implied), None), priced)


def _scan(tokens: Tokens, find: Callable[[Tokens, int], Reading | None], kept: set[int]) -> Iterator[Reading]:
    """Yield readings from left to right that contain no kept word."""
    place = 0
    while place < len(tokens):
        reading = None if place in kept else find(tokens, place)
        if reading is None or not kept.isdisjoint(range(reading.start, reading.end)):
            place += 1
            continue
        yield reading
        place = reading.end


def _certain(tokens: Tokens, place: int, *, outside: bool) -> Reading | None:
    reading = _said_plainly(tokens, place, outside=outside)
    if reading is None and tokens[place].word in NOT:
        return _not_wanted(tokens, place, outside=outside)
    if reading and reading.field and word_at(tokens, reading.end) in NOT_BEHIND:
        return Reading(place, reading.end + 1)
    return reading


def _not_wanted(tokens: Tokens, place: int, *, outside: bool) -> Reading | None:
    """Drop `not in sector 62`: no filter can express it, and the opposite must not be searched."""
    behind = place + 1
    while behind < len(tokens) and DROPPED.at(tokens, behind):
        behind += 1
    reading = _said_plainly(tokens, behind, outside=outside) if behind < len(tokens) else None
    return Reading(place, reading.end) if reading and reading.field else None


def _said_plainly(tokens: Tokens, place: int, *, outside: bool) -> Reading | None:
    """Read what can be understood without its neighbours."""
    if reading := wish_at(tokens, place):
        return reading
    if not outside and (reading := place_at(tokens, place)):
        return reading
    bound = BEFORE.at(tokens, place)
    if bound and bound[0] is Bound.LEAST and (reading := bedrooms_at(tokens, bound[1])):
        return or_more(reading._replace(start=place))
    if reading := bedrooms_at(tokens, place) or quantity_at(tokens, place):
        return reading
    phrase = PLAIN.at(tokens, place)
    return phrase and _meant(tokens, place, *phrase)


def _meant(tokens: Tokens, place: int, meaning: Meaning, end: int) -> Reading:
    value = meaning.value
    if meaning.within_name is not None and _is_name_before(tokens, place):
        return Reading(place, end, meaning.field, meaning.within_name, assumed=True)
    return Reading(place, end, meaning.field, value, meaning.assumed)


def _by_surroundings(tokens: Tokens, place: int, *, settled: Known, outside: bool) -> Reading | None:
    """Read what is only meant if no name is next to it."""
    if not outside and (reading := noida_number_at(tokens, place)):
        return reading
    phrase = PARTS_OF_NAMES.at(tokens, place)
    reading = phrase and _meant(tokens, place, *phrase)
    if reading is None and not settled.priced:
        reading = quantity_at(tokens, place, Bare(settled.listing_type or ListingType.SALE))
    if reading is None or _is_pin_code(tokens[place]):
        return None
    alone = _is_bounded(tokens, place) or not _is_name_before(tokens, place)
    return reading if alone and not _is_name(tokens, reading.end) else None


def _is_pin_code(token: Token) -> bool:
    return token.number and token.word in DROPPED.meanings


def _is_bounded(tokens: Tokens, place: int) -> bool:
    return not tokens[place].number and DROPPED.at(tokens, place) is not None


def _is_name_before(tokens: Tokens, place: int) -> bool:
    return place > 0 and not tokens[place].cut and _is_unread(tokens, place - 1)


def _is_name(tokens: Tokens, place: int) -> bool:
    return place < len(tokens) and not tokens[place].cut and _is_unread(tokens, place)


def _is_unread(tokens: Tokens, place: int) -> bool:
    return DROPPED.at(tokens, place) is None


def _leftover(tokens: Tokens, place: int, *, alone: bool) -> Reading | None:
    dropped = DROPPED.at(tokens, place)
    if dropped is None or (alone and dropped[0] is BETWEEN):
        return None
    return Reading(place, dropped[1])


def _without(tokens: Tokens, found: Sequence[Reading]) -> list[Token]:
    """Return the remaining tokens; those after a removed token are marked as cut off from what precedes."""
    gone = {place for reading in found for place in range(reading.start, reading.end)}
    return [
        token._replace(gap=" ", cut=True) if place - 1 in gone else token
        for place, token in enumerate(tokens)
        if place not in gone
    ]


def _rest(text: str, tokens: Tokens, *, everything: bool) -> str:
    """Return the remaining text as written, with one blank for each removed part."""
    if everything:
        return " ".join(text.split())
    return " ".join(" ".join(text[start:end] for start, end in _stretches(tokens)).split())


def _spans(said: _Said, filters: Filters, *, stated: bool) -> Iterator[Span]:
    reading = said.reading
    assert reading.field is not None
    mistyped = any(token.mistyped for token in said.tokens)
    confidence = ASSUMED if reading.assumed else MISTYPED if mistyped else CERTAIN
    for start, end in _stretches(said.tokens):
        yield Span(start, end, reading.field, reading.value, confidence, reading.assumed)
        if reading.implies_rent and not stated and filters.get(Field.LISTING_TYPE) == ListingType.RENT:
            yield Span(start, end, Field.LISTING_TYPE, ListingType.RENT.value, ASSUMED, assumed=True)


def _ignored(said: _Said, text: str) -> Iterator[Ignored]:
    for start, end in _stretches(said.tokens):
        yield Ignored(start, end, text[start:end])


def _stretches(tokens: Tokens) -> list[tuple[int, int]]:
    """Return one span for adjacent tokens; spans are split where earlier readings were removed."""
    stretches: list[tuple[int, int]] = []
    for token in tokens:
        if stretches and not token.cut:
            stretches[-1] = stretches[-1][0], token.end
        else:
            stretches.append((token.start, token.end))
    return stretches
