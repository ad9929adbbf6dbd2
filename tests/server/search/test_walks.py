"""Walking from page to page while the catalogue changes, and while the index is replaced."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from opensearchpy import AsyncOpenSearch
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from indexer.lifecycle.generations import alias_target
from indexer.lifecycle.reindex import reindex
from schemas.settings import Settings
from tests.factories import home
from tests.indexer.commands import quietly
from tests.server.conftest import Api, Catalogue

LAKH = 100_000
LASTING, PASSING = 24, 12


async def change(catalogue: Catalogue, turn: int, passing: list[UUID]) -> None:
    """Add three homes, sell one, and move all others to another place in every order."""
    statement = "UPDATE properties SET price = price * :turn % 9000000 + 1000000, vastu_score = :turn"
    async with catalogue.engine.begin() as connection:
        await connection.execute(
            text(f"{statement} WHERE id = ANY (:ids)"), {"ids": passing, "turn": turn + 2}
        )
        await connection.execute(
            text("UPDATE properties SET state = 'sold' WHERE id = :id"), {"id": passing[turn % PASSING]}
        )
    await catalogue.store(*(home(f"New lotus flat {turn}", price=n * 7 * LAKH) for n in range(1, 4)))


@pytest.mark.parametrize(
    "wanted", [{"sort": "price_asc"}, {"sort": "vastu_desc"}, {"sort": "newest"}, {"q": "lotus"}]
)
async def test_a_walk_sees_what_does_not_change_exactly_once(
    api: Api,
    catalogue: Catalogue,
    engine: AsyncEngine,
    search: AsyncOpenSearch,
    settings: Settings,
    wanted: dict[str, Any],
):
    lasting = await catalogue.store(
        *(
            home(f"Flat {n}", society=("Lotus Court", "Lotos Park")[n % 2], price=n % 5 * 9 * LAKH + LAKH)
            for n in range(LASTING)
        )
    )
    passing = await catalogue.store(
        *(home(f"Lotus flat {n}", price=n * 8 * LAKH + LAKH) for n in range(PASSING))
    )
    before = await alias_target(search, settings.index_alias)
    seen: Counter[str] = Counter()
    cursor: dict[str, str] = {}
    for turn in range(100):
        answer = await api.post("/api/v1/search/listings", {**wanted, **cursor, "page_size": 5, "facets": []})
        assert answer.status == 200, answer.body
        seen.update(item["id"] for item in answer.body["items"])
        if answer.body["next_cursor"] is None:
            break
        cursor = {"cursor": answer.body["next_cursor"]}
        if turn == 2:
            await asyncio.gather(
                change(catalogue, turn, passing),
                reindex(engine, search, settings, progress=quietly, epoch=catalogue.epoch),
            )
        else:
            await change(catalogue, turn, passing)
    assert {seen[str(key)] for key in lasting} == {1}
    assert await alias_target(search, settings.index_alias) != before
