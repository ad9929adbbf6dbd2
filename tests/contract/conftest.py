"""The contract that the application generates, and the one stored in the repository."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from schemas.settings import Settings
from server.app import create_app
from server.context import CasaApp
from server.openapi.document import document
from tests.server.conftest import Api, live, served
from tests.server.explore.conftest import browser

__all__ = ["browser", "live"]  # fixtures that pytest finds here

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "openapi.json"
Document = dict[str, Any]


@pytest.fixture(scope="session")
def app(settings: Settings) -> CasaApp:
    return create_app(settings, "casabricks-contract")


@pytest.fixture(scope="session")
async def api(settings: Settings) -> AsyncIterator[Api]:
    async with served(settings, name="casabricks-under-contract") as api:
        yield api


@pytest.fixture(scope="session")
def contract(app: CasaApp) -> Document:
    """The contract after a round trip through JSON, as a client reads it."""
    return json.loads(json.dumps(document(app)))
