"""OpenSearch goes away and comes back: pages work, searches fail quickly, nothing is lost."""

import pytest
from opensearchpy import AsyncOpenSearch
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.settings import Settings
from tests.factories import home, store
from tests.indexer.agreement import agree
from tests.indexer.outages import Proxy
from tests.journeys.conftest import Product

pytestmark = pytest.mark.usefixtures("no_index_after")


async def test_an_outage_of_search_costs_only_searches(
    product: Product, engine: AsyncEngine, search: AsyncOpenSearch, settings: Settings
):
    async with Proxy(settings.opensearch_url) as proxy:
        product.environment["OPENSEARCH_URL"] = proxy.url
        await product.run("indexer.cli", "reindex")
        product.start("indexer.cli", "run")
        api = await product.serve()
        [before] = await store(engine, home("before"))
        await product.found(1)
        await api.until(lambda: is_kept(product, proxy), "the answer is kept")

        proxy.stop_serving()
        status, kept = await product.ask("/api/v1/search/guided")
        assert (status, kept["total"]) == (200, 1)  # answered from the cache, because no listing has changed
        status, problem = await product.ask("/api/v1/search/guided?bhk=3")
        assert (status, problem["code"]) == (503, "search_unavailable")
        [meanwhile] = await store(engine, home("meanwhile"))
        for key in (before, meanwhile):
            assert (await product.ask(f"/api/v1/properties/{key}"))[0] == 200

        proxy.serving = True
        answer = await product.found(2)
        assert {item["title"] for item in answer["items"]} == {"before", "meanwhile"}
        await agree(engine, search, settings.index_alias)


async def is_kept(product: Product, proxy: Proxy) -> bool:
    """Return whether the search is answered without a request to the engine."""
    before = proxy.heard
    return (await product.guided())["total"] == 1 and proxy.heard == before
