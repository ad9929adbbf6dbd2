"""The map of a foreign file: which column feeds which field, and what its words mean."""

import json
import re
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from domain.geography.places import plain_words
from schemas.errors import InvalidRequest
from schemas.sectors import LOCALITIES
from schemas.vocabulary import AreaBasis, ListingType, PropertyType

SHIPPED = files("tasks.imports").joinpath("maps")
LARGEST_MAP_BYTES = 256 * 1024


class FieldName(StrEnum):
    """The fields that a column may feed; most are columns of a property, three fill two columns each."""

    LOCALITY = "locality"
    """Any text that names the place; fills locality and sector."""
    AREA = "area"
    """With or without a unit; fills area_sqft and area_basis."""
    FLOOR = "floor"
    """`6 out of 26`; fills floor_number and total_floors."""

    EXTERNAL_REF = "external_ref"
    TITLE = "title"
    DESCRIPTION = "description"
    SOCIETY = "society"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    PROPERTY_TYPE = "property_type"
    LISTING_TYPE = "listing_type"
    BHK = "bhk"
    BATHROOMS = "bathrooms"
    BALCONIES = "balconies"
    PRICE = "price"
    FURNISHING_STATUS = "furnishing_status"
    FLOOR_NUMBER = "floor_number"
    TOTAL_FLOORS = "total_floors"
    AGE_YEARS = "age_years"
    POSSESSION_STATUS = "possession_status"
    FACING_DIRECTION = "facing_direction"
    ENTRANCE_DIRECTION = "entrance_direction"
    KITCHEN_DIRECTION = "kitchen_direction"
    MASTER_BEDROOM_DIRECTION = "master_bedroom_direction"
    POOJA_DIRECTION = "pooja_direction"
    TOILET_DIRECTION = "toilet_direction"
    BALCONY_DIRECTION = "balcony_direction"
    OPEN_SIDES = "open_sides"


REQUIRED = (
    FieldName.LOCALITY,
    FieldName.PROPERTY_TYPE,
    FieldName.LISTING_TYPE,
    FieldName.AREA,
    FieldName.PRICE,
)


def _known(locality: str) -> str:
    if locality not in LOCALITIES:
        raise ValueError(f"{locality!r} is not a locality of Noida")
    return locality


def _compiled(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except re.error as problem:
        raise ValueError(f"is not a regular expression: {problem}") from problem
    if groups != 1:
        raise ValueError("needs exactly one group: the part of the cell that counts")
    return pattern


def _source(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _sources(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Shape):
    """A column, and how to read its cells."""

    column: str
    pattern: Annotated[str, AfterValidator(_compiled)] | None = None
    """A regular expression with one group, the part that counts; a cell without a match is empty."""
    unknown: tuple[str, ...] = ()
    """Words for "not known" in this column, in addition to the map's `unknown`."""
    values: dict[str, str] = {}
    """The file's word -> our word."""
    basis: AreaBasis | None = None
    """The area basis of this column's values."""


class Constants(Shape):
    """Values that hold for every row and are in no column."""

    listing_type: ListingType | None = None
    property_type: PropertyType | None = None
    area_basis: AreaBasis = AreaBasis.SUPER


class Only(Shape):
    """Rows with any other value in this column are rejected as outside of Noida."""

    column: str
    values: tuple[str, ...]


class Mapping(Shape):
    format: Literal["csv", "jsonl"] = "csv"
    encoding: Literal["utf-8", "cp1252", "latin-1"] = "utf-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","
    guarded: bool = False
    """The file is a CasaBricks export. An apostrophe guards cells that a spreadsheet would run as formulas.
    Texts are kept whole: a trailing comma stays, and a society may have the name of a place."""
    unknown: tuple[str, ...] = ()
    """Words for "not known" in any column; an empty cell is always unknown."""
    only: Only | None = None
    constants: Constants = Constants()
    places: dict[str, Annotated[str, AfterValidator(_known)]] = {}
    """Names that the gazetteer does not know -> locality."""
    fields: dict[
        FieldName,
        Annotated[
            tuple[Annotated[Source, BeforeValidator(_source)], ...],
            Field(min_length=1),
            BeforeValidator(_sources),
        ],
    ]
    """The sources of each field, in order: the first non-empty cell counts."""

    @model_validator(mode="after")
    def _every_required_field_has_a_source(self) -> "Mapping":
        given = {*self.fields, *self.constants.model_dump(exclude_none=True)}
        if missing := [field.value for field in REQUIRED if field not in given]:
            raise ValueError(f"names no column and no constant for {', '.join(missing)}")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, each once."""
        return tuple(dict.fromkeys(self._named()))

    def _named(self) -> Iterator[str]:
        if self.only:
            yield self.only.column
        for sources in self.fields.values():
            yield from (source.column for source in sources)

    @property
    def place_aliases(self) -> dict[str, str]:
        return {plain_words(name): locality for name, locality in self.places.items()}


def shipped_maps() -> list[str]:
    return sorted(Path(entry.name).stem for entry in SHIPPED.iterdir() if entry.name.endswith(".toml"))


def load_mapping(name: str) -> Mapping:
    """Load a shipped map by its bare name, or a TOML or JSON file by its path.

    Raises:
        InvalidRequest: the map cannot be read or is invalid; the message says why.
    """
    if name in shipped_maps():
        return read_mapping(SHIPPED.joinpath(f"{name}.toml").read_text(encoding="utf-8"), name)
    try:
        with Path(name).open(encoding="utf-8") as file:
            text = file.read(LARGEST_MAP_BYTES)
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidRequest(
            f"The map {name} cannot be read: {_reason(problem)}. Shipped maps: {', '.join(shipped_maps())}."
        ) from problem
    return read_mapping(text, name)


def read_mapping(text: str, name: str = "map") -> Mapping:
    try:
        described = json.loads(text) if name.endswith(".json") else tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        raise InvalidRequest(f"The map {name} cannot be read: {problem}.") from problem
    return validate_mapping(described, name)


def validate_mapping(described: Any, name: str) -> Mapping:
    """Validate a parsed map; InvalidRequest says what is wrong with it."""
    try:
        return Mapping.model_validate(described)
    except ValidationError as problem:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc']))} {each['msg']}".strip() for each in problem.errors()
        )
        raise InvalidRequest(f"The map {name} is not usable: {wrong}.") from problem


def _reason(problem: OSError | UnicodeDecodeError) -> str:
    return (problem.strerror or "no file") if isinstance(problem, OSError) else "it is not UTF-8 text"
