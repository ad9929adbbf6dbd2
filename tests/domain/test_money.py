from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import CRORE, LADDER, LAKH, LARGEST, THOUSAND, UNITS, format_amount, parse_amount
from schemas.vocabulary import ListingType

PRICES = st.integers(min_value=0, max_value=10_000 * CRORE)


@pytest.mark.parametrize(
    ("text", "rupees"),
    [
        (" 3.9 Cr", 39_000_000),
        (" 29 L", 2_900_000),
        ("24.99 L", 2_499_000),
        ("1,20,00,000", 12_000_000),
        ("12,000,000", 12_000_000),
        ("1 cr 20 lakh", 12_000_000),
        ("1cr20lakh", 12_000_000),
        ("1 cr. 5 lakh 50 thousand", 10_550_000),
        ("80 lac", 8_000_000),
        ("₹ 45 lakh", 4_500_000),
        ("Rs. 45,00,000/-", 4_500_000),
        ("INR 25k", 25_000),
        ("85 thousand rupees", 85_000),
        ("२५ हज़ार", 25_000),
        ("१.२ करोड़", 12_000_000),
        ("१ करोड २० लाख", 12_000_000),
        ("25000", 25_000),
        ("12345.5", 12_346),
    ],
)
def test_an_amount_is_read_as_people_write_it(text, rupees):
    assert parse_amount(text) == rupees


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NA",
        "price on request",
        "-5 L",
        "1,2 Cr",
        "1 cr 20",
        "20 lakh 1 cr",
        "2 cr 2 cr",
        "12 sqft",
        "5 l akh",
        "1.5.5 cr",
        "1e9",
        "inf",
        "9" * 400,
        "99999999999 cr",
        "1" * 100,
        "1k" * 49 + "x",
    ],
)
def test_what_is_no_amount_is_none(text):
    assert parse_amount(text) is None


@given(st.text())
def test_any_text_gives_a_bounded_amount_or_none(text):
    rupees = parse_amount(text)
    assert rupees is None or 0 <= rupees <= LARGEST


@given(
    whole=st.integers(min_value=0, max_value=99_999),
    decimals=st.text("0123456789", max_size=7),
    unit=st.sampled_from(sorted(UNITS)),
    gap=st.sampled_from(["", " ", "  "]),
)
def test_a_number_and_its_unit_are_multiplied_exactly(whole, decimals, unit, gap):
    number = f"{whole}.{decimals}" if decimals else str(whole)
    exact = (Decimal(number) * UNITS[unit]).quantize(Decimal(1), ROUND_HALF_UP)
    assert parse_amount(f"{number}{gap}{unit}") == exact


@given(crores=st.integers(1, 999), lakhs=st.integers(1, 99), thousands=st.integers(1, 99))
def test_a_compound_is_the_sum_of_its_parts(crores, lakhs, thousands):
    total = crores * CRORE + lakhs * LAKH + thousands * THOUSAND
    assert parse_amount(f"{crores} crore {lakhs} lakh {thousands} thousand") == total


@pytest.mark.parametrize(
    ("rupees", "text"),
    [
        (0, "₹0"),
        (25_000, "₹25,000"),
        (99_999, "₹99,999"),
        (100_000, "₹1 L"),
        (8_500_000, "₹85 L"),
        (9_999_499, "₹99.99 L"),
        (9_999_500, "₹1 Cr"),
        (12_000_000, "₹1.2 Cr"),
        (12_345_678, "₹1.23 Cr"),
        (100_000_000_000, "₹10,000 Cr"),
    ],
)
def test_an_amount_is_shown_with_at_most_two_decimals(rupees, text):
    assert format_amount(rupees) == text


@given(PRICES)
def test_a_shown_amount_reads_back_within_its_last_shown_digit(rupees):
    unit = CRORE if rupees >= CRORE - 500 else LAKH if rupees >= LAKH else 1
    read = parse_amount(format_amount(rupees))
    assert read is not None
    assert abs(read - rupees) <= unit // 200


@given(st.integers(1, 999_999), st.sampled_from([LAKH, CRORE]))
def test_an_amount_of_whole_hundredths_reads_back_exactly(hundredths, unit):
    rupees = hundredths * unit // 100
    if unit == CRORE and rupees < CRORE:
        rupees += CRORE
    if unit == LAKH and not LAKH <= rupees < CRORE:
        rupees = LAKH
    assert parse_amount(format_amount(rupees)) == rupees


@pytest.mark.parametrize("listing_type", ListingType)
def test_the_ladder_rises_and_every_step_can_be_shown_exactly(listing_type):
    ladder = LADDER[listing_type]
    assert list(ladder) == sorted(set(ladder))
    assert [parse_amount(format_amount(step)) for step in ladder] == list(ladder)
