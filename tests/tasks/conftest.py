"""Databases for tests about locks."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from stores.database import open_database


@pytest.fixture
async def impatient(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """A worker's database with a lock timeout of 50 ms instead of two seconds."""
    engine = open_database(settings.model_copy(update={"database_lock_timeout_s": 0.05}))
    yield engine
    await engine.dispose()
