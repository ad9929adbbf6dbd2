"""Masking of personal data in lists, logs and audit entries."""

SHOWN_DIGITS = 4
FEWEST_HIDDEN = 3


def mask_phone(phone: str | None) -> str | None:
    """Return `******1234`: four digits to recognize a lead by; a short number is fully masked."""
    if phone is None:
        return None
    return "******" + (phone[-SHOWN_DIGITS:] if len(phone) >= SHOWN_DIGITS + FEWEST_HIDDEN else "")


def mask_email(email: str | None) -> str | None:
    """Return the first letter and the domain: `a***@example.com`; an invalid address is fully masked."""
    if email is None:
        return None
    name, at, domain = email.rpartition("@")
    return f"{name[:1]}***@{domain}" if at else "***"
