"""The feed of property changes for clients that keep a copy: late commits, deletions, restored dumps."""

import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.security.cursors import write_cursor
from schemas.tables import Property
from services.properties.changes import HISTORY
from tests.factories import home, picture, store, store_pictures
from tests.server.conftest import Api
from tests.waiting import until

CHANGES = "/api/v1/admin/properties/changes"
UNHURRIED = text("SET LOCAL idle_in_transaction_session_timeout = 0")


@dataclass
class Reader:
    """A client that keeps a copy of the price of every property that is not deleted."""

    admin: Api
    page_size: int = 100
    cursor: str | None = None
    copy: dict[str, int] = field(default_factory=dict)

    async def next_page(self) -> Any:
        """Read one page and apply it to the copy."""
        query = {"page_size": self.page_size} | ({} if self.cursor is None else {"cursor": self.cursor})
        answer = await self.admin.get(CHANGES, **query)
        assert answer.status == 200, answer.body
        for item in answer.body["items"]:
            self.copy.pop(item["id"], None)
            if not item["deleted"]:
                self.copy[item["id"]] = item["property"]["price"]
        self.cursor = answer.body["next_cursor"]
        return answer.body

    async def catch_up(self) -> list[str]:
        """Read all pages available now; return the ids in order."""
        told = []
        while True:
            page = await self.next_page()
            told += [item["id"] for item in page["items"]]
            if not page["has_more"]:
                return told

    async def told(self, *ids: UUID) -> list[str]:
        """Read until these ids have come; an open transaction elsewhere on the server may delay them."""
        told: list[str] = []

        async def all_of_them() -> bool:
            told.extend(await self.catch_up())
            return {str(each) for each in ids} <= set(told)

        await until(all_of_them, lambda: f"{ids} among {told}")
        return told


@pytest.fixture
def reader(admin: Api) -> Reader:
    return Reader(admin)


