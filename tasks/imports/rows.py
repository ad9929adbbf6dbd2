"""Turns a row's cells into a property's columns, or into a list of everything wrong with the row."""

import re
from collections.abc import Iterator
from collections.abc import Mapping as Lookup
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any

import orjson

from domain.geography.places import Outside, find_place, plain_words
from domain.money import format_amount
from schemas.bounds import Bounds
from schemas.sectors import LOCALITIES, SectorFact
from schemas.texts import ENDS, NOTHING
from schemas.vocabulary import ListingType, PropertyType
from tasks.imports.cells import EXPORTED, LONGEST, READERS, InvalidCell, Reader, Values
from tasks.imports.mapping import REQUIRED, FieldName, Mapping, Only, Source
from tasks.imports.reader import Cells, Problem

LIKELY_RATES = {ListingType.SALE: Bounds(100, 200_000), ListingType.RENT: Bounds(1, 2_000)}
"""Rupees per sqft; far below the cheapest land and far above the most expensive shop in Noida."""

BLANKS = ENDS + ",;"
"""Characters stripped from both ends of a foreign cell."""


@dataclass(frozen=True, slots=True)
class Row:
    """The values of a property given by a row; the database adds a missing title and coordinates."""

    line: int
    values: Values
    fingerprint: str
    notes: tuple[Problem, ...] = ()
    """Doubts to review; the row is used anyway."""


@dataclass(frozen=True)
class Column:
    """A source of a field, compiled for reading."""

    name: str
    position: int
    pattern: re.Pattern[str] | None
    words: Lookup[str, str]
    """The file's word -> our word; "" for the file's words for "not known"."""
    brings: Values
    ends: str
    """Characters stripped from both ends of a cell."""

    def text(self, cells: Cells) -> str:
        """Return the cell's text in our words; "" if it is empty or unknown."""
        cell = cells[self.position].strip(self.ends)
        if self.pattern is not None:
            match = self.pattern.search(cell)
            cell = (match[1] or "").strip(self.ends) if match else ""
        word = cell.casefold()
        return self.words.get(word, "" if word in NOTHING else cell)


@dataclass(frozen=True)
class FieldReader:
    read: Reader
    columns: tuple[Column, ...]
    required: bool

    def values(self, cells: Cells) -> Values | Problem:
        for column in self.columns:
            if text := column.text(cells):
                try:
                    return self.read(text) | column.brings
                except InvalidCell as unusable:
                    return Problem(unusable.code, unusable.message, column.name)
        return Problem("missing", "says nothing", self.columns[0].name) if self.required else {}


class RowReader:
    """Reads the rows of one file by its map."""

    def __init__(self, mapping: Mapping) -> None:
        positions = {column: position for position, column in enumerate(mapping.columns)}
        self._only = mapping.only
        self._only_position = positions[mapping.only.column] if mapping.only else 0
        self._constants = mapping.constants.model_dump(mode="json", exclude_none=True)
        place = lru_cache(maxsize=1024)(partial(place_of, mapping.place_aliases))
        readers = EXPORTED if mapping.guarded else READERS
        fields = {
            name: FieldReader(
                place if name == FieldName.LOCALITY else readers[name],
                tuple(
                    _column(source, positions[source.column], mapping.unknown, ends_of(name, mapping))
                    for source in sources
                ),
                required=name in REQUIRED and name not in self._constants,
            )
            for name, sources in mapping.fields.items()
        }
        self._place = fields.pop(FieldName.LOCALITY)
        self._fields = tuple(fields.values())

    def read(self, line: int, cells: Cells) -> Row | list[Problem]:
        """Return the row or its problems; after a problem with the place, the other cells are not read."""
        if self._only and (elsewhere := _outside_region(self._only, cells[self._only_position])):
            return [elsewhere]
        place = self._place.values(cells)
        if isinstance(place, Problem):
            return [place]
        values = self._constants | place
        problems = []
        for field in self._fields:
            found = field.values(cells)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                values.update(found)
        problems += contradictions(values)
        return problems or Row(line, values, fingerprint(values), tuple(warnings_about(values)))


def ends_of(name: FieldName, mapping: Mapping) -> str:
    if not mapping.guarded or name not in LONGEST:
        return BLANKS
    return "" if name is FieldName.DESCRIPTION else ENDS


def _column(source: Source, position: int, unknown: tuple[str, ...], ends: str) -> Column:
    return Column(
        source.column,
        position,
        re.compile(source.pattern) if source.pattern else None,
        {word.casefold(): "" for word in (*unknown, *source.unknown)}
        | {theirs.casefold(): ours for theirs, ours in source.values.items()},
        {"area_basis": source.basis.value} if source.basis else {},
        ends,
    )


def _outside_region(only: Only, cell: str) -> Problem | None:
    city = cell.strip(BLANKS)
    if city in only.values:
        return None
    return Problem("outside_noida", f"is {city[:60]!r}", only.column)


def place_of(aliases: Lookup[str, str], cell: str) -> Values:
    """Return locality and sector of a text; the map's own names take precedence over the gazetteer."""
    plain = plain_words(cell)
    names = (plain, *(part.strip() for part in plain.split(",")))
    alias = next((aliases[name] for name in names if name in aliases), None)
    match LOCALITIES[alias] if alias else find_place(cell):
        case SectorFact(sector=sector, locality=locality):
            return {"locality": locality, "sector": sector}
        case Outside(name=name):
            raise InvalidCell("outside_noida", f"lies in {name}: {cell[:100]!r}")
        case _:
            raise InvalidCell("unknown_locality", f"names no sector of Noida: {cell[:100]!r}")


def contradictions(values: Values) -> Iterator[Problem]:
    """Yield problems of cells that are each valid, but cannot all be true."""
    floor, total = values.get("floor_number"), values.get("total_floors")
    if floor is not None and total is not None and floor > total:
        yield Problem("contradiction", f"says floor {floor} of {total}")
    if values.get("property_type") == PropertyType.PLOT and "bhk" in values:
        yield Problem("contradiction", "is a plot with bedrooms")
    if ("latitude" in values) != ("longitude" in values):
        yield Problem("contradiction", "has half a pair of coordinates")


def warnings_about(values: Values) -> Iterator[Problem]:
    """Yield values that are probably mistakes: lakhs without the word, a sale price given as a rent."""
    rate = values["price"] / values["area_sqft"]
    likely = LIKELY_RATES[values["listing_type"]]
    if not likely.least <= rate <= likely.most:
        kind, price = values["listing_type"], format_amount(values["price"])
        yield Problem("implausible_price", f"is a {kind} at {price} for {values['area_sqft']:,} sqft")


def fingerprint(values: Any) -> str:
    """Return the SHA-256 of a row's values; the order of the keys does not matter."""
    return sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()
