"""Rows for tests: every argument has a default, so a test names only what it is about."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.sectors import LOCALITIES
from schemas.tables import Inquiry, Property, PropertyImage, User

Row = dict[str, Any]


def home(title: str = "Garden flat", *, locality: str = "Sector 62", **columns: Any) -> Row:
    """Return a property's columns: an active apartment for sale unless the test overrides them."""
    fact = LOCALITIES[locality]
    return {
        "title": title,
        "locality": locality,
        "sector": fact.sector,
        "latitude": fact.latitude,
        "longitude": fact.longitude,
        "property_type": "apartment",
        "listing_type": "sale",
        "bhk": 3,
        "area_sqft": 1_500,
        "area_basis": "super",
        "price": 12_000_000,
        "state": "active",
    } | columns


def plot(title: str = "Corner plot", **columns: Any) -> Row:
    return home(title, **({"property_type": "plot", "bhk": None} | columns))


def form(**fields: Any) -> Row:
    """Return a property as an admin sends it: the same home as `home()`, required fields only."""
    return {
        "title": "Garden flat",
        "locality": "Sector 62",
        "property_type": "apartment",
        "listing_type": "sale",
        "bhk": 3,
        "area_sqft": 1_500,
        "area_basis": "super",
        "price": 12_000_000,
    } | fields


def picture(property_id: UUID, **columns: Any) -> Row:
    return {
        "property_id": property_id,
        "original_url": "/media/a.webp",
        "thumbnail_url": "/media/a-thumb.webp",
        "width": 800,
        "height": 600,
        "content_hash": "0" * 64,
        "is_primary": True,
    } | columns


async def store(engine: AsyncEngine, *rows: Mapping[str, Any]) -> list[UUID]:
    """Commit property rows; return their ids in the same order."""
    async with engine.begin() as connection:
        return [
            (await connection.execute(insert(Property).values(**row).returning(Property.id))).scalar_one()
            for row in rows
        ]


async def store_pictures(engine: AsyncEngine, *rows: Mapping[str, Any]) -> list[UUID]:
    """Commit pictures; return their ids in the same order."""
    async with engine.begin() as connection:
        return [
            (
                await connection.execute(insert(PropertyImage).values(**row).returning(PropertyImage.id))
            ).scalar_one()
            for row in rows
        ]


async def store_user(engine: AsyncEngine, **columns: Any) -> UUID:
    """Commit an account, an admin by default; its hash matches no password, so it cannot sign in."""
    row = {
        "email": "asha@casabricks.example",
        "full_name": "Asha Rao",
        "hashed_password": "no hash",
        "role": "admin",
    } | columns
    async with engine.begin() as connection:
        return (await connection.execute(insert(User).values(**row).returning(User.id))).scalar_one()


def inquiry(property_id: UUID, **columns: Any) -> Row:
    """Return a lead's columns: by default a new lead whose consent was given just now."""
    return {
        "property_id": property_id,
        "full_name": "Ravi Kumar",
        "phone": "+919812345678",
        "email": "ravi.kumar@example.com",
        "message": "Is it still free?",
        "consent_text_version": "2026-01",
        "consented_at": datetime.now(UTC),
    } | columns


async def store_inquiries(engine: AsyncEngine, *rows: Mapping[str, Any]) -> list[UUID]:
    """Commit leads; return their ids in the same order."""
    async with engine.begin() as connection:
        return [
            (await connection.execute(insert(Inquiry).values(**row).returning(Inquiry.id))).scalar_one()
            for row in rows
        ]
