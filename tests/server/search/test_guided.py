"""Guided search over HTTP, as visitors use it."""

from typing import Any

import pytest

from tests.factories import home, plot
from tests.server.conftest import Api, Catalogue

LAKH = 100_000


def counts(question: Any) -> dict[Any, int]:
    return {option["value"]: option["count"] for option in question["options"]}


def titles(answer: Any) -> list[str]:
    return [item["title"] for item in answer["items"]]


async def test_the_first_call_asks_for_the_budget_in_bands_that_hold_all_listings(
    api: Api, catalogue: Catalogue
):
    await catalogue.store(*(home(price=price * LAKH) for price in range(30, 130)))
    answer = await api.get("/api/v1/search/guided")
    question = answer.body["question"]
    assert (answer.status, question["id"], answer.body["total"]) == (200, "budget", 100)
    assert sum(counts(question).values()) == 100
    assert all(count >= 5 for count in counts(question).values())


async def test_a_card_shows_what_the_contract_names(api: Api, catalogue: Catalogue):
    [key] = await catalogue.store(
        home(
            "Garden flat", bhk=2.5, vastu_score=80, facing_direction="east", listed_at="2026-02-01T10:00:00Z"
        )
    )
    [card] = (await api.guided())["items"]
    assert card == {
        "id": str(key),
        "title": "Garden flat",
        "society": None,
        "locality": "Sector 62",
        "sector": "62",
        "latitude": card["latitude"],
        "longitude": card["longitude"],
        "location_approximate": False,
        "property_type": "apartment",
        "listing_type": "sale",
        "bhk": 2.5,
        "area_sqft": 1_500,
        "area_basis": "super",
        "price": 12_000_000,
        "price_per_sqft": 8_000,
        "facing_direction": "east",
        "furnishing_status": None,
        "image": None,
        "listed_at": "2026-02-01T10:00:00Z",
        "key_metrics": {"vastu": 80, "light": None, "price_vs_market": {"delta_pct": None, "label": None}},
    }


async def test_the_answers_lead_through_three_questions(api: Api, catalogue: Catalogue):
    await catalogue.store(
        home("two", bhk=2, price=60 * LAKH),
        home("three", bhk=3, price=60 * LAKH),
        home("villa", bhk=3, price=60 * LAKH, property_type="villa"),
        home("dear", bhk=3, price=900 * LAKH),
    )
    budget = {"min": 50 * LAKH, "max": 70 * LAKH}
    second = await api.guided(answers={"budget": budget})
    assert second["question"]["id"] == "property_type"
    assert counts(second["question"]) == {
        "apartment": 2,
        "builder_floor": 0,
        "independent_house": 0,
        "villa": 1,
        "penthouse": 0,
        "studio": 0,
        "plot": 0,
    }
    third = await api.guided(answers={"budget": budget, "property_type": "apartment"})
    assert third["question"]["id"] == "bhk"
    assert third["question"]["skippable"]
    assert counts(third["question"]) == {1: 0, 2: 1, 3: 1, 4: 0, 5: 0}
    last = await api.guided(answers={"budget": budget, "property_type": "apartment", "bhk": 2})
    assert (last["question"], last["total"], titles(last)) == (None, 1, ["two"])


async def test_the_third_question_is_the_one_that_splits_better(api: Api, catalogue: Catalogue):
    await catalogue.store(*(home(bhk=3, locality=f"Sector {sector}") for sector in (62, 78, 137)))
    answer = await api.guided(answers={"budget": {"min": 1}, "property_type": "apartment"})
    assert answer["question"]["id"] == "locality"
    assert counts(answer["question"]) == {"Sector 137": 1, "Sector 62": 1, "Sector 78": 1}
    assert answer["question"]["other_count"] == 0


async def test_nothing_is_asked_when_no_answer_would_narrow_anything(api: Api, catalogue: Catalogue):
    await catalogue.store(home(), home())
    answer = await api.guided(answers={"budget": {"min": 1}, "property_type": "apartment"})
    assert (answer["question"], answer["total"]) == (None, 2)


async def test_plots_are_never_asked_for_bedrooms(api: Api, catalogue: Catalogue):
    await catalogue.store(plot(locality="Sector 62"), plot(locality="Sector 78"))
    answer = await api.guided(answers={"budget": {"min": 1}, "property_type": "plot"})
    assert answer["question"]["id"] == "locality"


