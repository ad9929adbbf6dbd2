"""The sweep deletes objects without a row and keeps all others."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.pictures import VARIANTS, key_of
from schemas.settings import Settings
from stores.media import Media, open_media
from tasks import orphans
from tasks.jobs import BY_NAME
from tasks.orphans import sweep_orphans
from tasks.scheduling.runs import JobContext
from tests import s3
from tests.factories import home, picture, store, store_pictures


@pytest.fixture(params=["directory", "bucket"])
async def media(request: pytest.FixtureRequest, settings: Settings, tmp_path) -> AsyncIterator[Media]:
    chosen = settings.model_copy(update={"media_url": f"file:{tmp_path}"})
    if request.param == "bucket":
        chosen = s3.settings_of(request.getfixturevalue("s3_url"), settings, prefix=str(uuid4()))
    media = open_media(chosen)
    yield media
    await media.close()


async def put(media: Media, pictures: list[UUID]) -> set[str]:
    keys = {key_of(picture, variant) for picture in pictures for variant in VARIANTS}
    for key in keys:
        await media.put(key, b"RIFF", "image/webp")
    return keys


async def kept(media: Media) -> set[str]:
    return {each.key async for each in media.list("img/")}


async def test_what_no_row_shows_is_removed_and_the_rest_is_left(
    engine: AsyncEngine, media: Media, monkeypatch
):
    monkeypatch.setattr(orphans, "BATCH", 7)
    first, enhanced, *lost = [uuid4() for _ in range(12)]
    shown = await put(media, [first, enhanced])
    orphaned = await put(media, lost)
    await media.put("img/readme.txt", b"x", "text/plain")
    [key] = await store(engine, home())
    urls = {
        "original_url": media.url(key_of(first, "large")),
        "enhanced_url": media.url(key_of(enhanced, "large")),
    }
    await store_pictures(engine, picture(key, **urls))
    assert await sweep_orphans(engine, media, grace_s=-5) == len(orphaned)
    assert await kept(media) == shown | {"img/readme.txt"}
    assert await sweep_orphans(engine, media, grace_s=-5) == 0


async def test_what_may_still_get_its_row_is_left(engine: AsyncEngine, media: Media):
    young = await put(media, [uuid4()])
    assert await sweep_orphans(engine, media) == 0
    assert await kept(media) == young


async def test_pictures_are_found_wherever_they_were_shown_before(engine: AsyncEngine, media: Media):
    """A change of the public URL does not make pictures orphans."""
    one = uuid4()
    shown = await put(media, [one])
    [key] = await store(engine, home())
    await store_pictures(engine, picture(key, original_url=f"https://old.example/p/{key_of(one, 'large')}"))
    assert await sweep_orphans(engine, media, grace_s=-5) == 0
    assert await kept(media) == shown


async def test_the_nightly_job_removes_what_lost_its_row_a_day_ago(
    engine: AsyncEngine, settings: Settings, tmp_path: Path
):
    chosen = settings.model_copy(update={"media_url": f"file:{tmp_path}"})
    media = open_media(chosen)
    young, *others = await put(media, [uuid4()])
    for key in others:
        os.utime(tmp_path / key, (0, 0))
    done = await BY_NAME["sweep_orphans"].run(JobContext(engine, chosen, datetime.now(UTC), None))
    assert (done, await kept(media)) == ({"objects": len(VARIANTS) - 1}, {young})
    await media.close()
