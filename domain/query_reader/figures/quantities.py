"""Prices and areas: bounds, ranges and single figures, with a unit that may come late.

A unit is inherited leftwards: `80-95 L` is 80 lakh to 95 lakh. `90 se 1.2 cr` begins at 90 lakh, because 90
crore would exceed its end. A single price is a maximum; a single area is approximate.
"""

from decimal import Decimal
from enum import Enum, auto

from domain.areas import in_sqft
from domain.money import LAKH, LARGEST, THOUSAND
from domain.query_reader.figures.amounts import STEPS, currency_at
from domain.query_reader.figures.measures import Bare, Measure, measure_at, settled
from domain.query_reader.phrases import WORDS, Phrases, words_of
from domain.query_reader.readings import Field, Reading
from domain.query_reader.tokens import Tokens, glued_word_at, is_glue, plain_word
from schemas.bounds import AREA_SQFT


class Bound(Enum):
    MOST = auto()
    LEAST = auto()
    ABOUT = auto()
    BETWEEN = auto()


BEFORE = Phrases([(phrases, Bound[name.upper()]) for name, phrases in WORDS["bound_before"].items()])
BEHIND = Phrases([(phrases, Bound[name.upper()]) for name, phrases in WORDS["bound_behind"].items()])
AFTER_RANGE = Phrases([(WORDS["range"]["behind"], None)])
SIGNS = {"<": Bound.MOST, "≤": Bound.MOST, ">": Bound.LEAST, "≥": Bound.LEAST, "~": Bound.ABOUT}
DASHES = frozenset({"-", "–", "—"})
TO = Phrases([(WORDS["range"]["to"], None)])
AND = words_of("range", "also")


def quantity_at(tokens: Tokens, start: int, bare: Bare | None = None) -> Reading | None:
    """Read a price, rate or area that begins here; figures without a unit only if `bare` is given."""
    bound, place = BEFORE.at(tokens, start) or (None, start)
    place = currency_at(tokens, place)
    first = measure_at(tokens, place)
    if first is None:
        return None
    if bound is None:
        bound = SIGNS.get(tokens[place].gap.strip()[-1:])
    second = _other_end(tokens, first.end, bound)
    if second is not None and (ends := _joined(first, second, bare)):
        after = AFTER_RANGE.at(tokens, second.end)
        guessed = first.field is second.field is None
        return _reading(start, after[1] if after else second.end, ends, None, guessed=guessed)
    single = settled(first, bare)
    if single is None:
        return None
    bound, end = _bound_behind(tokens, first.end, bound)
    return _reading(start, end, [single], bound, guessed=first.field is None)


def _other_end(tokens: Tokens, place: int, bound: Bound | None) -> Measure | None:
    """Return the figure after a dash, `to` or `se`; after `and` only if `between` came before."""
    if place >= len(tokens):
        return None
    if tokens[place].gap.replace("₹", "").strip() in DASHES:
        return measure_at(tokens, currency_at(tokens, place))
    to = TO.at(tokens, place) if is_glue(tokens[place].gap) else None
    if to is None and bound is Bound.BETWEEN and tokens[place].word in AND:
        to = None, place + 1
    return measure_at(tokens, currency_at(tokens, to[1])) if to else None


def _joined(first: Measure, second: Measure, bare: Bare | None) -> list[Measure] | None:
    """Return both ends in one unit; None if they measure different things, or have no usable unit."""
    if first.field is None and second.field is None:
        both = [settled(end, bare) for end in (first, second)]
        return [end for end in both if end is not None] if all(both) else None
    if first.field is None:
        return [_inherited(first, second), second]
    if second.field is None:
        return [first, _like(second, first)] if first.amount <= second.amount * first.scale else None
    if first.field is second.field:
        return [first, second]
    if first.field is Field.PRICE and second.field is Field.PRICE_PER_SQFT:
        return [first._replace(field=second.field), second]
    return None


def _inherited(bare: Measure, other: Measure) -> Measure:
    """Return the lower end in the upper end's unit, or in a smaller unit if it would otherwise be higher."""
    if other.field is not Field.PRICE:
        return _like(bare, other)
    steps = (Decimal(step) for step in (*STEPS, 1) if step <= other.scale)
    scale = next((step for step in steps if bare.amount * step <= other.amount), other.scale)
    return Measure(other.field, bare.amount * scale, scale, bare.end)


def _like(bare: Measure, other: Measure) -> Measure:
    return Measure(other.field, bare.amount * other.scale, other.scale, bare.end)


def _bound_behind(tokens: Tokens, end: int, bound: Bound | None) -> tuple[Bound | None, int]:
    behind = BEHIND.at(tokens, end) if end < len(tokens) and is_glue(tokens[end].gap) else None
    if behind and (bound is None or behind[0] is bound):
        return behind
    if bound is None and end < len(tokens) and glued_word_at(tokens, end) in LEAST_ALONE:
        return Bound.LEAST, end + 1
    if bound is None and end < len(tokens) and tokens[end].gap.strip() == "+":
        return Bound.LEAST, end
    return bound, end


LEAST_ALONE = frozenset({"se", plain_word("से")})
"""`80 lakh se` without a second end means from there upwards."""


def _reading(start: int, end: int, ends: list[Measure], bound: Bound | None, *, guessed: bool) -> Reading:
    """Build the reading: two ends are a range, one end has its stated bound or the usual one."""
    field = ends[0].field
    whole = [min(in_sqft(measure.amount, Decimal(1)), LARGEST) for measure in ends]
    rent = field is Field.PRICE and max(whole) < LAKH and any(end.scale == THOUSAND for end in ends)
    if len(ends) == 1:
        value = _bounded(whole[0], bound or (Bound.ABOUT if field is Field.AREA else Bound.MOST))
        guessed = guessed or bound is None
    else:
        value = {"min": min(whole), "max": max(whole)}
    if field is Field.AREA:  # a search takes no larger area, because no listing has one
        value = {name: min(figure, AREA_SQFT.most) for name, figure in value.items()}
    return Reading(start, end, field, value, guessed, implies_rent=rent)


def _bounded(figure: int, bound: Bound) -> dict[str, int]:
    if bound is Bound.ABOUT:
        return {"min": figure * 9 // 10, "max": -(-figure * 11 // 10)}
    return {"min": figure} if bound is Bound.LEAST else {"max": figure}
