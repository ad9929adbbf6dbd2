"""The contract of both kinds of storage, tested with a real directory and a real S3."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import ClientSession
from yarl import URL

from schemas.errors import MediaUnavailable, NotFound
from schemas.settings import Settings
from stores.media import CACHING, Media, open_media
from tests import s3

PICTURE = b"RIFF....WEBP" + bytes(range(256)) * 500


@pytest.fixture
def directory(tmp_path: Path) -> Settings:
    return Settings(media_url=f"file:{tmp_path / 'media'}")


@pytest.fixture
def bucket(s3_url: str) -> Settings:
    return s3.settings_of(s3_url, Settings(), prefix=f"pictures/{uuid4()}")


@pytest.fixture(params=["directory", "bucket"])
async def media(request: pytest.FixtureRequest) -> AsyncIterator[Media]:
    media = open_media(request.getfixturevalue(request.param))
    yield media
    await media.close()


async def kept(media: Media, prefix: str = "img/") -> set[str]:
    return {each.key async for each in media.list(prefix)}


async def test_what_is_put_is_there_to_be_got(media: Media):
    await media.put("img/a/large.webp", PICTURE, "image/webp")
    await media.put("img/a/empty.webp", b"", "image/webp")
    assert await media.get("img/a/large.webp") == PICTURE
    assert await media.get("img/a/empty.webp") == b""


async def test_what_is_put_again_is_the_newer_one(media: Media):
    await media.put("img/a/large.webp", PICTURE, "image/webp")
    await media.put("img/a/large.webp", b"newer", "image/webp")
    assert (await media.get("img/a/large.webp"), await kept(media)) == (b"newer", {"img/a/large.webp"})


@pytest.mark.parametrize("key", ["img/a/large.webp", "img/none", "img"])
async def test_what_is_not_there_is_not_found(media: Media, key: str):
    await media.put("img/other/large.webp", PICTURE, "image/webp")
    with pytest.raises(NotFound):
        await media.get(key)


async def test_deleting_leaves_the_others_and_may_be_repeated(media: Media):
    for key in ("img/a/large.webp", "img/a/thumbnail.webp", "img/b/large.webp"):
        await media.put(key, PICTURE, "image/webp")
    for _ in range(2):
        await media.delete(["img/a/large.webp", "img/a/thumbnail.webp", "img/never/there.webp"])
        assert await kept(media) == {"img/b/large.webp"}
    await media.delete([])


async def test_a_prefix_lists_what_is_below_it_with_its_age(media: Media):
    await media.put("img/a/large.webp", PICTURE, "image/webp")
    await media.put("imgs/b/large.webp", PICTURE, "image/webp")
    await media.put("demo/c.webp", PICTURE, "image/webp")
    [found] = [each async for each in media.list("img/")]
    assert found.key == "img/a/large.webp"
    assert -2 < found.age_s < 60
    assert await kept(media, "nothing/") == set()


async def test_more_is_listed_and_deleted_than_one_request_takes(media: Media, monkeypatch):
    monkeypatch.setattr("stores.media.BATCH", 10)
    monkeypatch.setattr("stores.bucket.BATCH", 10)
    keys = {f"img/{number:03}/large.webp" for number in range(35)}
    await asyncio.gather(*(media.put(key, b"x", "image/webp") for key in keys))
    assert await kept(media) == keys
    await media.delete(keys)
    assert await kept(media) == set()


async def test_a_bucket_serves_what_it_keeps_with_fixed_headers(bucket: Settings, s3_url: str):
    media = open_media(bucket)
    await media.put("img/a/large.webp", PICTURE, "image/webp")
    await media.close()
    place = media.url("img/a/large.webp").removeprefix(f"{s3_url}/{s3.BUCKET}/")
    link = s3.client_of(s3_url).generate_presigned_url("get_object", {"Bucket": s3.BUCKET, "Key": place})
    async with ClientSession() as visitor, visitor.get(URL(link, encoded=True)) as response:
        assert (response.status, await response.read()) == (200, PICTURE)
        wanted = {"Content-Type": "image/webp", "Cache-Control": CACHING, "Content-Disposition": "inline"}
        assert {name: response.headers[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    "key", ["../secret", "img/../../secret", "/etc/passwd", "img//a", "img/.hidden", "IMG/a", "img/a\0"]
)
async def test_no_key_leads_out_of_the_directory(directory: Settings, tmp_path: Path, key: str):
    (tmp_path / "secret").write_text("x")
    media = open_media(directory)
    for attempt in (media.get(key), media.put(key, b"", "text/plain"), media.delete([key])):
        with pytest.raises(NotFound):
            await attempt
    assert (tmp_path / "secret").exists()


async def test_folders_end_with_their_last_file(directory: Settings, tmp_path: Path):
    media = open_media(directory)
    await media.put("img/a/large.webp", PICTURE, "image/webp")
    await media.delete(["img/a/large.webp"])
    assert [*(tmp_path / "media" / "img").iterdir()] == []


async def test_what_a_killed_process_left_half_written_is_listed_to_be_swept(
    directory: Settings, tmp_path: Path
):
    media = open_media(directory)
    await media.put("img/a/large.webp", PICTURE, "image/webp")
    partial = tmp_path / "media" / "img" / "a" / "medium.webp.0123456789abcdef"
    partial.write_bytes(b"RIFF")
    os.utime(partial, (time.time() - 500, time.time() - 500))
    ages = {each.key: each.age_s async for each in media.list("img/")}
    assert 499 < ages["img/a/medium.webp.0123456789abcdef"] < 600
    await media.delete(ages)
    assert await kept(media) == set()


async def test_a_directory_that_cannot_be_written_is_unavailable_and_keeps_no_half(tmp_path: Path):
    (tmp_path / "media").write_text("a file where a directory should be")
    media = open_media(Settings(media_url=f"file:{tmp_path / 'media'}"))
    with pytest.raises(MediaUnavailable):
        await media.put("img/a/large.webp", PICTURE, "image/webp")


ADDRESSES = [
    ({"media_url": "file:/var/media"}, "/media/img/a.webp"),
    ({"media_url": "file:/var/media", "media_public_url": "https://cdn.example/m/"}, "https://cdn.example/m/img/a.webp"),
    ({"media_url": "s3://pics"}, "https://s3.us-east-1.amazonaws.com/pics/img/a.webp"),
    ({"media_url": "s3://pics/homes/", "s3_region": "ap-south-1"}, "https://s3.ap-south-1.amazonaws.com/pics/homes/img/a.webp"),
    ({"media_url": "s3://pics/homes", "s3_path_style": False}, "https://pics.s3.us-east-1.amazonaws.com/homes/img/a.webp"),
    ({"media_url": "s3://pics", "s3_endpoint_url": "http://127.0.0.1:7070"}, "http://127.0.0.1:7070/pics/img/a.webp"),
    ({"media_url": "s3://pics/homes", "media_public_url": "https://cdn.example"}, "https://cdn.example/img/a.webp"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "url"), ADDRESSES)
def test_browsers_are_sent_where_the_settings_say(given: dict[str, str], url: str):
    assert open_media(Settings(**given)).url("img/a.webp") == url
