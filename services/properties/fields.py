"""Convert between an editor's fields and a row's columns: location, vastu score and light score."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from schemas.api.admin.properties import PropertyFields
from schemas.sectors import LOCALITIES
from schemas.tables import Property
from schemas.vocabulary import ScoreSource
from services.properties.scores import computed

Columns = dict[str, Any]

FIELDS = frozenset(PropertyFields.model_fields)
SCORES = ("vastu", "light")


def fields_of(row: Property) -> Columns:
    """Return the fields that an editor decided, without the sector's centre and computed scores."""
    held = {name: getattr(row, name) for name in PropertyFields.model_fields}
    if row.location_approximate:
        held |= {"latitude": None, "longitude": None}
    return held | {f"{score}_score": None for score in SCORES if not _is_manual(row, score)}


def _is_manual(row: Property, score: str) -> bool:
    return bool(getattr(row, f"{score}_source") == ScoreSource.MANUAL)


def without_derived_values(row: Property, wanted: PropertyFields) -> PropertyFields:
    """Return the fields without derived values that a form only sends back as shown.

    Such a form would otherwise turn a sector's centre into the property's own location, and computed
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
    """Return all columns that follow from an editor's fields."""
    return wanted.model_dump(include=set(FIELDS)) | _place(wanted) | _scores(wanted)


def _place(wanted: PropertyFields) -> Columns:
    """Return the location; a property without coordinates gets its sector's centre, if that is known."""
    fact = LOCALITIES[wanted.locality]
    if wanted.latitude is not None:
        return {"sector": fact.sector, "location_approximate": False}
    return {
        "sector": fact.sector,
        "latitude": fact.latitude,
        "longitude": fact.longitude,
        "location_approximate": fact.latitude is not None,
    }


def _scores(wanted: PropertyFields) -> Columns:
    columns = computed(wanted.model_dump())
    for score in SCORES:
        by_hand = getattr(wanted, f"{score}_score")
        if by_hand is not None:
            columns |= {f"{score}_score": by_hand, f"{score}_source": ScoreSource.MANUAL}
    return columns


def provenance(editor: UUID | None, row: Property | None, wanted: PropertyFields) -> Columns:
    """Return who set a score by hand, and when; an unchanged manual score keeps its values."""
    columns: Columns = {}
    for score in SCORES:
        by_hand = getattr(wanted, f"{score}_score")
        if by_hand is None:
            columns |= {f"{score}_set_by": None, f"{score}_set_at": None}
        elif row is None or not _is_manual(row, score) or getattr(row, f"{score}_score") != by_hand:
            columns |= {f"{score}_set_by": editor, f"{score}_set_at": datetime.now(UTC)}
    return columns
