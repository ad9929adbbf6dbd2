"""Localities with their live listings."""

import pytest

from tasks.market import compare_prices
from tests.factories import home
from tests.server.conftest import Api, Catalogue


async def test_every_locality_is_listed_with_its_live_count_and_median(api: Api, catalogue: Catalogue):
    prices = (9_000_000, 10_500_000, 12_000_000, 13_500_000, 15_000_000)
    others = [home(listing_type="rent", price=30_000), home(state="sold"), home(area_basis="carpet")]
    await catalogue.store(*(home(price=price) for price in prices), home(locality="Sector 78"), *others)
    await compare_prices(catalogue.engine)
    answer = await api.get("/api/v1/localities")
    facts = {item["locality"]: item for item in answer.body["items"]}
    assert (answer.status, len(facts), answer.body["total"]) == (200, 183, 183)
    assert facts["Sector 62"] | {"latitude": 0, "longitude": 0} == {
        "locality": "Sector 62",
        "sector": "62",
        "latitude": 0,
        "longitude": 0,
        "count": 6,
        "compared": 5,
        "p25_price_per_sqft": 7_000,
        "median_price_per_sqft": 8_000,
        "p75_price_per_sqft": 9_000,
    }
    assert (facts["Sector 78"]["count"], facts["Sector 78"]["median_price_per_sqft"]) == (1, None)
    assert (facts["Sector 1"]["count"], facts["Sector 1"]["compared"]) == (0, 0)


@pytest.mark.parametrize("query", [{"listing_type": "swap"}, {"area_basis": "gross"}, {"city": "Delhi"}])
async def test_a_wrong_question_about_localities_is_refused(api: Api, query: dict[str, str]):
    assert (await api.get("/api/v1/localities", **query)).status == 422
