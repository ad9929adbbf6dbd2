"""The whole query reader: offsets, known context, and unusual texts."""

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.areas import parse_area
from domain.money import CRORE, LAKH, parse_amount
from domain.query_reader.reader import Known, read_query
from domain.query_reader.rendering import in_words
from schemas.api.search.canonical import ListingSearch
from schemas.sectors import LOCALITIES
from schemas.vocabulary import Direction, Furnishing, ListingType, Possession, PropertyType
from tests.domain.query_reader.test_queries import TABLE

# Random pieces of queries find more errors than random letters.
PIECES = st.sampled_from([
    *sorted({word for row in TABLE for word in re.split(r"(\W)", row["q"]) if word}),
    *("sector", "62", "150", "80", "1.5", "lakh", "cr", "k", "se", "-", ",", "/", "+", "₹", "bhk", "½", "①"),
    *("\u200d", "\u202e", "\u0000", "\u0301", "शहर", "दिल्ली", "שלום", "مرحبا", "🏠", "ﬁ", "℀", "İ", "ß"),
])  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(PIECES, max_size=40).map("".join),
    st.lists(PIECES, max_size=25).map(" ".join),
)
KNOWN = st.builds(Known, st.none() | st.sampled_from(ListingType), st.booleans())


def choices(values: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=20, unique=True).map(sorted)


def ranges(most: int) -> st.SearchStrategy[dict[str, int]]:
    ends = st.integers(1, most)
    return st.one_of(
        ends.map(lambda end: {"min": end}),
        ends.map(lambda end: {"max": end}),
        st.tuples(ends, ends).map(lambda both: {"min": min(both), "max": max(both)}),
        st.integers(1, most // LAKH + 1).map(lambda lakhs: {"max": lakhs * LAKH}),
    )


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "listing_type": st.sampled_from(["sale", "rent"]),
        "price": ranges(1_000 * CRORE),
        "price_per_sqft": ranges(100_000),
        "area_sqft": ranges(1_000_000),
        "bhk": choices([0.5, *(half / 2 if half % 2 else half // 2 for half in range(2, 41))]),
        "locality": choices(LOCALITIES),
        "property_type": choices(kind.value for kind in PropertyType),
        "facing_direction": choices(direction.value for direction in Direction),
        "furnishing_status": choices(furnishing.value for furnishing in Furnishing),
        "possession_status": choices(possession.value for possession in Possession),
        "sort": st.sampled_from(["price_asc", "price_desc", "newest", "deal", "area_desc", "vastu_desc"]),
    },
)


@given(FILTERS)
def test_filters_in_words_read_as_the_same_filters(filters: dict[str, Any]):
    read = read_query(in_words(filters))
    assert (read.filters, read.text_rest, read.ignored) == (filters, "", ())


@example("101011GAJ", Known())
@example("1000000 sqm", Known())
@given(TEXTS, KNOWN)
def test_any_text_is_read_and_its_rest_says_no_more(text: str, known: Known):
    """Nothing raises, the result is a valid search, and reading its rest again changes nothing."""
    read = read_query(text, known)
    search = ListingSearch.model_validate(read.filters)
    offered = known.listing_type or search.listing_type
    if known.listing_type is None or read.filters.get("listing_type", offered) == offered:
        again = read_query(read.text_rest, Known(offered, known.priced or search.price is not None))
        assert again.text_rest == read.text_rest
        assert {name: again.filters.get(name) for name in again.filters} == {
            name: read.filters.get(name) for name in again.filters
        }


@given(TEXTS)
def test_stretches_lie_in_the_text_one_behind_the_other(text: str):
    read = read_query(text)
    stretches = sorted({(span.start, span.end) for span in (*read.spans, *read.ignored)})
    assert all(0 <= start < end <= len(text) for start, end in stretches)
    assert all(text[ignored.start : ignored.end] == ignored.text for ignored in read.ignored)
    assert [start for start, _ in stretches] == sorted(start for start, _ in stretches)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3bhk  in sector-62", {"bhk": "3bhk", "locality": "sector-62"}),
        ("🏠 २ bhk सेक्टर ६२, ₹ 1.5 करोड़", {"bhk": "२ bhk", "locality": "सेक्टर ६२", "price": "1.5 करोड़"}),
        ("  \u200bflat  EAST\u00a0facing", {"property_type": "flat", "facing_direction": "EAST\u00a0facing"}),
        ("greater noida 2 bhk", {"bhk": "2 bhk", "outside": "greater noida"}),
    ],
)
def test_spans_count_the_code_points_of_what_was_typed(text: str, said: dict[str, str]):
    read = read_query(text)
    assert {span.field.value: text[span.start : span.end] for span in read.spans} == said


