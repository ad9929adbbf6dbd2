"""Helpers that upload pictures over HTTP and list them."""

import io
from typing import Any
from uuid import UUID

from aiohttp import FormData

from tests.pictures import jpeg, photo
from tests.server.conftest import Answer, Api

PROPERTIES = "/api/v1/admin/properties"
IMAGES = "/api/v1/admin/images"


def sample(number: int = 0) -> bytes:
    """Return a small picture; each number gives a different one."""
    return jpeg(photo(240 + number, 200))


async def send(admin: Api, key: UUID | str, content: bytes, *, name: str = "a.jpg", **fields: str) -> Answer:
    form = FormData()
    form.add_field("file", io.BytesIO(content), filename=name, content_type="image/jpeg")
    for field, value in fields.items():
        form.add_field(field, value)
    return await admin.ask("POST", f"{PROPERTIES}/{key}/images", data=form)


async def fill(admin: Api, key: UUID, count: int) -> list[str]:
    """Upload `count` pictures; return their ids in order."""
    answers = [await send(admin, key, sample(number)) for number in range(count)]
    assert [answer.status for answer in answers] == [201] * count
    return [answer.body["id"] for answer in answers]


async def album(admin: Api, key: UUID) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await admin.get(f"{PROPERTIES}/{key}/images")).body["items"]
    return items


async def places(admin: Api, key: UUID) -> list[tuple[str, bool]]:
    """Return ids in display order and which picture is primary; fail if the order has gaps."""
    items = await album(admin, key)
    assert [item["display_order"] for item in items] == [*range(len(items))]
    return [(item["id"], item["is_primary"]) for item in items]
