"""What all request shapes share: frozen, nothing unknown, choices in one order, paging with an end."""

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

SECTOR_NAMES = frozenset(fact.sector for fact in LOCALITIES.values())

LARGEST = 2**63 - 1
"""What fits a bigint, in Postgres and in OpenSearch."""

DEEPEST = 10_000
"""Listings that paging by number reaches, which is OpenSearch's own limit."""

MOST_CHOICES = 20
"""Values that one choice may hold; a search is not a way to send a list of everything."""


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


NUMBER = re.compile(r"[-+]?[0-9.]+")


def _no_number(value: Any) -> Any:
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        raise PydanticCustomError("number", "must be written as a date or a time, like 2026-02-01T10:00:00Z")
    return value


WrittenOut = BeforeValidator(_no_number)
"""Of a date or a time in a query: `2026` is no year, for pydantic would read seconds since 1970."""


def exemplified(**fields: JsonValue) -> ConfigDict:
    """Configuration of a shape that the contract shows with these fields."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


T = TypeVar("T")


def several(value: Any) -> Any:
    """One value is a choice of one; strict mode wants the tuple made here."""
    if isinstance(value, list | tuple):
        return tuple(value)
    return () if value is None else (value,)


def in_order(values: Iterable[Any]) -> tuple[Any, ...]:
    """The same choices make the same search, whatever order they came in; numbers before words."""
    return tuple(sorted(set(values), key=lambda value: (isinstance(value, str), value)))


@dataclass(frozen=True)
class OneOrSeveral:
    """Says of a list what `several` does: one value stands for a list of one, null for an empty one."""

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
"""Any number of values of one kind, sorted and without repetition; nothing chosen means all."""
SomeChoices = Annotated[
    tuple[T, ...],
    Field(max_length=MOST_CHOICES),
    BeforeValidator(several),
    AfterValidator(in_order),
    Field(min_length=1),  # last, so that of a choice that is wrong nothing more is said
    OneOrSeveral(least=1),
]
"""The same, but one at least."""


Unknown = Literal["unknown"]
UNKNOWN: Unknown = "unknown"
"""Among the choices of a field that may be empty: listings that do not say."""


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
    """What the contract says of a text that only a program can judge: the name of its form."""
    return {"format": form}


Amount = Annotated[int, Field(ge=0, le=LARGEST)]
"""Whole rupees; per month for a rent."""
Bhk = Annotated[
    float,
    Field(ge=bounds.BHK.least, le=bounds.BHK.most, multiple_of=0.5),
    AfterValidator(_whole),
    PlainSerializer(_whole, return_type=Any),  # 3 and not 3.0, in links and in cache keys
]
"""Bedrooms, in halves: 2.5 is real, 0.5 is one room and a kitchen."""
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
            "reaches beyond the first {deepest} listings: go on by next_cursor, or narrow the search",
            {"deepest": DEEPEST},
        )
    return page


Page = Annotated[int, Field(ge=1, le=DEEPEST), AfterValidator(_reachable)]
"""Counted from 1; declare it after `page_size`, with which it is checked."""


def within(ends: bounds.Bounds[int] | bounds.Bounds[float]) -> Any:
    """Metadata of a number between two ends."""
    return Field(ge=ends.least, le=ends.most)


def not_below(minimum: str) -> Callable[[int | None, ValidationInfo], int | None]:
    """A check for the upper end of a range, whose lower end is the field `minimum` before it."""

    def check(maximum: int | None, info: ValidationInfo) -> int | None:
        lowest = info.data.get(minimum)
        if maximum is not None and lowest is not None and maximum < lowest:
            raise PydanticCustomError("reversed_range", "must not be below {minimum}", {"minimum": minimum})
        return maximum

    return check
