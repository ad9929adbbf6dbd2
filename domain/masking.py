"""What may be shown of personal data where it is not needed whole: in lists, logs and audit rows."""

SHOWN_DIGITS = 4
FEWEST_HIDDEN = 3


def mask_phone(phone: str | None) -> str | None:
    """The last four digits, by which a colleague recognises a lead: `******1234`; none of a short number."""
    if phone is None:
        return None
    return "******" + (phone[-SHOWN_DIGITS:] if len(phone) >= SHOWN_DIGITS + FEWEST_HIDDEN else "")


def mask_email(email: str | None) -> str | None:
    """The first letter and the domain: `a***@example.com`; nothing of what is no address."""
    if email is None:
        return None
    name, at, domain = email.rpartition("@")
    return f"{name[:1]}***@{domain}" if at else "***"
