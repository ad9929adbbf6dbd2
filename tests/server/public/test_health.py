"""Health checks with stores up, down and in the wrong state."""

import socket
from importlib.metadata import version

from opensearchpy import AsyncOpenSearch

from schemas.settings import Settings
from tests.server.conftest import Api, Catalogue, served


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def test_the_root_says_who_we_are(api: Api):
    answer = await api.get("/")
    assert (answer.body["name"], answer.body["version"]) == ("CasaBricks", version("casabricks"))
    for link in answer.body["links"].values():
        assert (await api.get(link)).status in {200, 503}


async def test_with_all_stores_up_we_are_ready(api: Api, catalogue: Catalogue):
    health, ready = await api.get("/health"), await api.get("/readyz")
    assert (health.body["status"], set(health.body["dependencies"])) == (
        "ok",
        {"postgres", "opensearch", "redis"},
    )
    assert (ready.status, ready.body) == (200, {"ready": True, "degraded": [], "details": []})


async def test_an_index_with_another_schema_is_not_ready_and_says_what_to_run(
    api: Api, search: AsyncOpenSearch, settings: Settings
):
    old = f"{settings.index_alias}-00000000-20260101-000000"
    await search.indices.create(index=old, body={"aliases": {settings.index_alias: {}}})
    ready = await api.get("/readyz")
    await search.indices.delete(index=old)
    assert (ready.status, ready.body["ready"]) == (503, False)
    assert "indexer reindex" in ready.body["details"][0]


async def test_without_search_and_cache_property_pages_are_still_served(settings: Settings, api: Api):
    gone = {
        "opensearch_url": f"http://127.0.0.1:{closed_port()}",
        "redis_url": f"redis://127.0.0.1:{closed_port()}",
    }
    async with served(settings.model_copy(update=gone), name="casabricks-without-search") as lonely:
        ready = await lonely.get("/readyz")
        health = await lonely.get("/health")
    assert (ready.status, ready.body["degraded"]) == (200, ["opensearch", "redis"])
    assert health.body["dependencies"]["opensearch"]["state"] == "down"


async def test_without_postgres_we_are_alive_but_not_ready(settings: Settings, api: Api):
    gone = {"database_url": f"postgresql://postgres@127.0.0.1:{closed_port()}/gone"}
    async with served(settings.model_copy(update=gone), name="casabricks-without-postgres") as lonely:
        live, ready = await lonely.get("/livez"), await lonely.get("/readyz")
        page = await lonely.get("/api/v1/properties/01900000-0000-7000-8000-000000000000")
    assert (live.status, ready.status, page.status) == (200, 503, 503)
    assert (page.body["code"], page.headers["retry-after"]) == ("database_unavailable", "2")
