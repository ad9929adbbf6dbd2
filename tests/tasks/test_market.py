"""The market pass: medians as Python counts them, labels, and nothing written that did not change."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from statistics import median
from typing import Any

import pytest
from sqlalchemy import text

from tasks.market import batches, compare_prices, compared, write
from tests.factories import Row, home, plot, store

SQFT = 1_000
"""The area of the homes below, so that a price per sqft reads as one."""


def at(price_per_sqft: int, title: str = "Garden flat", **columns: Any) -> Row:
    return home(title, **({"price": price_per_sqft * SQFT, "area_sqft": SQFT} | columns))


def market(*prices_per_sqft: int, **columns: Any) -> list[Row]:
    return [at(price, str(price), **columns) for price in prices_per_sqft]


async def ask(engine, question: str, **values: Any) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(question), values)]


async def change(engine, statement: str, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


async def labels(engine) -> dict[str, tuple[str | None, float | None, str | None]]:
    """By title: label, percent, reason."""
    rows = await ask(
        engine,
        "SELECT title, label, delta_pct::float, reason FROM property_market m"
        " JOIN properties p ON p.id = m.property_id",
    )
    return {title: (label, delta_pct, reason) for title, label, delta_pct, reason in rows}


async def settle(engine) -> None:
    await change(engine, "DELETE FROM search_outbox")


def percentile(values: Sequence[int], share: float) -> float:
    """Between the two nearest values, as `percentile_cont` has it."""
    place = share * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def any_home(chance: random.Random) -> Row:
    return home(
        locality=chance.choice(["Sector 62", "Sector 78"]),
        property_type=chance.choice(["apartment", "villa"]),
        listing_type=chance.choice(["sale", "rent"]),
        area_basis=chance.choice(["super", "carpet"]),
        bhk=chance.choice([2, 2.5]),
        area_sqft=chance.randint(300, 5_000),
        price=chance.randint(1_000_000, 90_000_000),
        state=chance.choice(["active", "active", "under_offer", "draft", "sold"]),
    )


@pytest.mark.parametrize("seed", range(3))
async def test_segments_are_what_python_makes_of_the_same_listings(engine, seed):
    chance = random.Random(seed)
    rows = [any_home(chance) for _ in range(150)] + [plot(price=chance.randint(10**6, 10**8)) for _ in "1234"]
    await store(engine, *rows)
    await compare_prices(engine)
    key = ("locality", "property_type", "listing_type", "area_basis", "bhk")
    offered = defaultdict(list)
    for row in rows:
        if row["state"] in {"active", "under_offer"}:
            price_per_sqft = (row["price"] + row["area_sqft"] // 2) // row["area_sqft"]
            offered[tuple(row[column] for column in key)].append(price_per_sqft)
    expected = {
        segment: (
            len(values),
            round(percentile(sorted(values), 0.25)),
            round(median(values)),
            round(percentile(sorted(values), 0.75)),
        )
        for segment, values in offered.items()
    }
    found = await ask(engine, f"SELECT {', '.join(key)}, n, p25, median, p75 FROM market_segments")
    assert {segment[:5]: segment[5:] for segment in found} == expected


async def test_a_segment_that_is_no_longer_offered_is_forgotten(engine):
    await store(engine, *market(8_000, 9_000))
    await compare_prices(engine)
    await change(engine, "UPDATE properties SET state = 'sold'")
    await compare_prices(engine)
    assert await ask(engine, "SELECT n FROM market_segments") == []


@pytest.mark.parametrize(
    ("price_per_sqft", "delta_pct", "label"),
    [
        (6_400, -36.0, "check_price"),
        (8_000, -20.0, "great"),
        (9_300, -7.0, "good"),
        (10_000, 0.0, "fair"),
        (10_600, 6.0, "above"),
        (13_000, 30.0, "high"),
    ],
)
async def test_a_price_gets_its_label_against_the_median_of_its_segment(
    engine, price_per_sqft, delta_pct, label
):
    await store(engine, *market(*[10_000] * 7), at(price_per_sqft, "subject"))
    assert await compare_prices(engine) == 8
    found = await ask(
        engine,
        "SELECT level, n, median, delta_pct, label, reason, method FROM property_market m"
        " JOIN properties p ON p.id = m.property_id WHERE title = 'subject'",
    )
    assert found == [("segment", 8, 10_000, Decimal(str(delta_pct)), label, None, "segment_median")]


async def test_below_eight_comparables_there_is_a_reason_and_no_label(engine):
    await store(engine, *market(*[10_000] * 7))
    assert await compare_prices(engine) == 7
    found = await ask(
        engine, "SELECT DISTINCT level, n, median, delta_pct, label, reason FROM property_market"
    )
    assert found == [(None, 7, 10_000, None, None, "too_few")]


async def test_listings_that_are_not_offered_neither_count_nor_get_a_label(engine):
    states = ("draft", "inactive", "sold", "expired", "deleted")
    gone = [at(1_000, state, state=state) for state in states]
    await store(engine, *market(*range(10_000, 10_008)), *gone)
    assert await compare_prices(engine) == 8
    assert await ask(engine, "SELECT n, median FROM market_segments") == [(8, 10_004)]
    assert (await labels(engine)).keys().isdisjoint(states)


@pytest.mark.parametrize(
    "columns",
    [
        {"area_basis": "carpet"},
        {"listing_type": "rent"},
        {"property_type": "villa"},
        {"bhk": 2.5},
        {"property_type": "plot", "bhk": None},
        {"locality": "Sector 78"},
    ],
)
async def test_only_the_same_kind_of_home_is_compared(engine, columns):
    await store(engine, *market(*[10_000] * 8), at(5_000, "another kind", **columns))
    await compare_prices(engine)
    assert await labels(engine) == {
        "10000": ("fair", 0.0, None),
        "another kind": (None, None, "too_few"),
    }


async def test_plots_are_compared_though_they_have_no_bedrooms(engine):
    plots = {"property_type": "plot", "bhk": None}
    await store(engine, *market(*[10_000] * 7, 9_000, **plots))
    await compare_prices(engine)
    assert await labels(engine) == {"10000": ("fair", 0.0, None), "9000": ("good", -10.0, None)}


async def test_a_label_owes_its_listing_a_visit(engine):
    await store(engine, *market(*[10_000] * 8))
    await settle(engine)
    await compare_prices(engine)
    assert await ask(engine, "SELECT revision, count(*) FROM search_outbox GROUP BY revision") == [(2, 8)]


async def test_a_pass_over_an_unchanged_market_writes_nothing_and_owes_nothing(engine):
    await store(engine, *market(*range(9_000, 9_010)), *market(8_000, 8_100, locality="Sector 78"))
    assert await compare_prices(engine) == 12
    written = await ask(engine, "SELECT * FROM property_market ORDER BY 1")
    await settle(engine)
    assert await compare_prices(engine) == 0
    assert await ask(engine, "SELECT * FROM property_market ORDER BY 1") == written
    assert await ask(engine, "SELECT * FROM search_outbox") == []


async def test_an_edited_price_is_labelled_anew(engine):
    await store(engine, *market(*[10_000] * 8), at(9_000, "subject"))
    await compare_prices(engine)
    await change(engine, "UPDATE properties SET price = 12000000 WHERE title = 'subject'")
    assert (await labels(engine))["subject"] == (None, None, "recalculating")
    assert await compare_prices(engine) == 1
    assert (await labels(engine))["subject"] == ("high", 20.0, None)


async def test_an_edit_that_comes_back_to_the_old_price_gets_its_label_back(engine):
    await store(engine, *market(*[10_000] * 8))
    await compare_prices(engine)
    await change(engine, "UPDATE properties SET price = price + 1")
    await change(engine, "UPDATE properties SET price = price - 1")
    assert await compare_prices(engine) == 8
    assert await labels(engine) == {"10000": ("fair", 0.0, None)}


@pytest.mark.parametrize(
    ("middle", "stored"),
    [
        (10_050, -10.0),  # -10.4 now
        (10_100, -10.0),  # -10.9 now, still not worth another revision
        (10_112, -11.0),
        (10_200, -11.8),
    ],
)
async def test_a_difference_is_written_when_it_moves_by_a_point(engine, middle, stored):
    await store(engine, at(9_000, "subject"), *market(*[9_400] * 3, *[11_500] * 4), at(10_000, "middle"))
    await compare_prices(engine)
    assert (await labels(engine))["subject"] == ("good", -10.0, None)
    await change(engine, "UPDATE properties SET price = :price WHERE title = 'middle'", price=middle * SQFT)
    await compare_prices(engine)
    assert (await labels(engine))["subject"] == ("good", stored, None)


async def test_a_small_move_of_the_median_costs_no_revision(engine):
    await store(engine, at(9_000, "subject"), *market(*[9_400] * 3, *[11_500] * 4), at(10_000, "middle"))
    await compare_prices(engine)
    await change(engine, "UPDATE properties SET price = 10050000 WHERE title = 'middle'")
    await settle(engine)
    assert await compare_prices(engine) == 1
    owed = await ask(engine, "SELECT title FROM search_outbox o JOIN properties p ON p.id = o.property_id")
    assert owed == [("middle",)]


async def test_a_segment_that_becomes_too_small_loses_its_labels(engine):
    await store(engine, *market(*[10_000] * 7), at(9_000, "last"))
    await compare_prices(engine)
    await change(engine, "UPDATE properties SET state = 'sold' WHERE title = 'last'")
    assert await compare_prices(engine) == 7
    assert (await labels(engine))["10000"] == (None, None, "too_few")


async def compare_all(engine) -> list[Any]:
    """What a pass found and is about to write."""
    return [pair async for batch in batches(engine) for pair in map(compared, batch)]


async def test_nothing_to_write_is_no_transaction(engine):
    assert await write(engine, []) == 0


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE properties SET price = price * 2",
        "UPDATE properties SET bhk = 4",
        "UPDATE properties SET area_basis = 'carpet'",
        "UPDATE properties SET locality = 'Sector 78', sector = '78'",
        "UPDATE properties SET price = price * 2, area_sqft = area_sqft * 2",
    ],
)
async def test_an_edit_during_the_pass_is_left_to_the_next_one(engine, edit):
    await store(engine, *market(*[10_000] * 8))
    await compare_prices(engine)
    found = await compare_all(engine)
    await change(engine, edit)
    assert await write(engine, found) == 0
    assert await labels(engine) == {"10000": (None, None, "recalculating")}


async def test_a_listing_that_is_deleted_during_the_pass_is_passed_over(engine):
    await store(engine, *market(*[10_000] * 8), at(9_000, "gone"))
    found = await compare_all(engine)
    await change(engine, "DELETE FROM properties WHERE title = 'gone'")
    assert await write(engine, found) == 8


async def test_two_passes_at_the_same_time_agree(engine):
    await store(engine, *market(*range(9_000, 9_020)))
    await asyncio.gather(compare_prices(engine), compare_prices(engine))
    assert await ask(engine, "SELECT DISTINCT revision FROM properties") == [(2,)]
    assert await ask(engine, "SELECT n FROM market_segments") == [(20,)]


async def test_an_absurdly_dear_listing_does_not_keep_the_others_from_their_labels(engine):
    dearest = home("dearest", price=100_000_000_000, area_sqft=50)
    await store(engine, *market(*[10_000] * 8), dearest)
    await compare_prices(engine)
    found = await labels(engine)
    assert (found["10000"], found["dearest"][0]) == (("fair", 0.0, None), "high")


async def test_a_segment_whose_median_is_nought_gets_no_label(engine):
    acres = [home("acres", listing_type="rent", price=500, area_sqft=1_000_000) for _ in range(8)]
    await store(engine, *market(*[10_000] * 8), *acres)
    await compare_prices(engine)
    found = await labels(engine)
    assert (found["10000"], found["acres"][0]) == (("fair", 0.0, None), None)
