"""Bedrooms: `3bhk`, `2-3 bhk`, `2 or 3 bhk`, `4+ bhk`, `1 rk`, `teen kamre`."""

from decimal import Decimal

from domain.bedrooms import Number, bedrooms
from domain.query_reader.figures.numbers import number_at
from domain.query_reader.phrases import WORDS, Phrases, words_of
from domain.query_reader.readings import Field, Reading
from domain.query_reader.tokens import Token, Tokens, glued_word_at, word_at

BHK, ROOMS = "bhk", "rooms"
UNITS = Phrases([(WORDS["bedrooms"][name], name) for name in (BHK, ROOMS)])
ONE_ROOM = Phrases([(WORDS["bedrooms"]["one_room"], None)])
EITHER = frozenset({"/", ",", "&"})
EITHER_WORDS = words_of("bedrooms", "either")
TO, TO_WORDS = frozenset({"-", "–", "—"}), words_of("bedrooms", "to")
LARGEST_HOME = 10
"""`4+ bhk` is expanded up to this number of bedrooms."""
LISTED = 6
"""Maximum numbers before one unit; a longer list is not about bedrooms."""


def bedrooms_at(tokens: Tokens, start: int) -> Reading | None:
    one = number_at(tokens, start)
    if one is None:
        return _unit_first(tokens, start)
    if room := ONE_ROOM.at(tokens, start + 1):
        return Reading(start, room[1], Field.BHK, [0.5])
    numbers, end, is_range = [one], start + 1, False
    extra = False
    while len(numbers) < LISTED and (more := _next(tokens, end)):
        number, end, kind = more
        is_range, extra = is_range or kind == "to", extra or kind == "plus"
        numbers.append(number)
    plus = glued_word_at(tokens, end) == "+"
    unit = UNITS.at(tokens, end + plus) if glued_word_at(tokens, end + plus) else None
    values = [counted for number in numbers if (counted := bedrooms(number))]
    if unit is None or len(values) < len(numbers):
        return None
    end = unit[1]
    if extra:  # in "3+1" the 1 is a study or a servant's room
        values = values[:1]
    elif is_range:
        values = _between(values)
    reading = Reading(start, end, Field.BHK, sorted(set(values)), assumed=extra or unit[0] is ROOMS)
    if plus or glued_word_at(tokens, end) == "+":
        return or_more(reading._replace(end=end if plus else end + 1))
    return reading


def or_more(reading: Reading) -> Reading:
    """Return the reading extended to every larger number of bedrooms."""
    least = reading.value[0]
    further = [count for count in range(1, LARGEST_HOME + 1) if count > least]
    return reading._replace(value=[least, *further])


def _next(tokens: Tokens, end: int) -> tuple[Decimal, int, str] | None:
    """Return the next number of the list, where it ends, and how it is joined to the previous one."""
    if end >= len(tokens):
        return None
    token = tokens[end]
    if token.word in EITHER_WORDS | TO_WORDS:
        number = number_at(tokens, end + 1)
        kind = "to" if token.word in TO_WORDS else "or"
        return None if number is None else (number, end + 2, kind)
    kind = _joined_by(token)
    number = number_at(tokens, end) if kind else None
    return None if number is None else (number, end + 1, kind)


def _joined_by(token: Token) -> str:
    sign = token.gap.strip()
    return "to" if sign in TO else "or" if sign in EITHER else "plus" if sign == "+" else ""


def _between(values: list[Number]) -> list[Number]:
    low, high = min(values), max(values)
    if low % 1 or high % 1:
        return values
    return list(range(int(low), int(high) + 1))


def _unit_first(tokens: Tokens, start: int) -> Reading | None:
    """Read `bhk 3`, unless the number belongs to what follows: `bhk 80 lakh`."""
    number = number_at(tokens, start + 1) if word_at(tokens, start) == "bhk" else None
    count = bedrooms(number) if number is not None and number < 10 else None
    if count is None or glued_word_at(tokens, start + 2):
        return None
    return Reading(start, start + 2, Field.BHK, [count])
