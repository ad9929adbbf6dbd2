"""Between what an editor decides and a row's columns: the place, the vastu score and the light score."""

from typing import Any

from domain.light import light_score
from domain.vastu import vastu_score
from schemas.api.admin_properties import PropertyFields
from schemas.sectors import LOCALITIES
from schemas.tables import Property
from schemas.vocabulary import ScoreSource

Columns = dict[str, Any]

FIELDS = frozenset(PropertyFields.model_fields)
SCORES = ("vastu", "light")


def fields_of(row: Property) -> Columns:
    """What an editor decided: not the sector's centre, and no score that we computed."""
    held = {name: getattr(row, name) for name in PropertyFields.model_fields}
    if row.location_approximate:
        held |= {"latitude": None, "longitude": None}
    return held | {f"{score}_score": None for score in SCORES if not _by_hand(row, score)}


def _by_hand(row: Property, score: str) -> bool:
    return bool(getattr(row, f"{score}_source") == ScoreSource.MANUAL)


def decided(row: Property, wanted: PropertyFields) -> PropertyFields:
    """The fields without what a form only sends back as it was shown.

    Such a form would otherwise turn a sector's centre into the property's own place, and computed
    scores into manual ones.
    """
    held = fields_of(row)
    followed: tuple[tuple[str, ...], ...] = (("latitude", "longitude"), ("vastu_score",), ("light_score",))
    shown = {
        name: None
        for names in followed
        if all(held[name] is None and getattr(wanted, name) == getattr(row, name) for name in names)
        for name in names
    }
    return wanted.model_copy(update=shown)


def is_changed(row: Property, wanted: PropertyFields) -> bool:
    held = fields_of(row)
    return any(getattr(wanted, name) != value for name, value in held.items())


def columns_of(wanted: PropertyFields) -> Columns:
    """All columns that follow from what an editor decided."""
    return wanted.model_dump(include=set(FIELDS)) | _place(wanted) | _vastu(wanted) | _light(wanted)


def _place(wanted: PropertyFields) -> Columns:
    """Without coordinates of its own a property lies at its sector's centre, where that is known."""
    fact = LOCALITIES[wanted.locality]
    if wanted.latitude is not None:
        return {"sector": fact.sector, "location_approximate": False}
    return {
        "sector": fact.sector,
        "latitude": fact.latitude,
        "longitude": fact.longitude,
        "location_approximate": fact.latitude is not None,
    }


def _vastu(wanted: PropertyFields) -> Columns:
    found = vastu_score(
        facing=wanted.facing_direction,
        entrance=wanted.entrance_direction,
        kitchen=wanted.kitchen_direction,
        master_bedroom=wanted.master_bedroom_direction,
        pooja=wanted.pooja_direction,
        toilet=wanted.toilet_direction,
    )
    return _score("vastu", wanted.vastu_score, found.score, found.coverage)


def _light(wanted: PropertyFields) -> Columns:
    found = light_score(
        open_sides=wanted.open_sides,
        balcony_direction=wanted.balcony_direction,
        floor_number=wanted.floor_number,
        total_floors=wanted.total_floors,
    )
    return _score("light", wanted.light_score, found.score, found.coverage)


def _score(name: str, by_hand: int | None, computed: int | None, coverage: int) -> Columns:
    return {
        f"{name}_score": computed if by_hand is None else by_hand,
        f"{name}_coverage": coverage,
        f"{name}_source": ScoreSource.COMPUTED if by_hand is None else ScoreSource.MANUAL,
    }