def test_what_was_read_across_something_else_has_a_span_for_each_part():
    read = read_query("sector 3bhk 62")
    assert [(span.field.value, span.start, span.end, span.value) for span in read.spans] == [
        ("locality", 0, 6, ["Sector 62"]),
        ("bhk", 7, 11, [3]),
        ("locality", 12, 14, ["Sector 62"]),
    ]


@pytest.mark.parametrize(
    ("text", "confidences"),
    [
        ("sector 62 3bhk", [1.0, 1.0]),
        ("sectr 62 3bhk", [0.8, 1.0]),
        ("noida 62 80 lakh", [0.6, 0.6]),
        ("25k", [0.6, 0.6]),
    ],
)
def test_confidence_falls_with_typing_errors_and_with_what_we_fill_in(text: str, confidences: list[float]):
    assert [span.confidence for span in read_query(text).spans] == confidences


@pytest.mark.parametrize(
    ("text", "known", "filters", "rest"),
    [
        ("3bhk 80", Known(), {"price": {"max": 80 * LAKH}, "bhk": [3]}, ""),
        ("3bhk 80", Known(priced=True), {"bhk": [3]}, "80"),
        ("3bhk 80", Known(ListingType.RENT), {"bhk": [3]}, "80"),
        ("3bhk 15000", Known(ListingType.RENT), {"price": {"max": 15_000}, "bhk": [3]}, ""),
        ("3bhk 15000", Known(), {"bhk": [3]}, "15000"),
        ("3bhk 25k", Known(ListingType.RENT), {"price": {"max": 25_000}, "bhk": [3]}, ""),
    ],
)
def test_a_number_alone_is_what_the_rest_of_the_search_makes_of_it(text, known, filters, rest):
    read = read_query(text, known)
    assert (read.filters, read.text_rest) == (filters, rest)


@pytest.mark.parametrize(
    "amount",
    [
        "3.9 Cr",
        "29 L",
        "24.99 lakh",
        "₹1,20,00,000",
        "1 cr 20 lakh",
        "1cr20lakh",
        "Rs. 45,00,000/-",
        "१.२ करोड़",
        "25 हज़ार",
    ],
)
def test_an_amount_is_the_same_in_a_query_and_in_an_import(amount: str):
    assert read_query(f"flat {amount} tak").filters["price"] == {"max": parse_amount(amount)}


@pytest.mark.parametrize(
    "area", ["991 sqft", "991 Sq. Ft.", "145 sqyrd", "200 gaj", "१२७ sqm", "100 square metres"]
)
def test_an_area_is_the_same_in_a_query_and_in_an_import(area: str):
    assert read_query(f"plot above {area}").filters["area_sqft"] == {"min": parse_area(area)}


def test_of_more_sectors_than_a_search_holds_the_last_ones_are_ignored():
    names = [f"sector {number}" for number in range(20, 45)]
    read = read_query(" ".join(names))
    assert len(read.filters["locality"]) == 20
    assert read.text_rest == ""
    assert [ignored.text for ignored in read.ignored] == names[20:]


def test_prose_is_read_as_far_as_a_search_would_be():
    read = read_query("quiet lane " * 500)
    assert read.filters == {}
