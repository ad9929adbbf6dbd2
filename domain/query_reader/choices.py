"""Phrases that select a filter value, and phrases that no filter covers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from domain.query_reader.directions import BARE, FACING
from domain.query_reader.phrases import WORDS, Phrases
from domain.query_reader.readings import Field
from schemas.vocabulary import PropertyType


@dataclass(frozen=True)
class Meaning:
    field: Field | None
    value: Any = None
    assumed: bool = False
    within_name: Any = None
    """The meaning after an unknown word, as in `golf vista apartments`: all types of home found there."""


# Portals list a kothi, makaan or house under either type.
HOUSES = [PropertyType.INDEPENDENT_HOUSE.value, PropertyType.VILLA.value]
IN_BLOCKS = [
    kind.value
    for kind in (
        PropertyType.APARTMENT,
        PropertyType.BUILDER_FLOOR,
        PropertyType.PENTHOUSE,
        PropertyType.STUDIO,
    )
]
TYPES = {
    "independent_house_or_villa": Meaning(Field.PROPERTY_TYPE, HOUSES),
    "apartments": Meaning(Field.PROPERTY_TYPE, [PropertyType.APARTMENT.value], within_name=IN_BLOCKS),
    "villas": Meaning(Field.PROPERTY_TYPE, [PropertyType.VILLA.value], within_name=HOUSES),
}
"""Phrases that do not stand for exactly one type."""


def _plain() -> Iterator[tuple[str, Meaning]]:
    yield WORDS["unheld"]["vague"], Meaning(None)
    for name, phrases in WORDS["property_type"].items():
        yield phrases, TYPES.get(name) or Meaning(Field.PROPERTY_TYPE, [name])
    for field in (Field.FURNISHING, Field.POSSESSION):
        for name, phrases in WORDS[field].items():
            yield phrases, Meaning(field, [name])
    for field in (Field.LISTING_TYPE, Field.SORT):
        for name, phrases in WORDS[field].items():
            yield phrases, Meaning(field, name)
    for phrases, direction in FACING.items():
        yield phrases, Meaning(Field.FACING, [direction.value])


def _parts_of_names() -> Iterator[tuple[str, Meaning]]:
    for phrases, direction in BARE.items():
        yield phrases, Meaning(Field.FACING, [direction.value], assumed=True)
    for field, name, values in (
        (Field.PROPERTY_TYPE, "independent_house_or_villa", HOUSES),
        (Field.PROPERTY_TYPE, "plot", ["plot"]),
        (Field.POSSESSION, "ready_to_move", ["ready_to_move"]),
    ):
        yield WORDS["part_of_names"][name], Meaning(field, values, assumed=True)


PLAIN = Phrases(_plain())
PARTS_OF_NAMES = Phrases(_parts_of_names())
"""Meanings that apply only if no name is next to the phrase."""
BEGINNING_NAMES = Phrases([(WORDS["part_of_names"]["kept"], None)])

BETWEEN, EVERYTHING = "between", "everything"
PIN_CODES = ",".join(str(code) for code in range(201301, 201319))
"""PIN codes of Noida, so that they are not read as prices."""
DROPPED = Phrases([
    (WORDS["dropped"][BETWEEN], BETWEEN),
    (f"{WORDS['dropped'][EVERYTHING]},{PIN_CODES}", EVERYTHING),
])  # fmt: skip
"""Words dropped after everything else is read; `between` words only beside others, because alone they are a
search text."""
