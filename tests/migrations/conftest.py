"""A database whose schema a test may upgrade and downgrade."""

from collections.abc import Iterator

import pytest
from psycopg import sql

from tests.conftest import administer, database_name, url_of


@pytest.fixture
def scratch_url(worker_id: str) -> Iterator[str]:
    """An empty database for one test."""
    name = database_name(f"{worker_id}_scratch")
    administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield url_of(name)
    administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