@asynccontextmanager
async def an_editor(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection whose transaction the test commits or rolls back."""
    async with engine.connect() as connection:
        await connection.execute(UNHURRIED)
        # Assign the transaction id now, so that it is older than those of transactions that begin later.
        await connection.execute(text("SELECT pg_current_xact_id()"))
        yield connection


async def reprice(connection: AsyncConnection, property_id: UUID, price: int) -> None:
    await connection.execute(update(Property).where(Property.id == property_id).values(price=price))


async def run(engine: AsyncEngine, statement: str, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


def texts(ids: Iterable[UUID]) -> list[str]:
    return [str(each) for each in ids]


async def test_without_a_cursor_every_property_is_told_page_by_page(reader: Reader, engine: AsyncEngine):
    ids = await store(engine, *(home(price=10_000_000 + n, state="draft") for n in range(7)))
    await reader.told(*ids)
    small = Reader(reader.admin, page_size=3)
    pages = [await small.next_page() for _ in range(3)]
    assert [(len(page["items"]), page["has_more"]) for page in pages] == [(3, True), (3, True), (1, False)]
    assert [item["id"] for page in pages for item in page["items"]] == texts(ids)
    assert small.copy == dict(zip(texts(ids), range(10_000_000, 10_000_007), strict=True))


async def test_a_property_is_told_as_its_own_page_shows_it(reader: Reader, engine: AsyncEngine):
    [property_id] = await store(engine, home(bhk=2.5))
    await store_pictures(engine, picture(property_id))
    await reader.told(property_id)
    page = await Reader(reader.admin).next_page()
    whole = await reader.admin.get(f"/api/v1/admin/properties/{property_id}")
    assert page["items"] == [{"id": str(property_id), "deleted": False, "property": whole.body}]
    assert len(whole.body["images"]) == 1


async def test_only_what_changed_since_is_told(reader: Reader, engine: AsyncEngine):
    first, second, third = await store(engine, home(), home(), home())
    await reader.told(first, second, third)
    assert await reader.catch_up() == []
    path = f"/api/v1/admin/properties/{second}"
    assert (await reader.admin.patch(path, {"price": 9_000_000}, if_match="*")).status == 200
    await run(engine, "UPDATE properties SET view_count = view_count + 1 WHERE id = :id", id=first)
    await store_pictures(engine, picture(third))
    assert await reader.told(second, third) == texts([second, third])
    assert reader.copy[str(second)] == 9_000_000


async def test_a_deletion_is_told_and_so_is_the_way_back(reader: Reader, engine: AsyncEngine):
    [property_id] = await store(engine, home())
    path = f"/api/v1/admin/properties/{property_id}"
    await reader.told(property_id)
    await reader.admin.delete(path, if_match="*")
    await reader.told(property_id)
    assert reader.copy == {}
    await reader.admin.patch(f"{path}/status", {"state": "active"}, if_match="*")
    await reader.told(property_id)
    assert list(reader.copy) == [str(property_id)]


async def test_what_is_gone_for_good_is_told_too(reader: Reader, engine: AsyncEngine):
    kept, gone = await store(engine, home(), home())
    await reader.told(kept, gone)
    await run(engine, "DELETE FROM properties WHERE id = :id", id=gone)
    await reader.told(gone)
    assert list(reader.copy) == [str(kept)]
    page = await Reader(reader.admin).next_page()
    assert page["items"][-1] == {"id": str(gone), "deleted": True, "property": None}


async def test_a_property_that_comes_back_under_its_id_is_there_again(reader: Reader, engine: AsyncEngine):
    [property_id] = await store(engine, home())
    await run(engine, "DELETE FROM properties")
    await reader.told(property_id)
    await store(engine, home(id=property_id, price=8_000_000))
    await reader.told(property_id)
    assert reader.copy == {str(property_id): 8_000_000}


async def test_a_transaction_that_began_first_and_commits_last_is_not_skipped(
    reader: Reader, engine: AsyncEngine
):
    slow, quick = await store(engine, home(), home())
    await reader.told(slow, quick)
    async with an_editor(engine) as editor:
        await reprice(editor, slow, 9_000_000)
        path = f"/api/v1/admin/properties/{quick}"
        assert (await reader.admin.patch(path, {"price": 8_000_000}, if_match="*")).status == 200
        meanwhile = await reader.catch_up()
        await editor.commit()
    assert meanwhile == []
    assert await reader.told(slow, quick) == texts([slow, quick])
    assert (reader.copy[str(slow)], reader.copy[str(quick)]) == (9_000_000, 8_000_000)


async def test_a_transaction_may_write_last_too_and_behind_a_savepoint(reader: Reader, engine: AsyncEngine):
    """Its transaction id is older than those of everything committed before it wrote."""
    slow, quick = await store(engine, home(), home())
    await reader.told(slow, quick)
    async with an_editor(engine) as editor:
        await run(engine, "UPDATE properties SET price = 8000000 WHERE id = :id", id=quick)
        await reader.catch_up()
        async with editor.begin_nested():
            await reprice(editor, slow, 9_000_000)
        await reader.catch_up()
        await editor.commit()
    await reader.told(slow)
    assert reader.copy == {str(slow): 9_000_000, str(quick): 8_000_000}


async def test_of_two_who_change_one_property_the_last_counts(reader: Reader, engine: AsyncEngine):
    """The first to begin writes after the second has committed, so the row's transaction id decreases."""
    [property_id] = await store(engine, home())
    await reader.told(property_id)
    async with an_editor(engine) as editor:
        await run(engine, "UPDATE properties SET price = 8000000")
        await reader.catch_up()
        await reprice(editor, property_id, 9_000_000)
        await reader.catch_up()
        await editor.commit()
    await reader.told(property_id)
    assert reader.copy == {str(property_id): 9_000_000}


async def test_a_restored_dump_is_told_from_the_beginning_and_goes_on(reader: Reader, engine: AsyncEngine):
    """It contains transaction ids that this server has not reached yet."""
    ids = await store(engine, home(), home())
    await run(engine, "UPDATE property_changes SET changed_in = changed_in + 1000000000")
    await reader.told(*ids)
    await run(engine, "UPDATE properties SET price = 8000000 WHERE id = :id", id=ids[0])
    assert await reader.told(ids[0]) == [str(ids[0])]


@pytest.mark.parametrize("cursor", ["x", "é", "A" * 80])
async def test_what_is_no_cursor_is_refused(admin: Api, cursor: str):
    answer = await admin.get(CHANGES, cursor=cursor)
    assert (answer.status, answer.wrong_fields()) == (400, {"#/cursor": "cursor"})


async def test_a_cursor_of_another_history_is_refused(admin: Api, api: Api):
    """After a failover, a standby may lack changes that the client has read."""
    assert api.context is not None
    keys = api.context.keys_for("cursor")
    cursor = write_cursor([7, str(uuid4())], {"changes": "7001.1"}, keys)
    answer = await admin.get(CHANGES, cursor=cursor)
    assert (answer.status, answer.wrong_fields()) == (400, {"#/cursor": "cursor"})


async def test_no_privilege_is_needed_to_tell_histories_apart(engine: AsyncEngine):
    async with engine.connect() as connection:
        await connection.execute(text("SET LOCAL ROLE pg_read_all_data"))
        assert await connection.scalar(HISTORY)


async def test_where_there_is_nothing_there_is_a_cursor_for_later(reader: Reader, engine: AsyncEngine):
    page = await reader.next_page()
    assert (page["items"], page["has_more"]) == ([], False)
    [property_id] = await store(engine, home())
    assert await reader.told(property_id) == [str(property_id)]


@dataclass
class Editor:
    """Changes properties in transactions of any length and tracks what its commit will change."""

    connection: AsyncConnection
    open: bool = False
    wrote: dict[UUID, int | None] = field(default_factory=dict)
    """Prices by id; None for a property deleted for good."""

    async def write(self, property_id: UUID, price: int | None, *, is_new: bool = False) -> None:
        if is_new:
            await self.connection.execute(insert(Property).values(**home(id=property_id, price=price)))
        elif price is None:
            await self.connection.execute(delete(Property).where(Property.id == property_id))
        else:
            await reprice(self.connection, property_id, price)
        self.wrote[property_id] = price


@dataclass
class Walk:
    """A random sequence of steps by editors and a reader, with the expected final state."""

    draw: random.Random
    reader: Reader
    editors: list[Editor]
    committed: dict[UUID, int] = field(default_factory=dict)

    async def step(self) -> None:
        editor = self.draw.choice(self.editors)
        if self.draw.random() < 0.25:
            await self._read()
        elif not editor.open:
            editor.open = True
            await editor.connection.execute(UNHURRIED)
            if self.draw.random() < 0.5:
                await editor.connection.execute(text("SELECT pg_current_xact_id()"))
        elif self.draw.random() < 0.3:
            await self.end(editor, commits=self.draw.random() < 0.8)
        else:
            await self._write(editor)

    async def _write(self, editor: Editor) -> None:
        price = self.draw.randrange(1_000_000, 90_000_000)
        locked = {key for other in self.editors if other is not editor for key in other.wrote}
        free = sorted((self.committed.keys() | {k for k, v in editor.wrote.items() if v}) - locked)
        free = [key for key in free if editor.wrote.get(key, price) is not None]
        kind = self.draw.choice(["new", "new", "edit", "edit", "edit", "gone", "in vain"])
        if kind == "new" or not free:
            await editor.write(UUID(int=self.draw.getrandbits(128)), price, is_new=True)
        elif kind == "in vain":
            async with editor.connection.begin_nested() as savepoint:
                await reprice(editor.connection, self.draw.choice(free), price)
                await savepoint.rollback()
        elif kind == "gone":
            await editor.write(self.draw.choice(free), None)
        else:
            async with editor.connection.begin_nested():
                await editor.write(self.draw.choice(free), price)

    async def end(self, editor: Editor, *, commits: bool) -> None:
        await (editor.connection.commit() if commits else editor.connection.rollback())
        if commits:
            known = self.committed | editor.wrote
            self.committed = {key: price for key, price in known.items() if price is not None}
        editor.open, editor.wrote = False, {}

    async def _read(self) -> None:
        """Read one page; every item on it must be the latest committed state."""
        self.reader.page_size = self.draw.randint(1, 4)
        page = await self.reader.next_page()
        told = {item["id"]: item["property"] and item["property"]["price"] for item in page["items"]}
        assert told == {key: self.committed.get(UUID(key)) for key in told}

    async def is_told(self) -> bool:
        await self.reader.catch_up()
        return self.reader.copy == {str(key): price for key, price in self.committed.items()}


@pytest.mark.parametrize("seed", range(12))
async def test_a_reader_knows_everything_in_the_end_whoever_edits_meanwhile(
    reader: Reader, engine: AsyncEngine, seed: int
):
    draw = random.Random(seed)
    async with engine.connect() as one, engine.connect() as two, engine.connect() as three:
        walk = Walk(draw, reader, [Editor(one), Editor(two), Editor(three)])
        for _ in range(120):
            await walk.step()
        for editor in walk.editors:
            await walk.end(editor, commits=True)
    assert walk.committed
    await until(walk.is_told, lambda: f"{reader.copy} is not {walk.committed}")
