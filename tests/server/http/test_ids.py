"""Each object has one address, apart from upper case, on every route that takes an id."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from server.app import create_app
from server.openapi.operations import operations
from tests.factories import home, inquiry, picture, store_inquiries, store_pictures, store_user
from tests.server.conftest import Api, Catalogue


@pytest.fixture
async def known(catalogue: Catalogue, engine: AsyncEngine) -> dict[str, UUID]:
    """Path parameter -> id of an existing object."""
    [key] = await catalogue.store(home())
    [image] = await store_pictures(engine, picture(key))
    [lead] = await store_inquiries(engine, inquiry(key))
    user = await store_user(engine, email="other@casabricks.example")
    return {"property_id": key, "image_id": image, "inquiry_id": lead, "user_id": user, "job_id": uuid4()}


def spellings(key: UUID) -> list[str]:
    return [key.hex, f"urn:uuid:{key}", f"{{{key}}}", f"{key} "]


async def test_a_page_is_found_by_its_id_in_small_letters_and_in_capitals_and_by_no_other_spelling(
    super_admin: Api, known: dict[str, UUID], settings: Settings
):
    asked = 0
    for operation in operations(create_app(settings, "casabricks-ids")):
        if operation.method != "GET" or not operation.parameters or "key" in operation.parameters:
            continue
        [name] = operation.parameters
        found = [
            await super_admin.get(operation.path.replace(f"{{{name}}}", text))
            for text in (str(known[name]), str(known[name]).upper(), *spellings(known[name]))
        ]
        there = 404 if name == "job_id" else 200
        assert [each.status for each in found] == [there, there, 404, 404, 404, 404], operation.id
        asked += 1
    assert asked >= 8


async def test_edits_know_the_same_spellings(super_admin: Api, known: dict[str, UUID]):
    edits = {
        "/api/v1/admin/images/{}": ("image_id", {"is_primary": True}),
        "/api/v1/admin/users/{}": ("user_id", {"full_name": "Ravi Kumar"}),
        "/api/v1/admin/inquiries/{}/assignment": ("inquiry_id", {"assigned_to": None}),
        "/api/v1/admin/properties/{}": ("property_id", {"title": "Garden flat"}),
    }
    for path, (name, body) in edits.items():
        texts = (str(known[name]), str(known[name]).upper(), *spellings(known[name]))
        found = [(await super_admin.patch(path.format(text), body, if_match="*")).status for text in texts]
        assert found == [200, 200, 404, 404, 404, 404], path
