"""Every count of guided search, compared with plain SQL over all rows.

The oracle shares no code with the query bodies. It takes the visitor's answers and counts in Postgres,
with one statement for each number.
"""

import random
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.vocabulary import PropertyType
from tests.factories import Row, home
from tests.server.conftest import Api, Catalogue

LOCALITIES = ["Sector 1", "Sector 15A", "Sector 62", "Sector 78", "Sector 93A", "Sector 150"]
PRICES = [1_000, 499_999, 500_000, 3_000_000, 4_000_000, 7_500_000, 12_500_000, 900_000_000]
BHKS = [0.5, 1, 2, 2.5, 3, 4, 7]
ROWS = 400

answers = st.fixed_dictionaries(
    {},
    optional={
        "budget": st.tuples(st.sampled_from([None, *PRICES]), st.sampled_from([None, *PRICES])).map(
            lambda ends: (
                {"min": ends[0], "max": ends[1]} if None in ends else {"min": min(ends), "max": max(ends)}
            )
        ),
        "property_type": st.lists(st.sampled_from(list(PropertyType)), max_size=3),
        "bhk": st.lists(st.sampled_from(BHKS), max_size=3),
        "locality": st.lists(st.sampled_from([*LOCALITIES, "Sector 99"]), max_size=3),
    },
)
searches = st.fixed_dictionaries({"listing_type": st.sampled_from(["sale", "rent"]), "answers": answers})

FILTERS = {
    "budget": "(price >= coalesce(:lowest, 0) AND price <= coalesce(:highest, 9e18))",
    "property_type": "property_type = ANY (:property_type)",
    "bhk": "bhk = ANY (:bhk)",
    "locality": "locality = ANY (:locality)",
}
COLUMNS = {"property_type": "property_type", "bhk": "bhk", "locality": "locality"}


def random_home(rng: random.Random) -> Row:
    kind = rng.choice([*PropertyType, "apartment", "apartment"])
    return home(
        property_type=kind,
        bhk=None if kind == "plot" else rng.choice(BHKS),
        locality=rng.choice(LOCALITIES),
        price=rng.choice(PRICES) + rng.choice([0, 0, 1]),
        listing_type=rng.choice(["sale", "sale", "rent"]),
        state=rng.choice(["active", "active", "active", "under_offer", "inactive", "sold", "deleted"]),
    )


@dataclass(frozen=True)
class Oracle:
    """Brute force: one SELECT over all rows for each number."""

    engine: AsyncEngine

    async def count(self, wanted: dict[str, Any], *, ignoring: str | None = None, also: str = "true") -> int:
        where, values = conditions(wanted, ignoring)
        return int(
            (await self._run(f"SELECT count(*) FROM properties WHERE {where} AND {also}", values))[0][0]
        )

    async def spread(self, wanted: dict[str, Any], group: str) -> dict[Any, int]:
        """Count listings by the values of a group, with the choices of all other groups applied."""
        where, values = conditions(wanted, group)
        column = COLUMNS[group]
        rows = await self._run(f"SELECT {column}, count(*) FROM properties WHERE {where} GROUP BY 1", values)
        return {
            float(value) if group == "bhk" else value: count for value, count in rows if value is not None
        }

    async def _run(self, statement: str, values: dict[str, Any]) -> list[Any]:
        async with self.engine.connect() as connection:
            return list(await connection.execute(text(statement), values))


def conditions(wanted: dict[str, Any], ignoring: str | None) -> tuple[str, dict[str, Any]]:
    chosen = wanted["answers"]
    budget = chosen.get("budget") or {"min": None, "max": None}
    values = {
        "listing_type": wanted["listing_type"],
        "lowest": budget["min"],
        "highest": budget["max"],
        "property_type": [str(kind) for kind in chosen.get("property_type", [])],
        "bhk": [float(bhk) for bhk in chosen.get("bhk", [])],
        "locality": chosen.get("locality", []),
    }
    base = "listing_type = :listing_type AND state IN ('active', 'under_offer')"
    groups = [FILTERS[group] for group in FILTERS if chosen.get(group) and group != ignoring]
    where = " AND ".join([base, *groups])
    return where, {name: value for name, value in values.items() if f":{name}" in where}


