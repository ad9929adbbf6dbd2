"""Hostile files: only their pixels are kept, or they are refused with a reason; children stay small."""

import struct
from collections.abc import Iterator

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.pictures import VARIANTS
from tests.factories import home, store
from tests.pictures import CANARY, REFUSED, TAKEN, UNSUPPORTED, Case, names
from tests.server.admin.images.albums import send
from tests.server.conftest import Api

MOST_AT_REST = 160 * 2**20


def resident() -> list[int]:
    """Memory in bytes that each imaging child holds between two pictures."""
    children = psutil.Process().children()
    return [child.memory_info().rss for child in children if "imaging.child" in child.cmdline()]


def chunks(webp: bytes) -> Iterator[bytes]:
    """Return the names of all chunks of a WebP."""
    place, end = 12, 8 + struct.unpack_from("<I", webp, 4)[0]
    assert end == len(webp)
    while place < end:
        yield webp[place : place + 4]
        size = struct.unpack_from("<I", webp, place + 4)[0]
        place += 8 + size + size % 2


@pytest.mark.parametrize("case", TAKEN, ids=names(TAKEN))
async def test_taken_with_nothing_but_its_pixels(admin: Api, engine: AsyncEngine, case: Case):
    [key] = await store(engine, home())
    answer = await send(admin, key, case.make())
    assert (answer.status, answer.body["width"], answer.body["height"]) == (201, *case.size)
    for variant in VARIANTS:
        file = (await admin.get(answer.body["url"].replace("large", variant))).body
        assert [*chunks(file)] == [b"VP8 "]
        assert CANARY[:12] not in file
    assert max(resident()) < MOST_AT_REST


@pytest.mark.parametrize("case", REFUSED, ids=names(REFUSED))
async def test_refused_with_its_reason_and_nothing_stays(admin: Api, engine: AsyncEngine, case: Case):
    [key] = await store(engine, home())
    answer = await send(admin, key, case.make())
    assert answer.status == (415 if case.code == UNSUPPORTED else 422), answer.body
    assert answer.wrong_fields() == {"#/file": case.code}
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM property_images")) == 0
    assert max(resident(), default=0) < MOST_AT_REST
