"""What all request shapes share: frozen, no unknown fields, sorted choices, bounded paging."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    PlainSerializer,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from schemas import bounds
from schemas.sectors import LOCALITIES
from schemas.texts import is_visible

SECTOR_NAMES = frozenset(fact.sector for fact in LOCALITIES.values())

LARGEST = 2**63 - 1
"""The largest value of a bigint in Postgres and a long in OpenSearch."""

DEEPEST = 10_000
"""Number of rows reachable by page number; for listings, this is OpenSearch's own limit."""

MOST_CHOICES = 20
"""Values that one choice may hold, so that a search cannot carry an arbitrarily long list."""


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


NUMBER = re.compile(r"[-+]?[0-9.]+")


def _no_number(value: Any) -> Any:
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        raise PydanticCustomError("number", "must be written as a date or a time, like 2026-02-01T10:00:00Z")
    return value


WrittenOut = BeforeValidator(_no_number)
"""For dates and times in a query: refuses `2026`, which pydantic would read as seconds since 1970."""


def exemplified(**fields: JsonValue) -> ConfigDict:
    """Return a model configuration with these fields as the example in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


T = TypeVar("T")


def several(value: Any) -> Any:
    """Turn a single value into a tuple of one; strict mode needs the tuple to be made here."""
    if isinstance(value, list | tuple):
        return tuple(value)
    return () if value is None else (value,)


def in_order(values: Iterable[Any]) -> tuple[Any, ...]:
    """Sort and deduplicate choices, numbers before words, so that equal choices make equal searches."""
    return tuple(sorted(set(values), key=lambda value: (isinstance(value, str), value)))


@dataclass(frozen=True)
class OneOrSeveral:
    """Adds to a list's JSON schema what `several` accepts: a single value, or null for an empty list."""

    least: int = 0

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        said = handler(schema)
        if self.least:
            return {"anyOf": [said | {"minItems": self.least}, said["items"]]}
        return {"anyOf": [said, said["items"], {"type": "null"}]}


Choices = Annotated[
    tuple[T, ...],
    Field(max_length=MOST_CHOICES),
    BeforeValidator(several),
    AfterValidator(in_order),
    OneOrSeveral(),
]
"""Any number of values of one kind, sorted and deduplicated; an empty choice means all values."""
SomeChoices = Annotated[
    tuple[T, ...],
    Field(max_length=MOST_CHOICES),
    BeforeValidator(several),
    AfterValidator(in_order),
    Field(min_length=1),  # last, so that an invalid choice reports no further error
    OneOrSeveral(least=1),
]
"""Like `Choices`, with at least one value."""


Unknown = Literal["unknown"]
UNKNOWN: Unknown = "unknown"
"""A choice for fields that may be empty: listings that do not state a value."""


def _whole(value: float) -> float:
    return int(value) if value == int(value) else value


def _known_sector(sector: str) -> str:
    if sector not in SECTOR_NAMES:
        raise PydanticCustomError("unknown_sector", "is not a sector of Noida, see /api/v1/localities")
    return sector


def _known(locality: str) -> str:
    if locality not in LOCALITIES:
        raise PydanticCustomError("unknown_locality", "is not a locality of Noida, see /api/v1/localities")
    return locality


def named(form: str) -> dict[str, JsonValue]:
    """Return a schema that names the format of a string which JSON Schema cannot check."""
    return {"format": form}


Amount = Annotated[int, Field(ge=0, le=LARGEST)]
"""Whole rupees; per month for a rent."""
Bhk = Annotated[
    float,
    Field(ge=bounds.BHK.least, le=bounds.BHK.most, multiple_of=0.5),
    AfterValidator(_whole),
    PlainSerializer(_whole, return_type=Any),  # 3 and not 3.0, in links and in cache keys
]
"""Bedrooms, in steps of one half: 2.5 is valid, 0.5 is one room and a kitchen."""
Locality = Annotated[str, Field(max_length=40, json_schema_extra=named("locality")), AfterValidator(_known)]
Sector = Annotated[
    str, Field(max_length=40, json_schema_extra=named("sector")), AfterValidator(_known_sector)
]
PageSize = Annotated[int, Field(ge=1, le=50)]


def _reachable(page: int, info: ValidationInfo) -> int:
    page_size = info.data.get("page_size")
    if page_size and page * page_size > DEEPEST:
        raise PydanticCustomError(
            "page_too_deep",
            "reaches beyond the first {deepest}: narrow the search, or go on by next_cursor if there is one",
            {"deepest": DEEPEST},
        )
    return page


Page = Annotated[int, Field(ge=1, le=DEEPEST), AfterValidator(_reachable)]
"""Counted from 1. Declare it after `page_size`, because it is checked against it."""


def within(ends: bounds.Bounds[int] | bounds.Bounds[float]) -> Any:
    """Return field metadata for a number within bounds."""
    return Field(ge=ends.least, le=ends.most)


def not_blank(text: str) -> str:
    """Return a text in which something can be seen; for validators that have cleaned it."""
    if not is_visible(text):
        raise PydanticCustomError("blank", "must not be blank")
    return text


def not_below(minimum: str) -> Callable[[int | None, ValidationInfo], int | None]:
    """Return a validator for a range's upper end; its lower end is the earlier field `minimum`."""

    def check(maximum: int | None, info: ValidationInfo) -> int | None:
        lowest = info.data.get(minimum)
        if maximum is not None and lowest is not None and maximum < lowest:
            raise PydanticCustomError("reversed_range", "must not be below {minimum}", {"minimum": minimum})
        return maximum

    return check
