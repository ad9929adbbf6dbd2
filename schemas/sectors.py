"""The sectors of Noida: number, the name that visitors use, and the centre where it is known."""

import csv
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class SectorFact:
    sector: str
    """Number and suffix, such as `62` or `93A`."""
    locality: str
    """`Sector 62`."""
    latitude: float | None
    longitude: float | None


def _read() -> tuple[SectorFact, ...]:
    text = files("schemas").joinpath("data/sectors.csv").read_text()
    return tuple(
        SectorFact(row["sector"], row["locality"], _number(row["latitude"]), _number(row["longitude"]))
        for row in csv.DictReader(text.splitlines())
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


SECTORS: tuple[SectorFact, ...] = _read()
LOCALITIES: dict[str, SectorFact] = {fact.locality: fact for fact in SECTORS}
"""Sectors by the locality name that listings carry and searches use."""
