"""The database is restored from a backup beside a running API: the API reports it, one command repairs it."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from opensearchpy import AsyncOpenSearch
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncEngine

from embedded.servers.wheels import POSTGRES
from indexer.changes import revisions
from indexer.lifecycle.reindex import reindex
from indexer.status import read_status
from schemas.settings import Settings
from stores.database import open_database
from tests.conftest import administer, database_name, url_of
from tests.factories import home, store, store_user
from tests.indexer.agreement import agree, plain_sql, titles
from tests.indexer.commands import Answered, command, quietly
from tests.indexer.conftest import indexing
from tests.server.conftest import Api, served
from tests.waiting import until

PROPERTIES = "/api/v1/admin/properties"
WELL = {"ready": True, "degraded": [], "details": []}
BACKUP_PRICE, LATER_PRICE = 10_000_000, 14_000_000


def postgres(program: str, *arguments: str) -> None:
    subprocess.run([POSTGRES / "bin" / program, *arguments], check=True, capture_output=True)


@dataclass(frozen=True)
class Portal:
    settings: Settings
    engine: AsyncEngine
    api: Api
    admin: Api
    edited: UUID
    erased: UUID
    dump: Path

    async def back_up(self) -> None:
        arguments = ("--format=custom", f"--file={self.dump}", self.settings.database_url)
        await asyncio.to_thread(postgres, "pg_dump", *arguments)

    async def restore(self) -> None:
        arguments = (
            "--clean",
            "--if-exists",
            "--single-transaction",
            f"--dbname={self.settings.database_url}",
        )
        await asyncio.to_thread(postgres, "pg_restore", *arguments, str(self.dump))

    async def price(self, price: int, *, wait_s: int = 10) -> Any:
        """Change the price of the edited listing; return the response body."""
        at = f"{PROPERTIES}/{self.edited}"
        tag = (await self.admin.get(at)).headers["etag"]
        answer = await self.admin.patch(f"{at}?wait={wait_s}", {"price": price}, if_match=tag)
        assert answer.status == 200, answer.body
        return answer.body

    async def indexer(self, *arguments: str) -> Answered:
        environment = os.environ | {
            "DATABASE_URL": self.settings.database_url,
            "REDIS_URL": self.settings.redis_url,
            "INDEX_ALIAS": self.settings.index_alias,
        }
        return await asyncio.to_thread(command(environment), *arguments)

    async def is_up_to_date(self) -> bool:
        answer = await self.admin.post(f"{PROPERTIES}/{self.edited}/visibility", {})
        return bool(answer.body["index"]["up_to_date"])

    async def found(self) -> dict[str, int]:
        """Return prices by title, as a visitor finds them."""
        return {each["title"]: each["price"] for each in (await self.api.guided())["items"]}


@pytest.fixture
def own_settings(settings: Settings, worker_id: str) -> Iterator[Settings]:
    """A database and an index alias that no other test uses."""
    name = database_name(f"{worker_id}_restored")
    administer(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(database_name("template"))
        )
    )
    alias = f"{settings.index_alias}_restored"
    yield settings.model_copy(update={"database_url": url_of(name), "index_alias": alias})
    administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
async def portal(own_settings: Settings, search: AsyncOpenSearch, tmp_path: Path) -> AsyncIterator[Portal]:
    engine = open_database(own_settings)
    edited, erased = await store(engine, home("Edited", price=BACKUP_PRICE), home("Erased", price=9_000_000))
    user = await store_user(engine)
    await reindex(engine, search, own_settings, progress=quietly)
    async with served(own_settings, "casabricks-restored") as api:
        admin = api.signed_in(user, own_settings)
        yield Portal(own_settings, engine, api, admin, edited, erased, tmp_path / "backup")
    await engine.dispose()
    await search.indices.delete(index=f"{own_settings.index_alias}-*")


async def live_on(portal: Portal, search: AsyncOpenSearch) -> None:
    """Make changes after the backup; they are in the index when the database is restored."""
    async with indexing(portal.settings):
        for price in (11_000_000, 12_000_000, LATER_PRICE):
            assert (await portal.price(price))["searchable"] is True
        await plain_sql(portal.engine, "DELETE FROM properties WHERE title = 'Erased'")
        await store(portal.engine, home("New"))

        async def shown() -> bool:
            return await titles(search, portal.settings.index_alias) == {"Edited", "New"}

        await until(shown, "the index shows what is new")


async def test_after_a_restore_nothing_claims_to_be_level_until_one_command_has_mended_it(
    portal: Portal, search: AsyncOpenSearch
):
    await portal.back_up()
    assert (await portal.api.get("/readyz")).body == WELL
    await live_on(portal, search)
    await portal.restore()

    ready, health = await portal.api.get("/readyz"), await portal.api.get("/health")
    assert (ready.status, ready.body["ready"], ready.body["degraded"]) == (200, True, ["opensearch"])
    [sentence] = ready.body["details"]
    assert sentence.startswith("The index is ahead of the database, at revision ")
    assert sentence.endswith("Run `indexer verify --repair`.")
    assert health.body["dependencies"]["opensearch"]["state"] == "ahead"

    async with indexing(portal.settings):
        edited = await portal.price(BACKUP_PRICE + 1, wait_s=1)
        assert (edited["searchable"], await portal.is_up_to_date()) == (False, False)
        [problem] = (await read_status(portal.engine, search, portal.settings)).problems
        assert problem.startswith("The index is ahead of the database, at revision ")
        verified = await portal.indexer("verify")
        assert (verified.code, verified.facts["left"]) == (
            1,
            {"missing": 0, "orphan": 1, "stale": 0, "ahead": 2, "different": 0},
        )
        assert verified.facts["restored"]["index"] > verified.facts["restored"]["database"]

        repaired = await portal.indexer("verify", "--repair")
        assert (repaired.code, sum(repaired.facts["left"].values())) == (0, 0)
        assert (await portal.api.get("/readyz")).body == WELL
        assert (await read_status(portal.engine, search, portal.settings)).problems == []
        assert await portal.is_up_to_date()
        assert await portal.found() == {"Edited": BACKUP_PRICE + 1, "Erased": 9_000_000}
        assert (await portal.price(15_000_000))["searchable"] is True
        await agree(portal.engine, search, portal.settings.index_alias)


async def test_a_restore_is_not_forgotten_when_later_writes_pass_the_index(
    portal: Portal, search: AsyncOpenSearch
):
    await portal.back_up()
    await live_on(portal, search)
    await portal.restore()
    async with indexing(portal.settings):
        alias = portal.settings.index_alias
        await until(lambda: revisions.read_restore_note(portal.engine, alias), "the indexer has noted it")
        for _ in range(20):
            await plain_sql(portal.engine, "UPDATE properties SET price = price + 1 WHERE title = 'Erased'")
        assert await portal.is_up_to_date() is False
        ready = (await portal.api.get("/readyz")).body
        assert (ready["degraded"], len(ready["details"])) == (["opensearch"], 1)
        assert (await portal.indexer("verify", "--repair")).code == 0
        assert (await portal.api.get("/readyz")).body == WELL
        assert (await portal.found())["Edited"] == BACKUP_PRICE
    await agree(portal.engine, search, portal.settings.index_alias)


async def test_a_reindex_mends_it_too(portal: Portal, search: AsyncOpenSearch):
    await portal.back_up()
    await live_on(portal, search)
    await portal.restore()
    assert (await portal.indexer("reindex")).code == 0
    assert (await portal.api.get("/readyz")).body == WELL
    assert await portal.found() == {"Edited": BACKUP_PRICE, "Erased": 9_000_000}
    await agree(portal.engine, search, portal.settings.index_alias)
