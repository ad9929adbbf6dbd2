"""Importing an export changes nothing, for every property that the admin API accepts."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from schemas import bounds
from schemas.api.admin.properties import NewProperty
from schemas.errors import Conflict, InvalidRequest
from schemas.sectors import LOCALITIES
from schemas.tables.properties import DIRECTIONS
from schemas.vocabulary import AreaBasis, Direction, Furnishing, ListingType, Possession, PropertyType
from services.audit import Actor
from services.properties.export import ExportRequest, export_properties
from services.properties.writes import create
from tasks.imports.job import run_import
from tasks.imports.mapping import load_mapping
from tests.conftest import empty

NASTY = st.sampled_from([
    "Vasundhara Residency", "Sector 62 RWA", "New Delhi Towers", "Omega 1 Towers", "Kasna Villas",
    "REF-9,", ";", "'", "'=1", "=1", "＝1", "-1", "+91", "@x", "\t=1", '"', '""', 'a"b,\n', "#REF!", "NaN",
    "Owner\u0092s flat", "Tower A\u000bPhase 2", "\x1a", "\ufeffx", "\u200b", "sep=;", "1.0", "1,20,000",
    "ATS  Pristine", "ats pristine", "पहाड़ी", "e\u0301", "\r\n", "\u2028x", "id:", "True", "null", "9E+10",
])  # fmt: skip
SIGNS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def texts(longest: int) -> Any:
    return (NASTY | SIGNS | st.lists(NASTY | SIGNS, max_size=5).map("".join)).map(lambda said: said[:longest])


def numbers(ends: bounds.Bounds[int]) -> Any:
    return st.integers(ends.least, ends.most) | st.sampled_from(ends)


def degrees(ends: bounds.Bounds[float]) -> Any:
    return st.floats(ends.least, ends.most)


FORMS = st.fixed_dictionaries(
    {
        "title": texts(bounds.LONGEST_TITLE),
        "locality": st.sampled_from(sorted(LOCALITIES)),
        "property_type": st.sampled_from(PropertyType),
        "listing_type": st.sampled_from(ListingType),
        "area_sqft": numbers(bounds.AREA_SQFT),
        "area_basis": st.sampled_from(AreaBasis),
        "price": numbers(bounds.PRICE),
    },
    optional={
        "external_ref": texts(bounds.LONGEST_REFERENCE),
        "description": texts(bounds.LONGEST_DESCRIPTION)
        | st.integers(0, bounds.LONGEST_DESCRIPTION).map(lambda lines: "\n" * lines)
        | st.just('ab\n"=,' * (bounds.LONGEST_DESCRIPTION // 6)),
        "society": texts(bounds.LONGEST_SOCIETY),
        "latitude": degrees(bounds.LATITUDE),
        "longitude": degrees(bounds.LONGITUDE),
        "bhk": st.integers(1, 40).map(lambda halves: halves / 2),
        "bathrooms": numbers(bounds.ROOMS),
        "balconies": numbers(bounds.ROOMS),
        "furnishing_status": st.sampled_from(Furnishing),
        "floor_number": numbers(bounds.FLOOR_NUMBER),
        "total_floors": numbers(bounds.TOTAL_FLOORS),
        "age_years": numbers(bounds.AGE_YEARS),
        "possession_status": st.sampled_from(Possession),
        "open_sides": numbers(bounds.OPEN_SIDES),
        "vastu_score": numbers(bounds.SCORE),
        **{direction: st.sampled_from(Direction) for direction in DIRECTIONS},
    },
)


def accepted(form: dict[str, Any]) -> NewProperty | None:
    try:
        return NewProperty.model_validate_json(json.dumps(form), strict=True)
    except ValidationError:
        return None


@pytest.fixture
async def shop(engine: AsyncEngine, tmp_path: Path):
    """The database and an export file, for each example."""
    return engine, tmp_path / "export.csv"


async def stored(engine: AsyncEngine, forms: list[dict[str, Any]]) -> int:
    """Create properties as the API does; return how many were accepted."""
    count = 0
    for new in filter(None, map(accepted, forms)):
        async with AsyncSession(engine) as session, session.begin():
            try:
                await create(session, Actor(None, "a test"), new)
                count += 1
            except (Conflict, InvalidRequest):
                pass  # a duplicate reference, or one reserved for exports
    return count


async def rows(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text("SELECT to_jsonb(p) FROM properties p ORDER BY p.id")))


@settings(max_examples=60, suppress_health_check=[*HealthCheck])
@given(forms=st.lists(FORMS, min_size=1, max_size=12))
async def test_an_export_that_comes_back_changes_nothing(shop: tuple[AsyncEngine, Path], forms: list[Any]):
    engine, file = shop
    await empty(engine)
    count = await stored(engine, forms)
    before = await rows(engine)
    pieces = [piece async for piece in export_properties(engine, ExportRequest())]
    file.write_text("".join(pieces), encoding="utf-8", newline="")
    report = await run_import(engine, file, load_mapping("casabricks"))
    issues = [issue for issue in report.issues if issue.code != "implausible_price"]
    assert (report.created, report.updated, report.unchanged, report.rejected, issues) == (0, 0, count, 0, [])
    assert await rows(engine) == before