async def test_going_back_to_plots_drops_the_bedrooms(api: Api, catalogue: Catalogue):
    await catalogue.store(plot())
    answer = await api.guided(answers={"property_type": "plot", "bhk": [3]}, changed="property_type")
    assert (answer["total"], "bhk" in answer["search"]) == (1, False)
    assert answer["dropped"] == [
        {"id": "bhk", "values": [3], "reason": "No listing fits the answers before it."}
    ]


async def test_a_skipped_third_question_ends_the_flow(api: Api, catalogue: Catalogue):
    await catalogue.store(home(bhk=2), home(bhk=3))
    answers = {"budget": {"min": 1}, "property_type": "apartment"}
    assert (await api.guided(answers=answers))["question"] is not None
    assert (await api.guided(answers=answers, skipped=["bhk"]))["question"] is None


async def test_changing_an_answer_drops_the_later_ones_that_nothing_fits(api: Api, catalogue: Catalogue):
    await catalogue.store(
        home(bhk=2), home(bhk=1, property_type="studio"), home(bhk=3, property_type="villa")
    )
    answers = {"property_type": ["studio", "villa"], "bhk": [1, 2]}
    answer = await api.guided(answers=answers, changed="property_type")
    assert answer["dropped"] == [
        {"id": "bhk", "values": [2], "reason": "No listing fits the answers before it."}
    ]
    assert (answer["search"]["bhk"], answer["total"]) == ([1], 1)


async def test_without_saying_what_changed_an_answer_that_finds_nothing_is_kept(
    api: Api, catalogue: Catalogue
):
    await catalogue.store(home(bhk=2))
    answer = await api.guided(answers={"property_type": "villa", "bhk": 2})
    assert (answer["dropped"], answer["total"], answer["search"]["property_type"]) == ([], 0, ["villa"])


async def test_a_chosen_value_is_listed_even_when_nothing_has_it(api: Api, catalogue: Catalogue):
    await catalogue.store(home(locality="Sector 62"))
    answer = await api.guided(
        answers={"bhk": [7.5], "locality": "Sector 150", "budget": {"min": 5, "max": 9}}
    )
    selected = {
        question["id"]: [(o["value"], o["count"]) for o in question["options"] if o["selected"]]
        for question in answer["answered"]
    }
    assert selected == {"budget": [("5-10", 0)], "bhk": [(7.5, 0)], "locality": [("Sector 150", 0)]}


@pytest.mark.parametrize(
    ("budget", "label"),
    [
        ({"max": 10_000_000}, "Up to ₹1 Cr"),
        ({"min": 3_000_000}, "From ₹30 L"),
        ({"min": 4_000_000, "max": 6_000_000}, "₹40 L up to ₹60 L"),
    ],
)
async def test_a_range_of_ones_own_is_told_from_the_bands(
    api: Api, catalogue: Catalogue, budget: dict[str, int], label: str
):
    await catalogue.store(home(price=5_000_000), home(price=10_000_000))
    [answered] = (await api.guided(answers={"budget": budget}))["answered"]
    own, anything, *bands = answered["options"]
    assert (own["label"], own["selected"], any(band["selected"] for band in bands)) == (label, True, False)
    assert (anything["value"], anything["count"], anything["selected"]) == ("-", 2, False)


def selected(question: Any) -> list[Any]:
    return [option["value"] for option in question["options"] if option["selected"]]


ANY_PRICE = [
    {"answers": {"budget": "-"}},
    {"answers": {"budget": {}}},
    {"answers": {"budget": {"min": 0}}},
    {"budget_min": 0},
]


@pytest.mark.parametrize("wanted", ANY_PRICE)
async def test_any_price_is_an_answer_that_can_be_taken_back(
    api: Api, catalogue: Catalogue, wanted: dict[str, Any]
):
    await catalogue.store(*(home(price=price * LAKH) for price in range(30, 130)))
    answer = await api.guided(**wanted)
    assert (answer["question"]["id"], answer["search"].get("price")) == ("property_type", None)
    [budget] = answer["answered"]
    assert (budget["id"], budget["any"], selected(budget)) == ("budget", True, ["-"])
    anything, *bands = budget["options"]
    assert (anything["label"], anything["count"]) == ("Any price", 100)
    assert bands == [option | {"selected": False} for option in (await api.guided())["question"]["options"]]
    back = await api.guided(answers={"budget": bands[0]["value"]})
    assert (back["total"], back["answered"][0]["any"]) == (bands[0]["count"], False)
    assert back["answered"][0]["options"][0] == anything | {"selected": False}


