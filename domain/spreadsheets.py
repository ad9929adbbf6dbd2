"""Sheets that a spreadsheet shows and never runs (OWASP ASVS 1.2.10), and the way back."""

import csv
import io
from collections.abc import Iterable
from typing import Any

BYTE_ORDER_MARK = "\ufeff"
"""Begins a sheet: without it a spreadsheet takes the letters for those of the machine's code page."""

ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a cell for a formula, also in full width."""
GUARD = "'"


def safe_cell(text: str) -> str:
    """The text as a cell; before what could be a formula, and before a guard of its own, stands the guard."""
    return GUARD + text if text.startswith((*ACTIVE, GUARD)) else text


def plain_cell(cell: str) -> str:
    """What `safe_cell` was given; other cells stay as they are."""
    guarded = cell.startswith(GUARD) and cell[1:].startswith((*ACTIVE, GUARD))
    return cell[1:] if guarded else cell


def lines_of(rows: Iterable[Iterable[Any]]) -> str:
    """Rows as CSV: texts guarded, numbers as they are, nothing for None."""
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows(map(_cell, row) for row in rows)
    return sheet.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return safe_cell(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value
