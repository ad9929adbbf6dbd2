"""The sun's position matches an almanac; open sides, sun and height raise a home's light score."""

from math import cos, radians
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.light import (
    BALCONY_WEIGHT,
    HEIGHT_WEIGHT,
    LEAST_COVERAGE,
    OPEN_SIDES_POINTS,
    OPEN_SIDES_WEIGHT,
    Day,
    LightScore,
    height_points,
    light_score,
    sun_position,
    sunny_hours,
)
from schemas.vocabulary import Direction

DARKEST = {"open_sides": 0, "balcony_direction": Direction.NORTH, "floor_number": -3, "total_floors": 40}
BRIGHTEST = {"open_sides": 4, "balcony_direction": Direction.SOUTH, "floor_number": 9, "total_floors": 9}
PARTS = list(DARKEST)
homes = st.fixed_dictionaries(
    {
        "open_sides": st.none() | st.sampled_from(list(OPEN_SIDES_POINTS)),
        "balcony_direction": st.none() | st.sampled_from(Direction),
        "floor_number": st.none() | st.integers(-3, 40),
        "total_floors": st.none() | st.integers(0, 40),
    }
)


@pytest.mark.parametrize(
    ("day", "altitude"),
    [(Day.EQUINOX, 61.5), (Day.JUNE_SOLSTICE, 84.9), (Day.DECEMBER_SOLSTICE, 38.1)],
)
def test_the_noon_sun_stands_in_the_south_at_the_almanacs_altitude(day: Day, altitude: float):
    sun = sun_position(day, 12)
    assert sun.altitude == pytest.approx(altitude, abs=0.05)
    assert sun.azimuth == pytest.approx(180, abs=0.01)


@pytest.mark.parametrize(
    ("day", "half_day_h", "azimuth"),
    [(Day.EQUINOX, 6.0, 90.0), (Day.JUNE_SOLSTICE, 6.907, 63.1), (Day.DECEMBER_SOLSTICE, 5.093, 116.9)],
)
def test_the_sun_rises_and_sets_where_the_almanac_says(day: Day, half_day_h: float, azimuth: float):
    rise, sunset = sun_position(day, 12 - half_day_h), sun_position(day, 12 + half_day_h)
    assert (rise.altitude, sunset.altitude) == pytest.approx((0, 0), abs=0.05)
    assert (rise.azimuth, sunset.azimuth) == pytest.approx((azimuth, 360 - azimuth), abs=0.1)


# ASHRAE Handbook of Fundamentals, "Solar Position and Irradiation", by latitude and day: hour of true solar
# time, altitude, azimuth counted from the south. Noida lies between the two latitudes.
ALMANAC = {
    (
        24,
        Day.JUNE_SOLSTICE,
    ): "6 9.3 111.6, 7 22.3 106.8, 8 35.5 102.6, 9 49.0 98.7, 10 62.6 95.0, 11 76.3 90.8",
    (24, Day.EQUINOX): "7 13.7 83.8, 8 27.2 76.8, 9 40.2 67.9, 10 52.3 54.8, 11 61.9 33.4, 12 66.0 0",
    (
        24,
        Day.DECEMBER_SOLSTICE,
    ): "7 3.2 62.6, 8 14.9 55.3, 9 25.5 46.0, 10 34.3 33.7, 11 40.4 18.2, 12 42.6 0",
    (
        32,
        Day.JUNE_SOLSTICE,
    ): "6 12.2 110.2, 7 24.3 103.4, 8 36.9 96.8, 9 49.6 89.4, 10 62.2 79.7, 11 74.2 60.9",
    (32, Day.EQUINOX): "7 12.7 81.9, 8 25.1 73.0, 9 36.8 62.1, 10 47.3 47.5, 11 55.0 26.8, 12 58.0 0",
    (32, Day.DECEMBER_SOLSTICE): "8 10.3 53.8, 9 19.8 43.6, 10 27.6 31.2, 11 32.7 16.4, 12 34.6 0",
}


@pytest.mark.parametrize(("latitude", "day"), ALMANAC)
def test_through_the_morning_the_sun_stands_where_an_almanac_has_it(latitude: int, day: Day):
    for entry in ALMANAC[latitude, day].split(","):
        hour, altitude, from_south = map(float, entry.split())
        sun = sun_position(day, hour, latitude)
        assert (sun.altitude, 180 - sun.azimuth) == pytest.approx((altitude, from_south), abs=0.11)


@pytest.mark.parametrize("hour", [7, 8, 9, 10, 11])
@pytest.mark.parametrize("day", Day)
def test_over_noida_it_stands_between_what_the_almanac_has_to_the_south_and_to_the_north(day: Day, hour: int):
    south, here, north = (sun_position(day, hour, latitude).altitude for latitude in (24, 28.5, 32))
    assert min(south, north) - 0.5 <= here <= max(south, north) + 0.5


def test_further_north_the_noon_sun_is_lower():
    assert sun_position(Day.EQUINOX, 12, latitude=60).altitude == pytest.approx(30)


