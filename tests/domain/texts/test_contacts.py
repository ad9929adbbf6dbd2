"""Phone numbers and email addresses, as they are entered and searched."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.texts.contacts import EmailSearch, PhoneSearch, WordSearch, read_contact_search
from schemas.api.contacts import UnreadableContact, plain, read_email, read_phone


@pytest.mark.parametrize(
    "written",
    [
        "9812345678", "98123 45678", "098123-45678", "+91 98123 45678", "+91-9812345678", "0091 9812345678",
        "\u202a+91 98123 45678\u202c", "98123\u201345678", "98123\u201145678", "tel:+919812345678",
        "\u206898123\u00a045678\u2069", "TEL: 98123\u200b45678", "\ufeff98123\u221245678",
        "(+91) 98123.45678", "919812345678", " 9812345678 ", "９８１２３４５６７８", "९८१२३४५६७८",
    ],
)  # fmt: skip
def test_an_indian_number_is_one_number_however_it_is_written(written):
    assert read_phone(written) == "+919812345678"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+44 20 7946 0958", "+442079460958"),
        ("+971 50 123 4567", "+971501234567"),
        ("0120 456 7890", "+911204567890"),
    ],
)
def test_numbers_from_elsewhere_and_landlines_are_numbers(written, number):
    assert read_phone(written) == number


@pytest.mark.parametrize(
    "written",
    [
        "",
        "12345",
        "phone",
        "+1 555",
        "0000000000",
        "98123 45678 ext 5",
        "98123456789012",
        "9" * 41,
        "+",
        "\0",
    ],
)
def test_what_cannot_be_dialled_is_refused(written):
    with pytest.raises(UnreadableContact) as refused:
        read_phone(written)
    assert str(refused.value) == ""


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_is_refused(text):
    try:
        number = read_phone(text)
    except UnreadableContact:
        return
    assert phonenumbers.is_valid_number(phonenumbers.parse(number))
    assert read_phone(number) == number


def test_an_address_keeps_its_name_and_gets_a_normal_domain():
    assert read_email("Ravi.Kumar+flat@Example.COM") == "Ravi.Kumar+flat@example.com"


@given(
    before=st.text("\u200b\u200e\u202a\u2068\ufeff \t\u00a0", max_size=3),
    inside=st.sampled_from(["", "\u200b", "\u2060", "\u00ad"]),
    after=st.text("\u200b\u200f\u202c\u2069 \r\n", max_size=3),
)
def test_what_copying_leaves_is_no_part_of_an_address_or_a_number(before, inside, after):
    assert read_email(f"{before}ravi{inside}@example.com{after}") == "ravi@example.com"
    assert read_phone(f"{before}+91 98123{inside}45678{after}") == "+919812345678"
    search = read_contact_search(f"{before}+91 98123{inside}45678{after}")
    assert search == read_contact_search("+91 98123 45678")


def test_joiners_are_spelling_and_stay():
    assert plain(" क्\u200dष ") == "क्\u200dष"


@pytest.mark.parametrize(
    "written",
    ["", "ravi", "ravi@", "@example.com", "a b@example.com", "a@b", "a@x.com\r\nBcc: b@x.com", "a@@x.com"],
)
def test_what_is_no_address_is_refused(written):
    with pytest.raises(UnreadableContact) as refused:
        read_email(written)
    assert str(refused.value) == ""


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_refused(text):
    try:
        address = read_email(text)
    except UnreadableContact:
        return
    assert read_email(address) == address


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Ravi Kumar", WordSearch(("ravi", "kumar"))),
        ("ravi.kumar", WordSearch(("ravi", "kumar"))),
        ("शर्मा", WordSearch(("शर्मा",))),
        ("o'neil-7", WordSearch(("o", "neil", "7"))),
        ("123", WordSearch(("123",))),
        ("!?", WordSearch(())),
        ("Ravi@Exam", EmailSearch("ravi@exam")),
        ("mailto:ravi@exam ", EmailSearch("ravi@exam")),
        ("Jose\u0301", WordSearch(("jos\u00e9",))),
        ("\u202aRavi\u202c", WordSearch(("ravi",))),
        ("tel:09812", PhoneSearch(None, ("+919812", "+9812"), "9812")),
        ("098123 45678", PhoneSearch("+919812345678", ("+919812345678", "+9812345678"), "9812345678")),
        ("45678", PhoneSearch(None, ("+9145678", "+45678"), "45678")),
        ("09812", PhoneSearch(None, ("+919812", "+9812"), "9812")),
        ("+91 9812", PhoneSearch(None, ("+919812",), "919812")),
        ("५६७८", PhoneSearch(None, ("+915678", "+5678"), "5678")),
    ],
)  # fmt: skip
def test_a_search_is_understood(text, meant):
    assert read_contact_search(text) == meant
