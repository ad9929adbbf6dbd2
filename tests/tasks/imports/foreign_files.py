"""Import files in the shapes of real listing feeds, with made-up rows."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tasks.imports.mapping import Mapping, load_mapping, read_mapping

FLATS = load_mapping("noida_flats")
FLAT_HEADERS = ("", "Area in Sqrt", "No.of Bhk", "Location", "Price")

OWNERS = """
format = "jsonl"
[fields]
external_ref = "ref"
title = "title"
description = "text"
locality = "place"
property_type = "type"
listing_type = "offer"
area = "area"
bhk = "bhk"
price = "price"
latitude = "lat"
longitude = "lon"
"""


def owners(*, without: Iterable[str] = ()) -> Mapping:
    """Return the map of a feed by owners, whose rows have references."""
    kept = [line for line in OWNERS.splitlines() if line.split(" =")[0] not in without]
    return read_mapping("\n".join(kept))


def flat(
    place: str = "Sector 107, Noida", *, area: str = "1625 ", bhk: str = "3 ", price: str = " 1.15 Cr"
) -> tuple[str, ...]:
    return (area, bhk, place, price)


def flats(path: Path, *rows: tuple[str, ...]) -> Path:
    """Write a file like noida_flats.csv: byte order mark, CRLF, and an unnamed column of row numbers."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(FLAT_HEADERS)
        writer.writerows((number, *row) for number, row in enumerate(rows))
    return path


def many_flats(path: Path, count: int) -> Path:
    """Write different flats, with one duplicate and one place outside Noida in every hundred."""
    rows = [
        flat(f"Sector {number % 50 + 1}, Noida", price=f"{4_000_000 + number}") for number in range(count)
    ]
    for number in range(0, count, 100):
        rows[number + 1] = rows[number]
        rows[number + 2] = flat("Sigma 4, Noida", price=f"{number + 1} L")
    return flats(path, *rows)


def offer(ref: str = "A-1", **cells: Any) -> dict[str, Any]:
    return {
        "ref": ref,
        "title": "Garden flat",
        "text": "",
        "place": "Sector 62",
        "type": "apartment",
        "offer": "sale",
        "area": 1500,
        "bhk": 3,
        "price": 12_000_000,
    } | cells


def offers(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
