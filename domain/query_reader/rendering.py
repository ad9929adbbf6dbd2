"""Filters as readable words, which the query reader reads back as the same filters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from domain.bedrooms import bhk_label
from domain.money import format_amount, parse_amount
from domain.query_reader.readings import Field
from schemas.vocabulary import LABELS, ListingType

OFFERS = {ListingType.SALE: "for sale", ListingType.RENT: "for rent"}
SORTS = {
    "price_asc": "cheapest first",
    "price_desc": "highest price first",
    "newest": "newest first",
    "deal": "best deals first",
    "area_desc": "largest first",
    "vastu_desc": "best vastu first",
}


def in_words(filters: Mapping[str, Any]) -> str:
    """Return words such as `3 BHK, Sector 62, up to ₹80 L`; commas keep phrases apart."""
    return ", ".join(
        said
        for field, words in WORDS.items()
        if field.value in filters
        for said in words(filters[field.value])
    )


def _labels(values: Sequence[str]) -> list[str]:
    return [LABELS[value] for value in values]


def _range(write: Callable[[int], str], unit: str) -> Callable[[Mapping[str, int]], list[str]]:
    def words(wanted: Mapping[str, int]) -> list[str]:
        ends = [write(wanted[end]) for end in ("min", "max") if end in wanted]
        prefix = "" if len(ends) > 1 else "from " if "min" in wanted else "up to "
        return [f"{prefix}{' to '.join(ends)}{unit}"]

    return words


def rupees(amount: int) -> str:
    """Return the short form of an amount if it is exact, else all digits."""
    short = format_amount(amount)
    return short if parse_amount(short) == amount else f"₹{amount:,}"


WORDS: dict[Field, Callable[[Any], Sequence[str]]] = {
    Field.BHK: lambda numbers: [bhk_label(number) for number in numbers],
    Field.PROPERTY_TYPE: _labels,
    Field.LOCALITY: list,
    Field.PRICE: _range(rupees, ""),
    Field.PRICE_PER_SQFT: _range(rupees, " per sqft"),
    Field.AREA: _range("{:,}".format, " sqft"),
    Field.FACING: lambda directions: [f"{LABELS[direction]} facing" for direction in directions],
    Field.FURNISHING: _labels,
    Field.POSSESSION: _labels,
    Field.LISTING_TYPE: lambda kind: [OFFERS[ListingType(kind)]],
    Field.SORT: lambda sort: [SORTS[sort]],
}