@pytest.fixture(scope="module")
async def oracle(live: Catalogue) -> Oracle:
    """Four hundred random listings, also inactive ones, in both stores; kept for the whole module."""
    rng = random.Random(20260201)
    await live.store(*(random_home(rng) for _ in range(ROWS)))
    return Oracle(live.engine)


def normal(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the search as the API reads it: a budget without ends is dropped."""
    chosen = {group: value for group, value in wanted["answers"].items() if value}
    if chosen.get("budget") == {"min": None, "max": None}:
        del chosen["budget"]
    return wanted | {"answers": chosen}


def option_counts(question: dict[str, Any]) -> dict[Any, int]:
    return {option["value"]: option["count"] for option in question["options"]}


@settings(max_examples=60)
@given(wanted=searches)
async def test_totals_and_hits_are_those_of_sql(api: Api, oracle: Oracle, wanted: dict[str, Any]):
    answer = await api.guided(**wanted, page_size=50)
    total = await oracle.count(normal(wanted))
    assert (answer["total"], len(answer["items"])) == (total, min(total, 50))


@settings(max_examples=60)
@given(wanted=searches)
async def test_each_count_of_an_answered_question_is_disjunctive(
    api: Api, oracle: Oracle, wanted: dict[str, Any]
):
    answer = await api.guided(**wanted)
    given = {group for group, value in wanted["answers"].items() if value}
    assert {question["id"] for question in answer["answered"]} == given
    assert {question["id"] for question in answer["answered"] if question["any"]} == given - set(
        normal(wanted)["answers"]
    )
    for question in answer["answered"]:
        if question["id"] != "budget":
            await agrees(oracle, normal(wanted), question)


@settings(max_examples=60)
@given(wanted=searches)
async def test_each_count_of_the_next_question_is_what_choosing_it_finds(
    api: Api, oracle: Oracle, wanted: dict[str, Any]
):
    answer = await api.guided(**wanted)
    question = answer["question"]
    if question is None:
        return
    if question["id"] != "budget":
        await agrees(oracle, normal(wanted), question)
    assert answer["total"]
    for option in question["options"]:
        assert option["disabled"] is (option["count"] == 0)
        chosen = wanted["answers"] | {question["id"]: option["value"]}
        assert (await api.guided(**wanted | {"answers": chosen}))["total"] == option["count"]


@settings(max_examples=60)
@given(wanted=searches)
async def test_budget_bands_hold_every_listing_once(api: Api, oracle: Oracle, wanted: dict[str, Any]):
    answer = await api.guided(**wanted)
    questions = [answer["question"], *answer["answered"]]
    supply = await oracle.count(normal(wanted), ignoring="budget")
    budgets = [question for question in questions if question and question["id"] == "budget"]
    if not budgets:
        assert not supply
        return
    [budget] = budgets
    bands = bands_of(budget["options"])
    assert sum(option["count"] for option in bands) == supply
    assert all(option["count"] >= 0.05 * supply for option in bands)
    for option in budget["options"]:
        assert option["count"] == await oracle.count(
            normal(wanted), ignoring="budget", also=within(option["value"])
        )


@settings(max_examples=60)
@given(wanted=searches)
async def test_the_counts_of_the_selected_values_add_up_to_the_total(
    api: Api, oracle: Oracle, wanted: dict[str, Any]
):
    answer = await api.guided(**wanted)
    for question in answer["answered"]:
        assert not any(option["disabled"] for option in question["options"] if option["selected"])
        selected = [option["count"] for option in question["options"] if option["selected"]]
        assert sum(selected) == answer["total"]


def bands_of(options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the bands, starting at 0; "any price" and the visitor's own range precede them."""
    starts = [place for place, option in enumerate(options) if option["value"].startswith("-")]
    return options[starts[-1] :] if starts and options[starts[-1]]["count"] else []


def within(band: str) -> str:
    floor, ceiling = band.split("-")
    return f"(price >= {floor or 0} AND price < {ceiling or 9e18})"


async def agrees(oracle: Oracle, wanted: dict[str, Any], question: dict[str, Any]) -> None:
    expected = await oracle.spread(wanted, question["id"])
    found = option_counts(question)
    assert {value: count for value, count in found.items() if count} == expected
    assert question.get("other_count", 0) == 0