async def test_where_there_is_one_band_it_is_any_price(api: Api, catalogue: Catalogue):
    await catalogue.store(home())
    [band] = (await api.guided())["question"]["options"]
    assert band == {"value": "-", "label": "Any price", "count": 1, "disabled": False}
    [answered] = (await api.guided(answers={"budget": "-"}))["answered"]
    assert answered["options"] == [band | {"selected": True}]


async def test_a_skipped_question_can_be_answered_after_all(api: Api, catalogue: Catalogue):
    await catalogue.store(home(bhk=2), home(bhk=3), home(bhk=3))
    answers = {"budget": "-", "property_type": "apartment"}
    skipped = await api.guided(answers=answers, skipped=["bhk"])
    assert [(question["id"], question["any"]) for question in skipped["answered"]] == [
        ("budget", True),
        ("property_type", False),
        ("bhk", True),
    ]
    assert (selected(skipped["answered"][2]), counts(skipped["answered"][2])) == (
        [],
        {1: 0, 2: 1, 3: 2, 4: 0, 5: 0},
    )
    chosen = await api.guided(answers={**answers, "bhk": 3}, skipped=["bhk"])
    assert (chosen["total"], chosen["answered"][2]["any"], selected(chosen["answered"][2])) == (2, False, [3])


async def test_nothing_is_asked_where_nothing_is_left(api: Api, catalogue: Catalogue):
    await catalogue.store(home(bhk=3))
    for answers in ({"bhk": [7.5]}, {"bhk": [7.5], "budget": {"min": 1}}):
        answer = await api.guided(answers=answers)
        assert (answer["question"], answer["total"]) == (None, 0)
        assert answer["answered"]
    assert (await api.guided(listing_type="rent"))["question"] is None


async def test_what_would_leave_nothing_is_marked_and_what_is_chosen_never(api: Api, catalogue: Catalogue):
    await catalogue.store(home(bhk=2), home(bhk=3, property_type="villa"))
    asked = (await api.guided(answers={"budget": "-"}))["question"]
    assert {option["value"] for option in asked["options"] if not option["disabled"]} == {
        "apartment",
        "villa",
    }
    answer = await api.guided(answers={"budget": "-", "property_type": "villa", "bhk": 2})
    kinds, bedrooms = answer["answered"][1:]
    assert {option["value"] for option in kinds["options"] if not option["disabled"]} == {
        "apartment",
        "villa",
    }
    assert {option["value"] for option in bedrooms["options"] if not option["disabled"]} == {2, 3}


async def test_a_cursor_goes_on_in_guided_search_and_in_faceted_search(api: Api, catalogue: Catalogue):
    await catalogue.store(*(home(str(number)) for number in range(8)))
    wanted = {"answers": {"bhk": 3}, "page_size": 3}
    first = await api.guided(**wanted)
    second = await api.guided(**wanted, counts=False, cursor=first["next_cursor"])
    third = await api.guided(**wanted, cursor=second["next_cursor"])
    assert [(page["page"], page["total"], len(page["items"])) for page in (first, second, third)] == [
        (1, 8, 3),
        (2, 8, 3),
        (3, 8, 2),
    ]
    assert {title for page in (first, second, third) for title in titles(page)} == set(map(str, range(8)))
    assert third["next_cursor"] is None
    faceted = await api.post("/api/v1/search/listings", {**first["search"], "cursor": first["next_cursor"]})
    assert faceted.body["items"] == second["items"]
    stranger = await api.post("/api/v1/search/guided", {"cursor": first["next_cursor"]})
    assert (stranger.status, stranger.wrong_fields()) == (400, {"#/cursor": "cursor"})
    both = await api.post("/api/v1/search/guided", {"cursor": "x", "page": 2})
    assert (both.status, both.wrong_fields()) == (422, {"#": "page_and_cursor"})


