"""A database that cannot answer leads to 503 with Retry-After, never to 500."""

import psycopg
import pytest
from psycopg import errors, sql
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from schemas.settings import Settings
from server.http.problems import is_outage
from tests.conftest import administer
from tests.factories import home, store
from tests.server.conftest import served
from tests.server.public.test_inquiries import INQUIRIES, form


@pytest.mark.parametrize(
    ("kind", "error", "expected"),
    [
        (InternalError, errors.ReadOnlySqlTransaction, True),
        (InternalError, errors.IdleInTransactionSessionTimeout, True),
        (OperationalError, errors.AdminShutdown, True),
        (DBAPIError, errors.CannotConnectNow, True),
        (DBAPIError, errors.DiskFull, True),
        (OperationalError, errors.TooManyConnections, True),
        (DBAPIError, errors.ConnectionFailure, True),
        (OperationalError, psycopg.OperationalError, True),
        (InternalError, errors.InFailedSqlTransaction, False),
        (ProgrammingError, errors.UndefinedTable, False),
        (DBAPIError, psycopg.DataError, False),
    ],
)
def test_an_outage_is_told_by_what_postgres_calls_it(
    kind: type[DBAPIError], error: type[psycopg.Error], *, expected: bool
):
    assert is_outage(kind("SELECT 1", None, error("of the database"))) == expected


async def test_a_primary_that_only_reads_is_an_outage_and_is_left_as_soon_as_there_is_another(
    settings: Settings, engine: AsyncEngine
):
    """As after a failover: pooled connections still work, but are read-only until they are reopened."""
    [listing] = await store(engine, home())
    database = sql.Identifier(engine.url.database or "")
    turned = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
    async with served(settings, "failover") as api:
        administer(turned.format(database, sql.SQL("on")))
        try:
            with capture_logs() as logs:
                answers = [await api.post(INQUIRIES, form(listing)) for _ in range(2)]
        finally:
            administer(turned.format(database, sql.SQL("off")))
        assert [(answer.status, answer.body["code"]) for answer in answers] == [
            (503, "database_unavailable")
        ] * 2
        told = [(line["error"], line["sqlstate"]) for line in logs if line["event"] == "database_unavailable"]
        assert told == [("InternalError", "25006")] * 2
        assert (await api.post(INQUIRIES, form(listing))).status == 201
