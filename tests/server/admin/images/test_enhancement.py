"""Requesting and reverting enhancements as an admin."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.pictures import VARIANTS, key_of
from schemas.settings import Settings
from stores.media import open_media
from tests.enhancements import AT, standing, store_job
from tests.server.conftest import Answer, Api


async def enhance(api: Api, image_id: object, **query: str) -> Answer:
    return await api.ask("POST", f"/api/v1/admin/images/{image_id}/enhance", params=query)


async def revert(api: Api, image_id: object) -> Answer:
    return await api.delete(f"/api/v1/admin/images/{image_id}/enhancement")


async def audited(engine: AsyncEngine) -> list[tuple[str, str, object]]:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT actor, action, changes FROM audit_log ORDER BY id"))
        return [tuple(row) for row in rows]


@pytest.mark.parametrize("stage", ["none", "failed", "timeout"])
async def test_an_enhancement_is_asked_for_and_waits_for_a_worker(
    admin: Api, engine: AsyncEngine, stage: str
):
    job = await store_job(engine, stage)
    asked = await enhance(admin, job.image_id)
    after = await standing(engine, job.image_id)
    assert (asked.status, asked.body) == (
        202, {"image_id": str(job.image_id), "ai_job_id": after.job_id, "enhancement_status": "pending"}
    )  # fmt: skip
    assert (after.status, after.attempts, after.error, after.due_at is not None) == ("pending", 2, None, True)
    assert after.job_id not in {None, job.id}
    assert await audited(engine) == [
        ("asha@casabricks.example", "image.enhance", {"enhancement_status": [stage, "pending"]})
    ]


@pytest.mark.parametrize("stage", ["pending", "processing", "fetching"])
@pytest.mark.parametrize("force", ["false", "true"])
async def test_while_it_runs_the_same_job_is_told(admin: Api, engine: AsyncEngine, stage: str, force: str):
    job = await store_job(engine, stage)
    before = await standing(engine, job.image_id)
    asked = await enhance(admin, job.image_id, force=force)
    assert (asked.status, asked.body["ai_job_id"]) == (202, job.id)
    assert asked.body["enhancement_status"] == before.status
    assert (await standing(engine, job.image_id), await audited(engine)) == (before, [])


async def test_many_at_once_get_the_same_job(admin: Api, engine: AsyncEngine):
    job = await store_job(engine, "none", attempt=0)
    asked = await asyncio.gather(*(enhance(admin, job.image_id) for _ in range(8)))
    assert {answer.status for answer in asked} == {202}
    assert len({answer.body["ai_job_id"] for answer in asked}) == 1
    assert (await standing(engine, job.image_id)).attempts == 1


async def test_an_enhanced_picture_is_enhanced_again_only_by_force(admin: Api, engine: AsyncEngine):
    job = await store_job(engine, "completed")
    refused = await enhance(admin, job.image_id)
    assert (refused.status, refused.body["code"]) == (409, "conflict")
    asked = await enhance(admin, job.image_id, force="true")
    after = await standing(engine, job.image_id)
    assert (asked.status, after.status, after.attempts) == (202, "pending", 2)
    assert after.enhanced_url == AT["completed"]["enhanced_url"], "it is shown until there is another"


async def test_force_may_be_said_in_the_body(admin: Api, engine: AsyncEngine):
    job = await store_job(engine, "completed")
    path = f"/api/v1/admin/images/{job.image_id}/enhance"
    assert (await admin.post(path, {"force": False})).status == 409
    assert (await admin.post(path, {"force": "yes"})).status == 422
    assert (await admin.post(path, {"force": True})).status == 202


@pytest.mark.parametrize("stage", [stage for stage in AT if stage != "none"])
async def test_one_call_goes_back_to_the_original(admin: Api, engine: AsyncEngine, stage: str):
    job = await store_job(engine, stage)
    status = (await standing(engine, job.image_id)).status
    reverted = await revert(admin, job.image_id)
    assert (reverted.status, reverted.body) == (
        200, {"image_id": str(job.image_id), "ai_job_id": job.id, "enhancement_status": "none"}
    )  # fmt: skip
    after = await standing(engine, job.image_id)
    assert (after.status, after.enhanced_url, after.result_url, after.due_at) == ("none", None, None, None)
    assert await audited(engine) == [
        ("asha@casabricks.example", "image.revert", {"enhancement_status": [status, "none"]})
    ]


async def test_nothing_is_left_of_a_picture_that_nobody_wants(
    admin: Api, engine: AsyncEngine, settings: Settings
):
    media, better = open_media(settings), uuid4()
    for variant in VARIANTS:
        await media.put(key_of(better, variant), b"RIFF....WEBP", "image/webp")
    job = await store_job(engine, "completed", enhanced_url=media.url(key_of(better, "large")))
    await revert(admin, job.image_id)
    assert [each.key async for each in media.list(f"img/{better}/")] == []


async def test_what_is_the_original_already_stays_it(admin: Api, engine: AsyncEngine):
    job = await store_job(engine, "none")
    assert (await revert(admin, job.image_id)).status == 200
    assert await audited(engine) == []


@pytest.mark.parametrize("image_id", [uuid4(), "7", "..%2f"])
async def test_an_unknown_picture_is_not_found(admin: Api, image_id: object):
    for answer in (await enhance(admin, image_id), await revert(admin, image_id)):
        assert (answer.status, answer.body["code"]) == (404, "not_found")


async def test_nobody_else_may(api: Api, engine: AsyncEngine):
    job = await store_job(engine, "none")
    assert ((await enhance(api, job.image_id)).status, (await revert(api, job.image_id)).status) == (401, 401)


async def test_a_page_says_which_pictures_are_enhanced(admin: Api, api: Api, engine: AsyncEngine):
    for stage, enhanced in (("completed", True), ("pending", False)):
        job = await store_job(engine, stage)
        async with engine.connect() as connection:
            of = text("SELECT property_id FROM property_images WHERE id = :id")
            property_id = await connection.scalar(of, {"id": job.image_id})
        for asker, path in ((api, "/api/v1/properties"), (admin, "/api/v1/admin/properties")):
            [shown] = (await asker.get(f"{path}/{property_id}")).body["images"]
            assert (shown["is_enhanced"], shown["url"]) == (enhanced, "/media/a.webp")
    rows = (await admin.get("/api/v1/admin/properties")).body["items"]
    assert sorted(row["enhanced_images"] for row in rows) == [0, 1]
