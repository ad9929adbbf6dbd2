"""What may be shown of personal data where it is not needed whole: in lists, logs and audit rows."""


def mask_phone(phone: str | None) -> str | None:
    """The last four digits, by which a colleague recognises a lead: `******1234`."""
    return None if phone is None else "******" + phone[-4:]


def mask_email(email: str | None) -> str | None:
    """The first letter and the domain: `a***@example.com`."""
    if email is None:
        return None
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}***@{domain}"
