"""A property's pictures: uploaded, listed, reordered, edited, deleted."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tests.factories import home, picture, store, store_pictures
from tests.pictures import jpeg, photo
from tests.server.admin.images.albums import IMAGES, PROPERTIES, album, fill, places, sample, send
from tests.server.conftest import Answer, Api, Catalogue


@pytest.fixture
async def key(engine: AsyncEngine) -> AsyncIterator[Any]:
    [key] = await store(engine, home())
    return key


def files(settings: Settings) -> set[str]:
    assert settings.media_directory is not None
    return {path.parent.name for path in Path(settings.media_directory, "img").glob("*/*")}


async def rows(engine: AsyncEngine, statement: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def test_a_picture_is_taken_in_and_shown(admin: Api, key):
    answer = await send(admin, key, jpeg(photo(3_000, 2_000)), image_type="exterior")
    assert answer.status == 201
    image = answer.body
    folder = image["url"].removesuffix("large.webp")
    assert image == {
        "id": image["id"],
        "property_id": str(key),
        "url": f"{folder}large.webp",
        "medium_url": f"{folder}medium.webp",
        "thumbnail_url": f"{folder}thumbnail.webp",
        "enhanced_url": None,
        "is_enhanced": False,
        "image_type": "exterior",
        "is_primary": True,
        "enhancement_status": "none",
        "display_order": 0,
        "width": 2048,
        "height": 1365,
    }
    assert answer.headers["location"] == f"{IMAGES}/{image['id']}"
    assert (await admin.get(f"{PROPERTIES}/{key}/images")).body == {
        "items": [image], "total": 1, "page": 1, "page_size": 30, "next_cursor": None,
    }  # fmt: skip


async def test_a_new_picture_shows_on_the_page_and_on_cards(admin: Api, catalogue: Catalogue):
    [key] = await catalogue.store(home())
    [before] = (await admin.guided())["items"]
    image = (await send(admin, key, sample())).body
    await catalogue.sync_index()
    [card] = (await admin.guided())["items"]
    assert (before["image"], card["image"]) == (None, image["thumbnail_url"])
    [shown] = (await admin.get(f"/api/v1/properties/{key}")).body["images"]
    assert (shown["url"], shown["medium_url"]) == (image["url"], image["medium_url"])
    await admin.delete(f"{IMAGES}/{image['id']}")
    await catalogue.sync_index()
    [card] = (await admin.guided())["items"]
    assert card["image"] is None


async def test_the_first_is_primary_and_the_others_follow(admin: Api, key):
    ids = await fill(admin, key, 3)
    assert await places(admin, key) == [(ids[0], True), (ids[1], False), (ids[2], False)]


async def test_another_becomes_primary_and_one_always_is(admin: Api, key):
    ids = await fill(admin, key, 3)
    answer = await admin.patch(f"{IMAGES}/{ids[2]}", {"is_primary": True})
    assert (answer.status, answer.body["is_primary"], answer.body["display_order"]) == (200, True, 2)
    assert await places(admin, key) == [(ids[0], False), (ids[1], False), (ids[2], True)]
    refused = await admin.patch(f"{IMAGES}/{ids[2]}", {"is_primary": False})
    assert (refused.status, refused.wrong_fields()) == (422, {"#/is_primary": "primary"})


@pytest.mark.parametrize(
    ("place", "order"),
    [(0, [2, 0, 1, 3]), (1, [0, 2, 1, 3]), (3, [0, 1, 3, 2]), (29, [0, 1, 3, 2]), (2, [0, 1, 2, 3])],
)
async def test_a_picture_moves_and_the_others_make_room(admin: Api, key, place: int, order: list[int]):
    ids = await fill(admin, key, 4)
    answer = await admin.patch(f"{IMAGES}/{ids[2]}", {"display_order": place})
    assert (answer.status, answer.body["display_order"]) == (200, min(place, 3))
    assert [image for image, _ in await places(admin, key)] == [ids[number] for number in order]


async def test_all_are_put_in_order_at_once(admin: Api, key):
    ids = await fill(admin, key, 4)
    wanted = [ids[2], ids[0], ids[3], ids[1]]
    answer = await admin.put(f"{PROPERTIES}/{key}/images/order", {"ids": wanted})
    assert (answer.status, [item["id"] for item in answer.body["items"]]) == (200, wanted)
    assert await places(admin, key) == [(image, image == ids[0]) for image in wanted]


@pytest.mark.parametrize(
    "change", [lambda ids: ids[:-1], lambda ids: [*ids, str(uuid4())], lambda ids: ids[:0]]
)
async def test_an_order_of_other_pictures_is_refused_with_those_there_are(admin: Api, key, change):
    ids = await fill(admin, key, 3)
    answer = await admin.put(f"{PROPERTIES}/{key}/images/order", {"ids": change(ids)})
    assert (answer.status, answer.body["code"], answer.body["ids"]) == (409, "conflict", ids)


async def test_an_order_that_names_one_twice_is_wrong(admin: Api, key):
    [image] = await fill(admin, key, 1)
    answer = await admin.put(f"{PROPERTIES}/{key}/images/order", {"ids": [image, image]})
    assert (answer.status, answer.wrong_fields()) == (422, {"#/ids": "repeated"})


async def test_deleting_promotes_the_next_closes_the_gap_and_removes_the_files(
    admin: Api, key, settings: Settings
):
    ids = await fill(admin, key, 3)
    [gone, *_] = [item["url"].split("/")[-2] for item in await album(admin, key)]
    assert (await admin.delete(f"{IMAGES}/{ids[0]}")).status == 204
    assert await places(admin, key) == [(ids[1], True), (ids[2], False)]
    assert gone not in files(settings)
    for image in ids[1:]:
        assert (await admin.delete(f"{IMAGES}/{image}")).status == 204
    assert await places(admin, key) == []
    assert (await admin.delete(f"{IMAGES}/{ids[0]}")).status == 404


async def test_a_drawing_of_the_demo_outlives_its_row(admin: Api, engine: AsyncEngine, key):
    await store_pictures(engine, picture(key))
    [image] = await album(admin, key)
    assert (await admin.delete(f"{IMAGES}/{image['id']}")).status == 204


async def test_the_same_picture_twice_is_refused_and_named(
    admin: Api, key, engine: AsyncEngine, settings: Settings
):
    [image] = await fill(admin, key, 1)
    before = files(settings)
    answer = await send(admin, key, sample(0))
    assert (answer.status, answer.body["code"], answer.body["image_id"]) == (409, "conflict", image)
    assert files(settings) == before
    [other] = await store(engine, home("Another"))
    assert (await send(admin, other, sample(0))).status == 201


async def test_the_same_picture_many_times_at_once_is_taken_once(admin: Api, key, settings: Settings):
    before = files(settings)
    answers = await asyncio.gather(*(send(admin, key, sample()) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    [image] = await album(admin, key)
    assert {answer.body["image_id"] for answer in answers if answer.status == 409} == {image["id"]}
    assert files(settings) - before == {image["url"].split("/")[-2]}


async def test_no_more_than_thirty_however_many_come_at_once(
    admin: Api, key, engine: AsyncEngine, settings: Settings
):
    await store_pictures(
        engine,
        *(picture(key, content_hash=f"{n:064}", display_order=n, is_primary=n == 0) for n in range(25)),
    )
    before = files(settings)
    answers = await asyncio.gather(*(send(admin, key, sample(number)) for number in range(9)))
    assert sorted(answer.status for answer in answers) == [201] * 5 + [409] * 4
    assert len(await places(admin, key)) == 30
    assert len(files(settings) - before) == 5


async def test_whatever_happens_at_once_one_is_primary_and_the_order_has_no_gaps(admin: Api, key):
    ids, rng = await fill(admin, key, 8), random.Random(7)

    def act(number: int) -> Any:
        image = rng.choice(ids)
        return rng.choice(
            [
                lambda: admin.delete(f"{IMAGES}/{image}"),
                lambda: admin.patch(f"{IMAGES}/{image}", {"is_primary": True}),
                lambda: admin.patch(f"{IMAGES}/{image}", {"display_order": rng.randrange(8)}),
                lambda: admin.put(f"{PROPERTIES}/{key}/images/order", {"ids": rng.sample(ids, len(ids))}),
                lambda: send(admin, key, sample(100 + number)),
            ]
        )()

    places_free = asyncio.Semaphore(8)  # fewer than the API has connections, else some would get a 503

    async def act_in_turn(number: int) -> Answer:
        async with places_free:
            return await act(number)

    answers = await asyncio.gather(*map(act_in_turn, range(40)))
    assert {answer.status for answer in answers} <= {200, 201, 204, 404, 409}
    left = await places(admin, key)
    assert [primary for _, primary in left].count(True) == 1


async def test_who_did_what_is_in_the_audit(admin: Api, key, engine: AsyncEngine):
    ids = await fill(admin, key, 2)
    await admin.patch(f"{IMAGES}/{ids[1]}", {"image_type": "floor_plan", "is_primary": True})
    await admin.patch(f"{IMAGES}/{ids[1]}", {"image_type": "floor_plan"})
    await admin.put(f"{PROPERTIES}/{key}/images/order", {"ids": ids[::-1]})
    await admin.put(f"{PROPERTIES}/{key}/images/order", {"ids": ids[::-1]})
    await admin.delete(f"{IMAGES}/{ids[0]}")
    found = await rows(engine, "SELECT action, entity_id, actor FROM audit_log ORDER BY id")
    who = "asha@casabricks.example"
    assert found == [
        ("image.upload", ids[0], who),
        ("image.upload", ids[1], who),
        ("image.update", ids[1], who),
        ("image.reorder", str(key), who),
        ("image.delete", ids[0], who),
    ]
    changes = "SELECT changes FROM audit_log WHERE action = 'image.update'"
    assert await rows(engine, changes) == [
        ({"image_type": ["photo", "floor_plan"], "is_primary": [False, True]},)
    ]


async def test_the_document_is_owed_a_visit_and_editors_of_the_property_are_not_disturbed(
    admin: Api, key, engine: AsyncEngine
):
    statement = "SELECT revision, version, (SELECT count(*) FROM search_outbox) FROM properties"
    [before] = await rows(engine, statement)
    ids = await fill(admin, key, 2)
    [after] = await rows(engine, statement)
    await admin.put(f"{PROPERTIES}/{key}/images/order", {"ids": ids[::-1]})
    [last] = await rows(engine, statement)
    assert before[1] == after[1] == last[1]
    assert before[0] < after[0] < last[0]
    assert last[2] > 0


@pytest.mark.parametrize(
    ("patch", "wrong"),
    [
        ({"image_type": "selfie"}, {"#/image_type": "enum"}),
        ({"image_type": None}, {"#/image_type": "enum"}),
        ({"is_primary": "yes"}, {"#/is_primary": "bool_type"}),
        ({"display_order": -1}, {"#/display_order": "greater_than_equal"}),
        ({"display_order": 30}, {"#/display_order": "less_than"}),
        ({"original_url": "https://evil.example"}, {"#/original_url": "extra_forbidden"}),
        ({"property_id": str(uuid4())}, {"#/property_id": "extra_forbidden"}),
    ],
)
async def test_what_cannot_be_changed_is_named(admin: Api, key, patch: dict[str, Any], wrong: dict[str, str]):
    [image] = await fill(admin, key, 1)
    answer = await admin.patch(f"{IMAGES}/{image}", patch)
    assert (answer.status, answer.wrong_fields()) == (422, wrong)


@pytest.mark.parametrize("unknown", ["nonsense", "01a21108-9f6b-7c32-9995-8988e9c63c5d"])
async def test_what_does_not_exist_is_not_found(admin: Api, unknown: str, settings: Settings):
    before = files(settings)
    answers = [
        await send(admin, unknown, sample()),
        await admin.get(f"{PROPERTIES}/{unknown}/images"),
        await admin.put(f"{PROPERTIES}/{unknown}/images/order", {"ids": []}),
        await admin.patch(f"{IMAGES}/{unknown}", {}),
        await admin.delete(f"{IMAGES}/{unknown}"),
    ]
    assert [answer.status for answer in answers] == [404] * 5
    assert files(settings) == before


async def test_nobody_without_an_account_may_touch_pictures(api: Api, admin: Api, key):
    [image] = await fill(admin, key, 1)
    answers = [
        await send(api, key, sample(1)),
        await api.get(f"{PROPERTIES}/{key}/images"),
        await api.put(f"{PROPERTIES}/{key}/images/order", {"ids": [image]}),
        await api.patch(f"{IMAGES}/{image}", {"is_primary": True}),
        await api.delete(f"{IMAGES}/{image}"),
    ]
    assert [answer.status for answer in answers] == [401] * 5
