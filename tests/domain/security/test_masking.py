"""Masking of personal data in lists, logs and audit rows."""

import pytest

from domain.security.masking import mask_email, mask_phone


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("+919812345678", "******5678"),
        ("+123456", "******3456"),
        ("12345", "******"),
        ("", "******"),
        (None, None),
    ],
)
def test_of_a_phone_number_the_end_is_shown(phone, shown):
    assert mask_phone(phone) == shown


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("asha@example.com", "a***@example.com"),
        ("a@example.com", "a***@example.com"),
        ('"a@b"@example.com', '"***@example.com'),
        ("asha", "***"),
        ("", "***"),
        (None, None),
    ],
)
def test_of_an_address_the_first_letter_and_the_domain_are_shown(email, shown):
    assert mask_email(email) == shown
