"""Guided search: three questions, the answers so far, and what each call gives back."""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.api.base import Amount, Bhk, Choices, Locality, Page, PageSize, Shape, exemplified, not_below
from schemas.api.listings import FacetOption
from schemas.api.search import ListingCard, ListingSearch, PriceRange, Sort, Suggestion
from schemas.vocabulary import ListingType, PropertyType


class Question(StrEnum):
    """In the order in which they are asked; the last two compete for the third place."""

    BUDGET = "budget"
    PROPERTY_TYPE = "property_type"
    BHK = "bhk"
    LOCALITY = "locality"


BAND = re.compile(r"([0-9]{0,18})-([0-9]{0,18})")


def _band_as_range(value: Any) -> Any:
    """Read a band's id, `4000000-6000000`, as the range that it stands for: [floor, ceiling)."""
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
    """One step of the flow; everything is optional.

    The flat fields are another way to write the same answers; giving one answer in both forms is
    an error, for neither could be preferred.
    """

    model_config = exemplified(
        answers={"budget": {"min": 9_000_000, "max": 15_000_000}, "property_type": ["apartment"]},
        page_size=10,
    )

    listing_type: ListingType = ListingType.SALE
    answers: Answers = Answers()
    skipped: Choices[Literal[Question.BHK, Question.LOCALITY]] = ()
    """A third question that the visitor passed over."""
    changed: Question | None = None
    """An answer that was just changed: later ones that nothing fits any more are dropped and named."""
    sort: Annotated[Sort, AfterValidator(_without_centre)] = Sort.RELEVANCE
    page_size: PageSize = 20
    page: Page = 1
    cursor: Annotated[str, Field(max_length=1_000)] | None = None
    """`next_cursor` of the page before; goes on without end and without page numbers."""
    counts: bool = True
    """False leaves out the question and all counts, for a frontend that only turns the page."""
    suggest: bool = True
    """False leaves out the suggestions that come when little is found."""
    explain: bool = False
    """Add to each listing the named parts of its rank."""

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
        """What need not be asked again, whether or not it narrows the search.

        A skipped question, or a budget of any size, like a slider that nobody moved.
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
    """How many listings this choice would leave, everything else answered as it is."""
    disabled: bool
    """It would leave none: to be shown, and not to be chosen."""


class AskedQuestion(TypedDict):
    id: Question
    text: str
    options: list[Option]
    other_count: NotRequired[int]
    """Listings behind the options that are not listed."""
    skippable: bool


class AnsweredOption(FacetOption):
    disabled: bool
    """It would leave none: to be shown, and not to be chosen. What is chosen can always be taken back."""


class AnsweredQuestion(TypedDict):
    id: Question
    text: str
    any: bool
    """Any price will do, or the question was skipped: nothing is chosen, and something may be."""
    options: list[AnsweredOption]
    other_count: NotRequired[int]


class Dropped(TypedDict):
    id: Question
    values: list[str | float]
    reason: str


class GuidedAnswer(TypedDict):
    question: AskedQuestion | None
    answered: list[AnsweredQuestion]
    """Questions that have an answer, with the counts that another answer would bring."""
    dropped: list[Dropped]
    items: list[ListingCard]
    total: int
    page: int
    page_size: int
    next_cursor: str | None
    search: dict[str, Any]
    """The canonical search, with which faceted search goes on."""
    suggestions: list[Suggestion]
    """Changes that find more, when little was found; never mixed into the items."""
