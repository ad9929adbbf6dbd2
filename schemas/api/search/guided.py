"""Guided search: three questions, the answers so far, and the response to each call."""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.api.base import Amount, Bhk, Choices, Locality, Page, PageSize, Shape, exemplified, not_below
from schemas.api.search.canonical import ListingCard, ListingSearch, PriceRange, Sort, Suggestion
from schemas.api.search.listings import FacetOption
from schemas.vocabulary import ListingType, PropertyType


class Question(StrEnum):
    """Questions in the order they are asked; only one of the last two is asked, as the third question."""

    BUDGET = "budget"
    PROPERTY_TYPE = "property_type"
    BHK = "bhk"
    LOCALITY = "locality"


BAND = re.compile(r"([0-9]{0,18})-([0-9]{0,18})")


def _band_as_range(value: Any) -> Any:
    """Convert a band's id, such as `4000000-6000000`, to its range [floor, ceiling)."""
    if not isinstance(value, str):
        return value
    band = BAND.fullmatch(value)
    if band is None:
        raise PydanticCustomError("band", "is not the id of a band, like 4000000-6000000")
    floor, ceiling = (int(end) if end else None for end in band.groups())
    if ceiling is not None and (ceiling == 0 or (floor is not None and ceiling <= floor)):
        raise PydanticCustomError("reversed_range", "is a band that ends before it begins")
    return {"min": floor, "max": None if ceiling is None else ceiling - 1}


BandId = Annotated[str, Field(pattern=f"^{BAND.pattern}$")]
Budget = Annotated[PriceRange, BeforeValidator(_band_as_range, json_schema_input_type=PriceRange | BandId)]


def _without_centre(sort: Sort) -> Sort:
    if sort is Sort.DISTANCE:
        raise PydanticCustomError("no_centre", "is by distance from a point, which guided search has not")
    return sort


class Answers(Shape):
    budget: Budget | None = None
    property_type: Choices[PropertyType] = ()
    bhk: Choices[Bhk] = ()
    locality: Choices[Locality] = ()


class GuidedRequest(Shape):
    """One step of the guided search; all fields are optional.

    The flat fields are an alternative form of the answers. Giving the same answer in both forms is an error,
    because neither takes precedence.
    """

    model_config = exemplified(
        answers={"budget": {"min": 9_000_000, "max": 15_000_000}, "property_type": ["apartment"]},
        page_size=10,
    )

    listing_type: ListingType = ListingType.SALE
    answers: Answers = Answers()
    skipped: Choices[Literal[Question.BHK, Question.LOCALITY]] = ()
    """Third questions that the visitor skipped."""
    changed: Question | None = None
    """The answer that was just changed. Later answers that no longer match anything are dropped and
    reported."""
    sort: Annotated[Sort, AfterValidator(_without_centre)] = Sort.RELEVANCE
    page_size: PageSize = 20
    page: Page = 1
    cursor: Annotated[str, Field(max_length=1_000)] | None = None
    """`next_cursor` of the previous page; pages by cursor have no depth limit and no page numbers."""
    counts: bool = True
    """False omits the question and all counts, for a frontend that only turns the page."""
    suggest: bool = True
    """False omits the suggestions for searches that find little."""
    explain: bool = False
    """Add the named parts of its rank to each listing."""

    budget_min: Amount | None = None
    budget_max: Annotated[Amount | None, AfterValidator(not_below("budget_min"))] = None
    property_type: Choices[PropertyType] = ()
    bhk: Choices[Bhk] = ()
    localities: Choices[Locality] = Field(default=())

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        flat = {
            "budget": self.budget_min is not None or self.budget_max is not None,
            "property_type": bool(self.property_type),
            "bhk": bool(self.bhk),
            "locality": bool(self.localities),
        }
        twice = [name for name, given in flat.items() if given and getattr(self.answers, name)]
        if twice:
            raise PydanticCustomError(
                "given_twice", "answers {names} in both forms", {"names": ", ".join(twice)}
            )
        return self

    @model_validator(mode="after")
    def _one_way_of_paging(self) -> Self:
        if self.cursor is not None and self.page != 1:
            raise PydanticCustomError("page_and_cursor", "has both a page and a cursor: send one of them")
        return self

    @property
    def settled(self) -> frozenset[Question]:
        """Questions that need not be asked again, even if they do not narrow the search.

        These are skipped questions, and a budget of any size, such as a slider left at its ends.
        """
        budget = (self.answers.budget, self.budget_min, self.budget_max)
        answered = set() if budget == (None, None, None) else {Question.BUDGET}
        return frozenset({*self.skipped, *answered})

    def search(self) -> ListingSearch:
        return ListingSearch(
            listing_type=self.listing_type,
            property_type=self.answers.property_type or self.property_type,
            bhk=self.answers.bhk or self.bhk,
            price=self.answers.budget or PriceRange(min=self.budget_min, max=self.budget_max),
            locality=self.answers.locality or self.localities,
            sort=self.sort,
            page_size=self.page_size,
            page=self.page,
        )


class Option(TypedDict):
    value: str | float
    label: str
    count: int
    """Number of listings if this option is chosen and all other answers stay the same."""
    disabled: bool
    """The option would leave no listings: show it, but do not offer it."""


class AskedQuestion(TypedDict):
    id: Question
    text: str
    options: list[Option]
    other_count: NotRequired[int]
    """Listings whose value is not among the options."""
    skippable: bool


class AnsweredOption(FacetOption):
    disabled: bool
    """The option would leave no listings: show it, but do not offer it. Selected options can always be
    removed."""


class AnsweredQuestion(TypedDict):
    id: Question
    text: str
    any: bool
    """No option is selected, because any price was accepted or the question was skipped; one may still be."""
    options: list[AnsweredOption]
    other_count: NotRequired[int]


class Dropped(TypedDict):
    id: Question
    values: list[str | float]
    reason: str


class GuidedAnswer(TypedDict):
    question: AskedQuestion | None
    answered: list[AnsweredQuestion]
    """Answered questions, with the counts for other answers."""
    dropped: list[Dropped]
    items: list[ListingCard]
    total: int
    page: int
    page_size: int
    next_cursor: str | None
    search: dict[str, Any]
    """The canonical search, with which faceted search can continue."""
    suggestions: list[Suggestion]
    """Changes that find more, for searches with few results; never mixed into the items."""
