"""The models of a search: one canonical form for equal searches, a clear error for invalid ones."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.api.base import DEEPEST, MOST_CHOICES
from schemas.api.search.canonical import ListingSearch, PriceRange, Sort
from schemas.api.search.guided import Answers, GuidedRequest
from schemas.sectors import LOCALITIES
from schemas.vocabulary import ListingType, PropertyType

halves = st.integers(1, 40).map(lambda number: number / 2)
amounts = st.integers(0, 2**63 - 1)
ranges = st.one_of(
    st.builds(PriceRange),
    st.builds(PriceRange, min=amounts),
    st.builds(PriceRange, max=amounts),
    st.tuples(amounts, amounts).map(lambda ends: PriceRange(min=min(ends), max=max(ends))),
)
searches = st.builds(
    ListingSearch,
    listing_type=st.sampled_from(ListingType),
    property_type=st.lists(st.sampled_from(PropertyType), max_size=MOST_CHOICES),
    bhk=st.lists(halves, max_size=MOST_CHOICES),
    price=st.none() | ranges,
    locality=st.lists(st.sampled_from(sorted(LOCALITIES)), max_size=MOST_CHOICES),
    sort=st.sampled_from([sort for sort in Sort if sort is not Sort.DISTANCE]),
    page_size=st.integers(1, 50),
    page=st.integers(1, 200),
)


def wrong(shape: type, **fields: Any) -> list[tuple[str, str]]:
    """Return the location and code of each validation error."""
    with pytest.raises(ValidationError) as refusal:
        shape(**fields)
    return [(".".join(map(str, error["loc"])), error["type"]) for error in refusal.value.errors()]


@given(searches)
def test_a_canonical_search_reads_back_as_itself(search):
    again = ListingSearch.model_validate(search.canonical())
    assert (again, again.canonical()) == (search, search.canonical())


@given(searches)
def test_a_canonical_search_reads_back_from_json_by_the_strict_rules(search):
    assert ListingSearch.model_validate_json(search.model_dump_json(), strict=True) == search


def test_a_search_for_nothing_in_particular_is_all_homes_for_sale():
    assert ListingSearch().canonical() == {"listing_type": "sale"}


@pytest.mark.parametrize("bhk", [*itertools.permutations([3, 2.5, 1, 3.0])])
def test_choices_come_in_one_order_whatever_order_they_were_made_in(bhk):
    assert ListingSearch(bhk=bhk).canonical()["bhk"] == [1, 2.5, 3]


WISHES = [
    {"room": "pooja", "directions": ["north_east", "north"]},
    {"room": "entrance", "directions": ["south_west"], "avoid": True},
    {"room": "entrance", "directions": ["south_west"]},
    {"room": "kitchen", "directions": ["south_east"]},
]


@given(wishes=st.permutations([*WISHES, WISHES[0]]), directions=st.permutations(["north", "north_east"]))
def test_wishes_about_rooms_come_in_one_order_whatever_order_they_were_made_in(wishes, directions):
    said = [wish | {"directions": directions} if wish["room"] == "pooja" else wish for wish in wishes]
    assert ListingSearch(vastu_rooms=said).canonical() == ListingSearch(vastu_rooms=WISHES).canonical()
    assert len(ListingSearch(vastu_rooms=said).vastu_rooms) == len(WISHES)


@pytest.mark.parametrize("field", ["price", "area_sqft", "price_per_sqft", "floor_number"])
def test_a_range_without_ends_narrows_nothing(field):
    for empty in ({}, {"min": None, "max": None}):
        assert ListingSearch(**{field: empty}).canonical() == {"listing_type": "sale"}
    assert ListingSearch(floor_number={"unknown": True}).floor_number is None


@pytest.mark.parametrize("floors", [{"min": 0}, {"max": 0}, {"min": -3}, {"max": -1, "unknown": True}])
def test_the_ground_floor_is_an_end_of_a_range(floors):
    assert ListingSearch(floor_number=floors).canonical()["floor_number"] == floors


@pytest.mark.parametrize(
    ("field", "given", "chosen"),
    [
        ("property_type", None, ()),
        ("property_type", "villa", ("villa",)),
        ("property_type", ["villa", "plot", "villa"], ("plot", "villa")),
        ("bhk", 3, (3,)),
        ("locality", "Sector 62", ("Sector 62",)),
    ],
)
def test_one_value_is_a_choice_of_one(field, given, chosen):
    assert getattr(ListingSearch(**{field: given}), field) == chosen


def test_whole_bedrooms_are_written_without_a_point():
    search = ListingSearch(bhk=[3.0, 2.5])
    assert search.model_dump_json(include={"bhk"}) == '{"bhk":[2.5,3]}'
    assert search.canonical() == ListingSearch(bhk=[2.5, 3]).canonical()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"bhk": [1] * (MOST_CHOICES + 1)}, ("bhk", "too_long")),
        ({"property_type": ["castle"]}, ("property_type.0", "enum")),
        ({"locality": ["Atlantis"]}, ("locality.0", "unknown_locality")),
        ({"locality": ["x" * 41]}, ("locality.0", "string_too_long")),
        ({"price": {"min": -1}}, ("price.min", "greater_than_equal")),
        ({"price": {"max": 2**63}}, ("price.max", "less_than_equal")),
        ({"page_size": 51}, ("page_size", "less_than_equal")),
        ({"page": 0}, ("page", "greater_than_equal")),
        ({"colour": "blue"}, ("colour", "extra_forbidden")),
    ],
)
def test_a_field_that_means_nothing_is_refused_by_its_name(fields, code):
    assert wrong(ListingSearch, **fields) == [code]


@pytest.mark.parametrize(
    ("bhk", "code"),
    [
        (2.3, "multiple_of"),
        (0, "greater_than_equal"),
        (20.5, "less_than_equal"),
        (float("nan"), "finite_number"),
    ],
)
def test_bedrooms_come_in_halves_up_to_twenty(bhk, code):
    assert wrong(Answers, bhk=[bhk]) == [("bhk.0", code)]


@pytest.mark.parametrize("page_size", [1, 20, 50])
def test_pages_end_where_the_engine_ends(page_size):
    last = DEEPEST // page_size
    assert ListingSearch(page=last, page_size=page_size).offset == DEEPEST - page_size
    code = "page_too_deep" if page_size > 1 else "less_than_equal"
    assert wrong(ListingSearch, page=last + 1, page_size=page_size) == [("page", code)]


def test_a_wrong_page_size_is_not_blamed_on_the_page():
    assert wrong(ListingSearch, page=DEEPEST, page_size=0) == [("page_size", "greater_than_equal")]


def test_a_range_of_one_price_is_a_range():
    assert PriceRange(min=5, max=5) == PriceRange.model_validate({"max": 5, "min": 5})


def test_a_reversed_range_is_refused_at_its_upper_end():
    assert wrong(PriceRange, min=6, max=5) == [("max", "reversed_range")]
    assert wrong(GuidedRequest, budget_min=6, budget_max=5) == [("budget_max", "reversed_range")]


@pytest.mark.parametrize(
    ("band", "price"),
    [
        ("4000000-6000000", PriceRange(min=4_000_000, max=5_999_999)),
        ("-6000000", PriceRange(max=5_999_999)),
        ("6000000-", PriceRange(min=6_000_000)),
        ("0-1", PriceRange(max=0)),
        ("-", None),
    ],
)
def test_a_band_stands_for_its_range(band, price):
    assert GuidedRequest(answers={"budget": band}).search().price == price


@pytest.mark.parametrize(
    ("band", "code"),
    [
        ("", "band"),
        ("6000000", "band"),
        ("40 L - 60 L", "band"),
        ("4000000-6000000 ", "band"),
        ("٤-٦", "band"),
        ("1" * 19 + "-", "band"),
        ("6000000-4000000", "reversed_range"),
        ("5-5", "reversed_range"),
        ("-0", "reversed_range"),
    ],
)
def test_what_is_no_band_is_refused(band, code):
    assert wrong(Answers, budget=band) == [("budget", code)]


BOTH_FORMS = {
    "budget": ({"budget": {"min": 5}}, {"budget_max": 9}),
    "property_type": ({"property_type": "villa"}, {"property_type": "villa"}),
    "bhk": ({"bhk": [2]}, {"bhk": [3]}),
    "locality": ({"locality": "Sector 62"}, {"localities": "Sector 62"}),
}


@pytest.mark.parametrize(("name", "forms"), BOTH_FORMS.items())
def test_an_answer_in_both_forms_is_refused(name, forms):
    nested, flat = forms
    with pytest.raises(ValidationError, match=f"answers {name} in both forms") as refusal:
        GuidedRequest(answers=nested, **flat)
    assert [error["type"] for error in refusal.value.errors()] == ["given_twice"]


def test_different_answers_may_come_in_different_forms():
    request = GuidedRequest(answers={"bhk": 2}, budget_min=5, budget_max=9, localities="Sector 62")
    expected = ListingSearch(bhk=[2], price=PriceRange(min=5, max=9), locality=["Sector 62"])
    assert request.search() == expected


@given(searches)
def test_both_forms_mean_the_same_search(search):
    choices = {"property_type": search.property_type, "bhk": search.bhk}
    rest = {
        "listing_type": search.listing_type,
        "sort": search.sort,
        "page_size": search.page_size,
        "page": search.page,
    }
    price = search.price or PriceRange()
    nested = GuidedRequest(answers={"budget": search.price, "locality": search.locality} | choices, **rest)
    flat = GuidedRequest(
        budget_min=price.min, budget_max=price.max, localities=search.locality, **choices, **rest
    )
    assert nested.search() == flat.search()


@pytest.mark.parametrize("question", ["budget", "property_type"])
def test_only_a_third_question_can_be_skipped(question):
    assert wrong(GuidedRequest, skipped=[question]) == [("skipped.0", "literal_error")]
    assert GuidedRequest(skipped=["locality", "bhk"]).skipped == ("bhk", "locality")
