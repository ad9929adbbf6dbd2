"""Any sequence of changes, drains, kills, late or repeated writes, reindexes and rollbacks ends in agreement.

Both stores are real, with a handful of rows. A fake engine would be faster, but it would share this
project's assumptions about external versions, including wrong ones.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import UUID

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from opensearchpy.exceptions import NotFoundError
from sqlalchemy import delete, update

from indexer.changes.drain import drain_all, drain_once
from indexer.lifecycle import generations
from indexer.lifecycle.generations import Refused
from indexer.lifecycle.reindex import reindex
from indexer.lifecycle.rollback import rollback
from schemas.settings import Settings
from schemas.tables import Property
from stores.database import open_database
from tests.conftest import empty
from tests.factories import home, store
from tests.faults.harness.comparison import Held, differences, documents
from tests.faults.harness.wire import Bulk, Kill, Killed, open_wire
from tests.faults.harness.writers import STATES

Result = TypeVar("Result")
KILLS = st.none() | st.builds(Kill, st.integers(1, 4), st.booleans())
LATER_KILLS = st.none() | st.builds(Kill, st.integers(1, 25), st.booleans())
PRICES = st.integers(1_000_000, 90_000_000)


class Indexing(RuleBasedStateMachine):
    """The actions of an operator, editors and several indexers; `model` holds the expected rows."""

    settings: Settings
    rows = Bundle("rows")
    late = Bundle("late")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.engine = open_database(self.settings)
        self.search = open_wire(self.settings)
        self.model: dict[UUID, dict[str, Any]] = {}
        self.seen: dict[str, dict[str, Held]] = {}
        """Index -> its documents at the last check."""

    @property
    def alias(self) -> str:
        return self.settings.index_alias

    def wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    def live(self, work: Coroutine[Any, Any, Any], kill: Kill | None) -> bool:
        """Run the work as a process that may be killed; return whether it finished."""
        self.search.transport.live_until(kill)
        try:
            self.wait(work)
        except (Killed, BaseExceptionGroup) as end:
            if not is_killed(end):
                raise
            return False
        finally:
            self.search.transport.live_until(None)
        return True

    @initialize()
    def begin(self) -> None:
        self.wait(self.reindex())

    @rule(target=rows, price=PRICES)
    def create(self, price: int) -> UUID:
        [key] = self.wait(store(self.engine, home(price=price)))
        self.model[key] = {"price": price, "state": "active"}
        return key

    @rule(key=rows, price=PRICES)
    def change(self, key: UUID, price: int) -> None:
        self.edit(key, price=price)

    @rule(key=rows, state=st.sampled_from(STATES))
    def move(self, key: UUID, state: str) -> None:
        self.edit(key, state=state)

    @rule(key=consumes(rows))
    def erase(self, key: UUID) -> None:
        self.wait(self.execute(delete(Property).where(Property.id == key)))
        del self.model[key]

    @rule(target=late, limit=st.integers(1, 3), kill=KILLS)
    def drain(self, limit: int, kill: Kill | None) -> Any:
        """Drain, and return its bulks: the network may deliver each of them late, or a second time."""
        self.search.transport.bulks.clear()
        self.live(drain_once(self.engine, self.search, alias=self.alias, limit=limit), kill)
        return multiple(*self.search.transport.bulks)

    @rule(bulk=late)
    def write_late(self, bulk: Bulk) -> None:
        try:
            self.wait(self.search.transport.perform_request("POST", bulk.path, body=bulk.body))
        except NotFoundError:
            return  # its generation was dropped

    @rule(kill=LATER_KILLS, restart=st.booleans(), price=PRICES)
    def rebuild(self, kill: Kill | None, restart: bool, price: int) -> None:
        """Reindex while a row changes and another drain runs."""
        self.live(self.reindex(restart=restart, price=price), kill)

    @rule(kill=KILLS)
    def roll_back(self, kill: Kill | None) -> None:
        async def attempt() -> None:
            try:
                await rollback(self.engine, self.search, self.settings)
            except Refused:
                assert await self.may_refuse()

        self.live(attempt(), kill)

    @invariant()
    def the_alias_leads_to_one_index(self) -> None:
        assert len(self.wait(generations.alias_target(self.search, self.alias))) == 1

    @invariant()
    def no_document_grows_younger_or_is_lost(self) -> None:
        for name in self.wait(self.search.indices.get_alias(index=f"{self.alias}-*")):
            self.wait(self.search.indices.refresh(index=name))
            held, before = self.wait(documents(self.search, name)), self.seen.get(name, {})
            assert not {key for key in before if key not in held or held[key].version < before[key].version}
            self.seen[name] = held

    def teardown(self) -> None:
        try:
            self.wait(self.judge())
        finally:
            self.wait(self.end())
            self.loop.close()

    async def judge(self) -> None:
        """Drain everything, then check every index that takes writes against the table and the model."""
        await drain_all(self.engine, self.search, alias=self.alias)
        await generations.reconcile(self.engine, self.search, self.alias)
        async with self.engine.connect() as connection:
            fresh = [each.name for each in await generations.rollback_candidates(connection, self.alias)]
        for index in [self.alias, *fresh]:
            assert await differences(self.engine, self.search, index) == []
        held = await documents(self.search, self.alias)
        assert {key: held[str(key)].source["price"] for key in self.model} == {
            key: row["price"] for key, row in self.model.items()
        }

    async def end(self) -> None:
        await self.search.indices.delete(index=f"{self.alias}-*")
        await self.search.close()
        await empty(self.engine)
        await self.engine.dispose()

    async def reindex(self, *, restart: bool = False, price: int | None = None) -> None:
        async def meanwhile(_written: int, _total: int) -> None:
            if price is not None and self.model:
                await self.edited(next(iter(self.model)), price=price)
                await drain_once(self.engine, self.search, alias=self.alias, limit=1)

        await reindex(self.engine, self.search, self.settings, progress=meanwhile, restart=restart)

    async def may_refuse(self) -> bool:
        """Return whether a rollback may be refused: no retained generation takes writes."""
        async with self.engine.connect() as connection:
            return not await generations.rollback_candidates(connection, self.alias)

    def edit(self, key: UUID, **columns: Any) -> None:
        self.wait(self.edited(key, **columns))

    async def edited(self, key: UUID, **columns: Any) -> None:
        await self.execute(update(Property).where(Property.id == key).values(**columns))
        self.model[key] |= columns

    async def execute(self, statement: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(statement)


def is_killed(end: BaseException) -> bool:
    """Return whether kills are the only cause; concurrent tasks raise them in an exception group."""
    if isinstance(end, BaseExceptionGroup):
        return all(is_killed(inner) for inner in end.exceptions)
    return isinstance(end, Killed)


def test_whatever_happens_in_whatever_order_it_ends_level(direct: Settings, seed: int):
    class Machine(Indexing):
        settings = direct.model_copy(update={"index_alias": "machine"})

    run_state_machine_as_test(
        hypothesis.seed(seed)(Machine),
        settings=hypothesis.settings(
            max_examples=3,
            stateful_step_count=25,
            deadline=None,
            database=None,
            print_blob=True,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
