"""Combines readings into filters: choices add up, ranges complete each other, else the first one wins."""

from collections.abc import Sequence
from typing import Any

from domain.query_reader.readings import RANGES, SINGLE, Field, Reading
from schemas.vocabulary import ListingType

Filters = dict[str, Any]
ORDER = tuple(field.value for field in Field)
MOST_CHOICES = 20
"""The maximum of one choice in a search (schemas/api/base.py)."""


def gathered(readings: Sequence[Reading], listing_type: ListingType | None) -> tuple[Filters, list[bool]]:
    """Return the filters of readings in text order, and for each reading whether it was used."""
    filters: Filters = {}
    used = [_add(filters, reading) for reading in readings]
    rent = any(reading.implies_rent and kept for reading, kept in zip(readings, used, strict=True))
    if rent and listing_type is not ListingType.RENT:
        filters.setdefault(Field.LISTING_TYPE.value, ListingType.RENT.value)
    return {name: filters[name] for name in ORDER if name in filters}, used


def _add(filters: Filters, reading: Reading) -> bool:
    field, value = reading.field, reading.value
    if field is None:
        return False
    held = filters.get(field.value)
    if held is None:
        filters[field.value] = value
        return True
    if field in SINGLE:
        return bool(held == value)
    if field in RANGES:
        return _narrowed(filters, field, value, assumed=reading.assumed)
    filters[field.value] = sorted({*held, *value})[:MOST_CHOICES]
    return set(value) <= set(filters[field.value])


def _narrowed(filters: Filters, field: Field, value: dict[str, int], *, assumed: bool) -> bool:
    """Merge two statements into one range: `above 50 lakh ... under 80 lakh`, or two prices side by side."""
    held = filters[field.value]
    if held == value:
        return True
    if assumed and held.keys() == value.keys() == {"max"} and held["max"] < value["max"]:
        filters[field.value] = {"min": held["max"], "max": value["max"]}
        return True
    both = held | value
    if held.keys() & value.keys() or both["min"] > both["max"]:
        return False
    filters[field.value] = {"min": both["min"], "max": both["max"]}
    return True
