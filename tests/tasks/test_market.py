"""The market passes: medians, labels, and no write without a change; compared with plain Python."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from statistics import median
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from domain.market.survey import Findings, survey
from tasks.market.passes import (
    LOCK_PASS,
    METHOD,
    compare_prices,
    compare_withdrawn,
    measure_quality,
    write_comparisons,
)
from tasks.market.snapshot import Snapshot, read_snapshot
from tests.domain.market import oracle
from tests.factories import Row, home, plot, store

SQFT = 1_000
"""Area of the homes below, so that a price is simply 1,000 times the price per sqft."""


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
    """Return label, percent difference and reason by title."""
    rows = await ask(
        engine,
        "SELECT title, label, delta_pct::float, reason FROM property_market m"
        " JOIN properties p ON p.id = m.property_id",
    )
    return {title: (label, delta_pct, reason) for title, label, delta_pct, reason in rows}


async def settle(engine) -> None:
    await change(engine, "DELETE FROM search_outbox")


def percentile(values: Sequence[int], share: float) -> float:
    """Interpolate between the two nearest values, as `percentile_cont` does."""
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
    found = await ask(
        engine, f"SELECT {', '.join(key)}, n, p25, median, p75 FROM market_segments WHERE NOT every_bhk"
    )
    assert {segment[:5]: segment[5:] for segment in found} == expected


async def test_all_bedrooms_together_are_a_segment_too(engine):
    await store(engine, *market(8_000, 9_000, bhk=2), *market(12_000, bhk=3), plot(price=9_000_000))
    await compare_prices(engine)
    found = await ask(
        engine,
        "SELECT property_type, n, p25, median, p75 FROM market_segments WHERE every_bhk ORDER BY 1",
    )
    assert found == [("apartment", 3, 8_500, 9_000, 10_500), ("plot", 1, 6_000, 6_000, 6_000)]


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
async def test_a_price_gets_its_label_against_the_median_of_its_comparables(
    engine, price_per_sqft, delta_pct, label
):
    await store(engine, *market(*[10_000] * 8), at(price_per_sqft, "subject"))
    assert await compare_prices(engine) == 9
    found = await ask(
        engine,
        "SELECT level, n, median, delta_pct, label, reason, method FROM property_market m"
        " JOIN properties p ON p.id = m.property_id WHERE title = 'subject'",
    )
    assert found == [("same_sector", 8, 10_000, Decimal(str(delta_pct)), label, None, METHOD)]


@pytest.mark.parametrize(
    ("others", "n", "median_of_them", "reason"),
    [
        (7, 7, 10_000, "too_few"),
        (5, 5, 10_000, "too_few"),
        (4, 4, None, "insufficient_data"),
        (0, 0, None, "insufficient_data"),
    ],
)
async def test_below_eight_comparables_there_is_a_reason_and_no_label(
    engine, others, n, median_of_them, reason
):
    await store(engine, *market(*[10_000] * (others + 1)))
    assert await compare_prices(engine) == others + 1
    found = await ask(
        engine, "SELECT DISTINCT level, n, median, delta_pct, label, reason FROM property_market"
    )
    assert found == [("city", n, median_of_them, None, None, reason)]


async def test_a_city_is_a_range_and_no_label(engine):
    await store(engine, *market(*[10_000] * 9), at(5_000, "far away", locality="Sector 150"))
    await compare_prices(engine)
    assert (await labels(engine))["far away"] == (None, None, "city_level")


@pytest.mark.parametrize(
    ("columns", "others", "level"),
    [
        ({"society": "Green Court"}, {"society": "Green Court"}, "same_society"),
        ({"society": "Green Court"}, {"society": "Blue Court"}, "same_sector"),
        ({"area_sqft": 1_290}, {}, "similar_in_sector"),
        ({"bhk": 2}, {}, "similar_in_sector"),
        (
            {"latitude": 28.6, "longitude": 77.35},
            {"locality": "Sector 61", "latitude": 28.61, "longitude": 77.35},
            "within_2_km",
        ),
        ({"area_sqft": 5_000}, {"locality": "Sector 63"}, "neighbouring_sectors"),
    ],
)
async def test_the_nearest_level_with_enough_comparables_counts(engine, columns, others, level):
    await store(engine, *market(*[10_000] * 8, **others), at(9_000, "subject", **columns))
    await compare_prices(engine)
    found = await ask(
        engine,
        "SELECT level, n FROM property_market m JOIN properties p ON p.id = m.property_id"
        " WHERE title = 'subject'",
    )
    assert found == [(level, 8)]


async def test_listings_that_are_not_offered_neither_count_nor_get_a_label(engine):
    states = ("draft", "inactive", "sold", "expired", "deleted")
    gone = [at(1_000, state, state=state) for state in states]
    await store(engine, *market(*range(10_000, 10_009)), *gone)
    assert await compare_prices(engine) == 9
    assert await ask(engine, "SELECT DISTINCT n, median FROM market_segments") == [(9, 10_004)]
    assert (await labels(engine)).keys().isdisjoint(states)


@pytest.mark.parametrize(
    "columns",
    [
        {"area_basis": "carpet"},
        {"listing_type": "rent"},
        {"property_type": "villa"},
        {"property_type": "plot", "bhk": None},
    ],
)
async def test_only_the_same_kind_of_home_is_compared(engine, columns):
    await store(engine, *market(*[10_000] * 9), at(5_000, "another kind", **columns))
    await compare_prices(engine)
    assert await labels(engine) == {
        "10000": ("fair", 0.0, None),
        "another kind": (None, None, "insufficient_data"),
    }


async def test_plots_are_compared_though_they_have_no_bedrooms(engine):
    plots = {"property_type": "plot", "bhk": None}
    await store(engine, *market(*[10_000] * 8, 9_000, **plots))
    await compare_prices(engine)
    assert await labels(engine) == {"10000": ("fair", 0.0, None), "9000": ("good", -10.0, None)}


async def test_a_label_owes_its_listing_a_visit(engine):
    await store(engine, *market(*[10_000] * 9))
    await settle(engine)
    await compare_prices(engine)
    owed = "SELECT count(*) FROM search_outbox o JOIN properties p USING (revision) WHERE p.id = property_id"
    assert await ask(engine, owed) == [(9,)]


async def test_a_pass_over_an_unchanged_market_writes_nothing_and_owes_nothing(engine):
    await store(engine, *market(*range(9_000, 9_010)), *market(8_000, 8_100, locality="Sector 150"))
    assert await compare_prices(engine) == 12
    written = await ask(engine, "SELECT * FROM property_market ORDER BY 1")
    await settle(engine)
    assert await compare_prices(engine) == 0
    assert await ask(engine, "SELECT * FROM property_market ORDER BY 1") == written
    assert await ask(engine, "SELECT * FROM search_outbox") == []


async def test_an_edited_price_is_labelled_anew(engine):
    await store(engine, *market(*[10_000] * 9), at(9_000, "subject"))
    await compare_prices(engine)
    await change(engine, "UPDATE properties SET price = 12000000 WHERE title = 'subject'")
    assert (await labels(engine))["subject"] == (None, None, "recalculating")
    assert await compare_withdrawn(engine) == 1
    assert (await labels(engine))["subject"] == ("high", 20.0, None)


async def test_a_new_listing_does_not_wait_for_the_next_pass_over_all(engine):
    await store(engine, *market(*[10_000] * 9))
    await compare_prices(engine)
    await store(engine, at(9_000, "new"), at(9_000, "a draft", state="draft"))
    assert await compare_withdrawn(engine) == 1
    assert await compare_withdrawn(engine) == 0
    assert await labels(engine) == {"10000": ("fair", 0.0, None), "new": ("good", -10.0, None)}


async def test_an_edit_that_comes_back_to_the_old_price_gets_its_label_back(engine):
    await store(engine, *market(*[10_000] * 9))
    await compare_prices(engine)
    await change(engine, "UPDATE properties SET price = price + 1")
    await change(engine, "UPDATE properties SET price = price - 1")
    assert await compare_withdrawn(engine) == 9
    assert await labels(engine) == {"10000": ("fair", 0.0, None)}


MIDDLE = (9_400, 9_400, 9_400, 11_500, 11_500, 11_500)
"""Six prices; with two middle prices added, those two determine the median."""


@pytest.mark.parametrize(
    ("middle", "stored"),
    [
        (10_050, -10.0),  # now -10.4
        (10_100, -10.0),  # now -10.9: not a full point, so no new revision
        (10_112, -11.0),
        (10_200, -11.8),
    ],
)
async def test_a_difference_is_written_when_it_moves_by_a_point(engine, middle, stored):
    await store(engine, at(9_000, "subject"), *market(*MIDDLE), *(at(10_000, "middle") for _ in "12"))
    await compare_prices(engine)
    assert (await labels(engine))["subject"] == ("good", -10.0, None)
    await change(engine, "UPDATE properties SET price = :price WHERE title = 'middle'", price=middle * SQFT)
    await compare_prices(engine)
    assert (await labels(engine))["subject"] == ("good", stored, None)


async def test_a_changed_price_is_news_for_those_it_is_compared_with_and_for_no_other(engine):
    far = market(*range(9_000, 9_900, 100), locality="Sector 150")
    await store(engine, at(9_000, "subject"), *market(*MIDDLE), *(at(10_000, "middle") for _ in "12"), *far)
    await compare_prices(engine)
    before = await labels(engine)
    await change(engine, "UPDATE properties SET price = 11000000 WHERE title = 'middle'")
    await compare_prices(engine)
    after = await labels(engine)
    assert {title for title in before if before[title] != after[title]} == {
        "subject",
        "9400",
        "11500",
        "middle",
    }


async def test_a_market_that_becomes_too_small_loses_its_labels(engine):
    await store(engine, *market(*[10_000] * 8), at(9_000, "last"))
    await compare_prices(engine)
    await change(engine, "UPDATE properties SET state = 'sold' WHERE title = 'last'")
    assert await compare_prices(engine) == 8
    assert (await labels(engine))["10000"] == (None, None, "too_few")


async def compare_all(engine) -> tuple[Snapshot, Any, Findings]:
    """Return what a pass has read and found, before it writes."""
    snapshot = await read_snapshot(engine, METHOD)
    return snapshot, np.arange(len(snapshot.rows)), survey(snapshot.listings)


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
    await store(engine, *market(*[10_000] * 9))
    await compare_prices(engine)
    found = await compare_all(engine)
    await change(engine, edit)
    assert await write_comparisons(engine, *found) == 0
    assert await labels(engine) == {"10000": (None, None, "recalculating")}


async def test_a_listing_that_is_deleted_during_the_pass_is_passed_over(engine):
    await store(engine, *market(*[10_000] * 8), at(9_000, "gone"))
    found = await compare_all(engine)
    await change(engine, "DELETE FROM properties WHERE title = 'gone'")
    assert await write_comparisons(engine, *found) == 8


async def test_two_passes_at_the_same_time_agree(engine):
    await store(engine, *market(*range(9_000, 9_020)))
    await settle(engine)
    await asyncio.gather(compare_prices(engine), compare_prices(engine), compare_withdrawn(engine))
    owed = "SELECT count(*), count(DISTINCT property_id) FROM search_outbox"
    assert await ask(engine, owed) == [(20, 20)]
    assert await ask(engine, "SELECT n FROM market_segments") == [(20,), (20,)]


async def test_an_absurdly_dear_listing_does_not_keep_the_others_from_their_labels(engine):
    dearest = home("dearest", price=100_000_000_000, area_sqft=1_000)
    await store(engine, *market(*[10_000] * 9), dearest)
    await compare_prices(engine)
    assert await labels(engine) == {"10000": ("fair", 0.0, None), "dearest": ("high", 9_999.9, None)}


async def test_a_market_whose_median_is_nought_gets_no_label(engine):
    acres = [home("acres", listing_type="rent", price=500, area_sqft=1_000_000) for _ in range(9)]
    await store(engine, *market(*[10_000] * 9), *acres)
    await compare_prices(engine)
    assert await labels(engine) == {"10000": ("fair", 0.0, None), "acres": (None, None, "no_median")}


async def test_the_error_of_the_method_is_kept(engine):
    await store(engine, *market(*[10_000] * 8), at(9_200, "8 % off"), at(12_500, "25 % off"))
    await measure_quality(engine)
    kept = await ask(
        engine,
        "SELECT listing_type, listings, compared, median_error_pct::float, within_5::float, within_10::float,"
        " within_20::float FROM market_quality ORDER BY id",
    )
    assert kept == [("sale", 10, 10, 0.0, 80.0, 90.0, 90.0), ("rent", 0, 0, None, None, None, None)]


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_error_is_that_of_plain_loops_which_leave_each_listing_out(engine, seed):
    chance = random.Random(seed)
    homes = [
        oracle.Home(
            price_per_sqft=round(chance.gauss(10_000, 1_500)),
            area_sqft=chance.choice([900, 1_000, 1_100, 1_400]),
            bhk=chance.choice([2, 3, 3]),
            locality=chance.choice(["Sector 62", "Sector 62", "Sector 63", "Sector 150"]),
        )
        for _ in range(120)
    ]
    rows = [
        home(
            price=one.price_per_sqft * one.area_sqft,
            area_sqft=one.area_sqft,
            bhk=one.bhk,
            locality=one.locality,
        )
        | {"latitude": None, "longitude": None}
        for one in homes
    ]
    await store(engine, *rows)
    await measure_quality(engine)
    found = [oracle.compared(homes, subject).delta_tenths for subject in range(len(homes))]
    errors = sorted(abs(delta) / 10 for delta in found if delta is not None)
    shares = [round(100 * sum(error <= most for error in errors) / len(errors), 1) for most in (5, 10, 20)]
    [(compared, middle, *within)] = await ask(
        engine,
        "SELECT compared, median_error_pct::float, within_5::float, within_10::float, within_20::float"
        " FROM market_quality WHERE listing_type = 'sale'",
    )
    assert (compared, within) == (len(errors), shares)
    assert middle == pytest.approx(median(errors), abs=0.051)


async def test_a_pass_waits_for_a_long_one_and_does_not_give_up(engine, impatient):
    """A request's lock timeout is short; a pass over a million listings takes longer."""
    await store(engine, *market(*[10_000] * 9))
    held = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with held.connect() as connection:
        await connection.execute(LOCK_PASS)
        waiting = asyncio.create_task(compare_withdrawn(impatient))
        await asyncio.sleep(0.5)  # ten lock timeouts
        assert not waiting.done()
        await connection.execute(text("SELECT pg_advisory_unlock_all()"))
    assert await waiting == 9
    async with impatient.connect() as connection:
        assert await connection.scalar(text("SHOW lock_timeout")) == "50ms"
