"""CSV cells that a spreadsheet shows but never executes (OWASP ASVS 1.2.10), and their reversal."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

BYTE_ORDER_MARK = "\ufeff"
"""Starts a sheet; without it, a spreadsheet decodes the text with the machine's code page."""

ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")
"""Characters at the start of a cell that make it a formula, including full-width ones."""
GUARD = "'"


def safe_cell(text: str) -> str:
    """Prefix cells that look like formulas, or start with the guard, with the guard."""
    return GUARD + text if text.startswith((*ACTIVE, GUARD)) else text


def plain_cell(cell: str) -> str:
    """Reverse `safe_cell`; other cells stay as they are."""
    guarded = cell.startswith(GUARD) and cell[1:].startswith((*ACTIVE, GUARD))
    return cell[1:] if guarded else cell


def lines_of(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as CSV: texts guarded, times as in all other answers, None as an empty cell."""
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows(map(_cell, row) for row in rows)
    return sheet.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return safe_cell(value)
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return int(value) if isinstance(value, float) and value.is_integer() else value
