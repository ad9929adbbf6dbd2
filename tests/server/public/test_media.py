"""Pictures as browsers request them."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tests.factories import home, picture, store, store_pictures, store_user
from tests.server.admin.images.albums import sample, send
from tests.server.conftest import Api, Catalogue, served


async def test_a_picture_comes_as_a_picture_and_nothing_else(admin: Api, engine: AsyncEngine):
    [key] = await store(engine, home())
    url = (await send(admin, key, sample())).body["url"]
    answer = await admin.get(url)
    wanted = {
        "content-type": "image/webp",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "content-disposition": 'inline; filename="large.webp"',
        "cache-control": "public, max-age=31536000, immutable",
        "cross-origin-resource-policy": "cross-origin",
    }
    assert (answer.status, {name: answer.headers[name] for name in wanted}) == (200, wanted)
    assert answer.body.startswith(b"RIFF")
    again = await admin.get(url, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    head = await admin.ask("HEAD", url)
    assert (head.status, head.headers["content-type"], head.body) == (200, "image/webp", b"")


async def test_a_page_of_another_origin_is_told_whole_addresses(settings: Settings, catalogue: Catalogue):
    """This includes pictures stored before the public URL was configured."""
    [key] = await catalogue.store(home())
    stem = "/media/img/a/"
    await store_pictures(catalogue.engine, picture(key, original_url=f"{stem}large.webp", thumbnail_url=None))
    await catalogue.sync_index()
    admin_id = await store_user(catalogue.engine, email="asha@casabricks.example")
    public = settings.model_copy(update={"media_public_url": "https://api.casabricks.example/media/"})
    async with served(public, "public-media") as api:
        admin = api.signed_in(admin_id, settings)
        page = (await api.get(f"/api/v1/properties/{key}")).body["images"][0]
        album = (await admin.get(f"/api/v1/admin/properties/{key}/images")).body["items"][0]
        managed = (await admin.get(f"/api/v1/admin/properties/{key}")).body["images"][0]
        card = (await api.post("/api/v1/search/listings", {})).body["items"][0]
        guided = (await api.get("/api/v1/search/guided")).body["items"][0]
    large = "https://api.casabricks.example/media/img/a/large.webp"
    assert [shown["url"] for shown in (page, album, managed)] == [large] * 3
    assert page["medium_url"] == large.replace("large", "medium")
    assert [shown["image"] for shown in (card, guided)] == [large] * 2


PLACES = ("secret.txt", ".hidden.webp", "../secret.webp")
PATHS = (*PLACES, "%2e%2e/secret.webp", "..%2fsecret.webp", "img/none/large.webp", "img", "", "a%00.webp")


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_else_is_served(api: Api, settings: Settings, path: str):
    assert settings.media_directory is not None
    for place in PLACES:
        (settings.media_directory / place).write_text("x")
    answer = await api.ask("GET", f"/media/{path}")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_bucket_is_not_served_from_here(settings: Settings):
    elsewhere = settings.model_copy(update={"media_url": "s3://pictures"})
    async with served(elsewhere, "bucket") as api:
        assert (await api.get("/media/img/a.webp")).status == 404
