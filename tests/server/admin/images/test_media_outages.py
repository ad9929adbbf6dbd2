"""Storage that is slow, down, or fails midway: no row without its objects; orphans are swept."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from stores import bucket as stores_bucket
from stores.media import Media, open_media
from tasks.orphans import sweep_orphans
from tests import s3
from tests.factories import home, store
from tests.faults.harness.proxy import BlackHole, Delay, DropReply, Proxy, Refuse, Reset
from tests.server.admin.images.albums import IMAGES, album, sample, send
from tests.server.conftest import Api, served


@dataclass(frozen=True)
class Shop:
    """The API with its pictures in a bucket behind a faulty connection, and the bucket itself."""

    admin: Api
    line: Proxy
    bucket: Media
    key: UUID

    async def kept(self) -> set[str]:
        return {each.key async for each in self.bucket.list("img/")}

    async def rows(self, engine: AsyncEngine) -> int:
        async with engine.connect() as connection:
            count: int = (await connection.execute(text("SELECT count(*) FROM property_images"))).scalar_one()
        return count


@pytest.fixture
async def shop(admin: Api, engine: AsyncEngine, settings: Settings, s3_url: str) -> AsyncIterator[Shop]:
    prefix = str(uuid4())
    direct = open_media(s3.settings_of(s3_url, settings, prefix))
    async with (
        Proxy(s3_url) as line,
        served(s3.settings_of(line.url, settings, prefix), f"shop_{uuid4().hex}") as api,
    ):
        [key] = await store(engine, home())
        yield Shop(Api(api.url, api.visitor, admin.always), line, direct, key)
    await direct.close()


FAULTS = [
    ("refuses", Refuse()),
    ("answers nothing", BlackHole()),
    ("breaks off half-way", Reset(after_bytes=2_000)),
    ("does what it is asked and does not say so", DropReply(to=b"PUT ")),
]


@pytest.mark.parametrize("fault", [fault for _, fault in FAULTS], ids=[name for name, _ in FAULTS])
async def test_an_upload_that_cannot_be_stored_is_503_and_leaves_no_row(
    shop: Shop, engine: AsyncEngine, fault: Any, monkeypatch
):
    with monkeypatch.context() as impatient:
        impatient.setattr(stores_bucket, "LONGEST_S", 1.5)
        async with shop.line.failing(fault):
            answer = await send(shop.admin, shop.key, sample())
    assert (answer.status, answer.body["code"], answer.headers["retry-after"]) == (
        503,
        "media_unavailable",
        "5",
    )
    assert await shop.rows(engine) == 0
    await sweep_orphans(engine, shop.bucket, grace_s=-5)
    assert await shop.kept() == set()
    assert (await send(shop.admin, shop.key, sample())).status == 201
    assert len(await shop.kept()) == 3


async def test_a_lost_answer_is_asked_for_again(shop: Shop):
    async with shop.line.failing(DropReply(to=b"PUT ", times=1)):
        assert (await send(shop.admin, shop.key, sample())).status == 201
    assert len(await shop.kept()) == 3


async def test_slow_storage_is_waited_for(shop: Shop):
    async with shop.line.failing(Delay(0.2)):
        assert (await send(shop.admin, shop.key, sample())).status == 201


async def test_pages_show_pictures_while_their_storage_is_away(shop: Shop):
    image = (await send(shop.admin, shop.key, sample())).body
    assert image["url"].startswith(f"{shop.line.url}/{s3.BUCKET}/")
    async with shop.line.failing(Refuse()):
        page = await shop.admin.get(f"/api/v1/properties/{shop.key}")
        assert [shown["url"] for shown in page.body["images"]] == [image["url"]]
        assert len(await album(shop.admin, shop.key)) == 1


async def test_a_picture_is_deleted_without_its_storage_and_swept_later(shop: Shop, engine: AsyncEngine):
    image = (await send(shop.admin, shop.key, sample())).body
    async with shop.line.failing(Refuse()):
        assert (await shop.admin.delete(f"{IMAGES}/{image['id']}")).status == 204
    assert (await shop.rows(engine), len(await shop.kept())) == (0, 3)
    assert await sweep_orphans(engine, shop.bucket, grace_s=-5) == 3
    assert await shop.kept() == set()


async def test_a_bucket_that_is_not_there_is_unavailable_too(shop: Shop, settings: Settings, s3_url: str):
    wrong = s3.settings_of(s3_url, settings).model_copy(update={"media_url": "s3://no-such-bucket"})
    async with served(wrong, f"shop_{uuid4().hex}") as api:
        answer = await send(Api(api.url, api.visitor, shop.admin.always), shop.key, sample())
    assert (answer.status, answer.body["code"]) == (503, "media_unavailable")