async def test_a_band_can_be_answered_by_its_id(api: Api, catalogue: Catalogue):
    await catalogue.store(
        *(home(str(price), price=price) for price in (3_999_999, 4_000_000, 5_999_999, 6_000_000))
    )
    answer = await api.guided(answers={"budget": "4000000-6000000"}, sort="price_asc")
    assert titles(answer) == ["4000000", "5999999"]
    assert answer["search"]["price"] == {"min": 4_000_000, "max": 5_999_999}
    for open_end, expected in (("-4000000", ["3999999"]), ("6000000-", ["6000000"])):
        assert titles(await api.guided(answers={"budget": open_end})) == expected


async def test_the_flat_form_of_the_first_frontend_means_the_same(api: Api, catalogue: Catalogue):
    await catalogue.store(home("near", locality="Sector 62"), home("far", locality="Sector 150"))
    nested = await api.guided(
        answers={
            "budget": {"min": 1, "max": 10**9},
            "property_type": ["apartment"],
            "bhk": [3],
            "locality": ["Sector 62"],
        }
    )
    flat = {"budget_min": 1, "budget_max": 10**9, "property_type": "apartment", "bhk": 3}
    assert await api.guided(**flat, localities=["Sector 62"]) == nested
    linked = await api.get("/api/v1/search/guided", **flat, localities="Sector 62")
    assert linked.body == nested
    assert titles(nested) == ["near"]


async def test_only_live_listings_of_the_asked_kind_are_found(api: Api, catalogue: Catalogue):
    states = ("draft", "active", "under_offer", "inactive", "sold", "expired", "deleted")
    await catalogue.store(*(home(state, state=state) for state in states), home("rent", listing_type="rent"))
    assert set(titles(await api.guided())) == {"active", "under_offer"}
    assert titles(await api.guided(listing_type="rent")) == ["rent"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("relevance", ["pictured", "dear", "wide"]),
        ("newest", ["wide", "dear", "pictured"]),
        ("price_asc", ["wide", "pictured", "dear"]),
        ("price_desc", ["dear", "pictured", "wide"]),
        ("price_per_sqft_asc", ["wide", "pictured", "dear"]),
        ("area_desc", ["wide", "pictured", "dear"]),
        ("vastu_desc", ["pictured", "dear", "wide"]),
        ("light_desc", ["dear", "pictured", "wide"]),
        ("deal", ["wide", "pictured", "dear"]),
    ],
)
async def test_listings_come_in_the_order_asked_for(
    api: Api, catalogue: Catalogue, sort: str, expected: list[str]
):
    pictured = home(
        "pictured", price=10_000_000, vastu_score=90, light_score=50, listed_at="2026-01-01T00:00:00Z"
    )
    dear = home("dear", price=20_000_000, vastu_score=50, light_score=90, listed_at="2026-01-02T00:00:00Z")
    wide = home("wide", price=9_000_000, area_sqft=3_000, listed_at="2026-01-03T00:00:00Z")
    ids = await catalogue.store(pictured, dear, wide)
    deltas = zip(ids, (1, 2, -3), strict=True)
    await catalogue.label(*((key, "fair", delta) for key, delta in deltas))
    assert titles(await api.guided(sort=sort)) == expected


async def test_pages_show_every_listing_once(api: Api, catalogue: Catalogue):
    await catalogue.store(*(home(str(number)) for number in range(25)))
    pages = [await api.guided(page=page, page_size=10) for page in (1, 2, 3, 4)]
    assert [len(page["items"]) for page in pages] == [10, 10, 5, 0]
    assert {title for page in pages for title in titles(page)} == {str(number) for number in range(25)}
    assert {page["total"] for page in pages} == {25}


async def test_counts_can_be_left_out(api: Api, catalogue: Catalogue):
    await catalogue.store(home(), home())
    answer = await api.guided(counts=False, answers={"bhk": 3})
    assert (answer["question"], answer["answered"], answer["total"]) == (None, [], 2)


async def test_a_rank_can_be_explained_by_its_parts(api: Api, catalogue: Catalogue):
    await catalogue.store(home(vastu_score=50, listed_at="2020-01-11T00:00:00Z"))
    [card] = (await api.guided(explain=True))["items"]
    assert card["rank"] == {"vastu": 10, "light": 4, "deal": 10, "image": 0, "freshness": 1, "total": 25}


async def test_a_search_without_an_index_is_unavailable_and_says_what_to_do(api: Api):
    answer = await api.get("/api/v1/search/guided")
    assert (answer.status, answer.body["code"]) == (503, "search_unavailable")
    assert "indexer reindex" in answer.body["detail"]
