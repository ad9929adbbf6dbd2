"""The contract of this application, and the one that is kept beside the code."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.settings import Settings
from server.app import create_app
from server.context import CasaApp
from server.openapi.document import document

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "openapi.json"


@pytest.fixture(scope="session")
def app(settings: Settings) -> CasaApp:
    return create_app(settings, "casabricks-contract")


@pytest.fixture(scope="session")
def contract(app: CasaApp) -> dict[str, Any]:
    """As a client reads it."""
    return json.loads(json.dumps(document(app)))