def test_in_the_tropics_the_june_sun_stands_in_the_north_at_noon():
    assert sun_position(Day.JUNE_SOLSTICE, 12, latitude=10).azimuth == pytest.approx(0, abs=0.01)


@given(st.sampled_from(Day), st.floats(0, 12))
def test_morning_and_afternoon_mirror_each_other(day: Day, before_noon_h: float):
    morning, afternoon = sun_position(day, 12 - before_noon_h), sun_position(day, 12 + before_noon_h)
    assert morning.altitude == pytest.approx(afternoon.altitude, abs=1e-6)
    # The two azimuths add up to 360 degrees, or to 0 at midnight.
    assert cos(radians(morning.azimuth + afternoon.azimuth)) == pytest.approx(1)


def test_a_front_to_the_south_has_most_sun_and_one_to_the_north_least():
    hours = {direction: sunny_hours(direction) for direction in Direction}
    assert max(hours, key=hours.__getitem__) == Direction.SOUTH
    assert min(hours, key=hours.__getitem__) == Direction.NORTH
    assert hours[Direction.EAST] == hours[Direction.WEST]
    assert hours[Direction.SOUTH_EAST] == hours[Direction.SOUTH_WEST]


@pytest.mark.parametrize(
    ("floor", "total", "points"),
    [(-1, 10, 0), (0, 10, 30), (5, 10, 65), (10, 10, 100), (11, 10, 100), (0, 0, 100), (1, 0, 100)],
)
def test_light_grows_with_height(floor: int, total: int, points: float):
    assert height_points(floor, total) == points


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, LightScore(None, 0)),
        ({"open_sides": 4}, LightScore(None, 40)),
        ({"floor_number": 3}, LightScore(None, 0)),
        ({"total_floors": 3}, LightScore(None, 0)),
        ({"balcony_direction": Direction.SOUTH, "floor_number": 9, "total_floors": 9}, LightScore(100, 60)),
        ({"open_sides": 0, "floor_number": 0, "total_floors": 9}, LightScore(12, 65)),
        ({"open_sides": 4, "balcony_direction": Direction.SOUTH}, LightScore(100, 75)),
    ],
)
def test_a_score_needs_two_of_the_three_parts(known: dict[str, object], expected: LightScore):
    score = light_score(**known)
    assert score == expected
    assert score.partial == (expected.score is None)


@pytest.mark.parametrize("open_sides", [-1, 5])
def test_a_home_cannot_have_more_than_four_open_sides_nor_fewer_than_none(open_sides: int):
    with pytest.raises(KeyError):
        light_score(open_sides=open_sides)


def test_every_open_side_adds_light_from_none_to_all():
    assert list(OPEN_SIDES_POINTS) == [0, 1, 2, 3, 4]
    points = list(OPEN_SIDES_POINTS.values())
    assert points == sorted(set(points))
    assert (points[0], points[-1]) == (0, 100)


def test_the_weights_are_percentages_and_any_two_parts_give_a_score():
    weights = OPEN_SIDES_WEIGHT, BALCONY_WEIGHT, HEIGHT_WEIGHT
    assert sum(weights) == 100
    assert sum(weights) - max(weights) >= LEAST_COVERAGE > max(weights)


@given(homes)
def test_a_score_stays_in_its_range(home: dict[str, Any]):
    score = light_score(**home)
    assert 0 <= score.coverage <= 100
    assert score.score is None or 0 <= score.score <= 100
    assert score.partial == (score.coverage < LEAST_COVERAGE)


@given(homes, st.sampled_from(PARTS))
def test_knowing_less_never_covers_more(home: dict[str, Any], forgotten: str):
    assert light_score(**home | {forgotten: None}).coverage <= light_score(**home).coverage


@pytest.mark.parametrize("unknown", BRIGHTEST)
def test_a_home_bright_in_all_that_is_known_is_bright(unknown: str):
    assert light_score(**BRIGHTEST | {unknown: None}).score == 100


@given(homes, st.sampled_from([{"open_sides": 0}, {"floor_number": -1, "total_floors": 9}]))
def test_an_unknown_part_never_counts_as_bad(home: dict[str, Any], dark: dict[str, int]):
    unknown, bad = light_score(**home | dict.fromkeys(dark)).score, light_score(**home | dark).score
    assert unknown is None or bad is None or unknown >= bad


@given(homes, st.integers(0, 4), st.sampled_from(Direction), st.integers(-3, 40))
def test_more_light_never_lowers_a_score(
    home: dict[str, Any], open_sides: int, balcony: Direction, floor: int
):
    known = DARKEST | {part: value for part, value in home.items() if value is not None}
    lighter = known | {
        "open_sides": max(open_sides, known["open_sides"]),
        "balcony_direction": max(balcony, known["balcony_direction"], key=sunny_hours),
        "floor_number": max(floor, known["floor_number"]),
    }
    before, after = light_score(**known).score, light_score(**lighter).score
    assert before is not None
    assert after is not None
    assert before <= after
