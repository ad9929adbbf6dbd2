"""Cells that a spreadsheet shows and never runs (OWASP ASVS 1.2.10), and the way back."""

ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\0")
"""What makes a spreadsheet take a cell for a formula."""
GUARD = "'"


def safe_cell(text: str) -> str:
    """The text as a cell; before what could be a formula, and before a guard of its own, stands the guard."""
    return GUARD + text if text.startswith((*ACTIVE, GUARD)) else text


def plain_cell(cell: str) -> str:
    """What `safe_cell` was given; other cells stay as they are."""
    guarded = cell.startswith(GUARD) and cell[1:].startswith((*ACTIVE, GUARD))
    return cell[1:] if guarded else cell
