"""Phrases that mean a choice, and phrases that nothing could be filtered by."""

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
    """What it means behind a word that is not understood, `golf vista apartments`: the homes there."""


# What people call a kothi, a makaan or a house, portals file under either.
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
"""What is no type by itself."""


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
"""What these mean where no name stands beside them."""
BEGINNING_NAMES = Phrases([(WORDS["part_of_names"]["kept"], None)])

BETWEEN, EVERYTHING = "between", "everything"
PIN_CODES = ",".join(str(code) for code in range(201301, 201319))
"""Of Noida, so that none is taken for a price."""
DROPPED = Phrases([
    (WORDS["dropped"][BETWEEN], BETWEEN),
    (f"{WORDS['dropped'][EVERYTHING]},{PIN_CODES}", EVERYTHING),
])  # fmt: skip
"""Left over when everything else is read; of the first kind only beside others, for alone they are a text."""
