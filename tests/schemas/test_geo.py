"""Locations as maps send them: longitudes beyond 180 degrees, and fractional zooms."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.api.search.geo import NOIDA, TURN, Box, Point
from schemas.api.search.map import MapRequest

LONGITUDES = st.floats(-180, 180)
TURNS = st.integers(-8, 8)


def box(west: float, east: float) -> tuple[float, float]:
    raw = json.dumps({"south": 28, "north": 29, "west": west, "east": east})
    read = Box.model_validate_json(raw, strict=True)
    return read.west, read.east


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ((77.3, 77.45), (77.3, 77.45)),
        ((437.3, 437.45), (77.3, 77.45)),
        ((-282.7, -282.55), (77.3, 77.45)),
        ((-250, 390), (-180, 180)),
        ((-180, 180), (-180, 180)),
        ((60, 250), (60, 180)),
        ((-290, -50), (70, 180)),
        ((245, 255), (-115, -105)),
    ],
)
def test_a_box_is_found_where_it_lies(sent: tuple[float, float], read: tuple[float, float]):
    assert box(*sent) == read


@given(west=LONGITUDES, east=LONGITUDES, turns=TURNS)
def test_a_box_is_the_same_after_any_turns_of_the_map(west: float, east: float, turns: int):
    assume(east - west > 1e-6)
    assert box(west + TURN * turns, east + TURN * turns) == pytest.approx((west, east), abs=1e-8)


@given(before=st.floats(0.001, 300), after=st.floats(0.001, 300), turns=TURNS)
def test_a_box_that_holds_noida_still_does(before: float, after: float, turns: int):
    place = NOIDA + TURN * turns
    read = box(place - before, place + after)
    assert -180 <= read[0] < NOIDA < read[1] <= 180


@given(west=st.floats(-3_600, 3_200), width=st.floats(0.001, 400))
def test_every_box_is_one_on_the_globe(west: float, width: float):
    read = box(west, west + width)
    assert -180 <= read[0] < read[1] <= 180


@given(longitude=LONGITUDES, turns=TURNS)
def test_a_point_is_the_same_after_any_turns_of_the_map(longitude: float, turns: int):
    read = Point(latitude=28.5, longitude=longitude + TURN * turns).longitude
    apart = abs(read - longitude) % TURN
    assert min(apart, TURN - apart) == pytest.approx(0, abs=1e-8)  # 180 and -180 are the same meridian


@pytest.mark.parametrize("wrong", [(5, 4), (5, 5), (-4_000, 5), (5, 4_000)])
def test_what_is_no_box_is_refused(wrong: tuple[float, float]):
    with pytest.raises(ValidationError):
        box(*wrong)


def zoom(sent: Any) -> int:
    place = {"box": {"south": 28, "north": 29, "west": 77, "east": 78}}
    return MapRequest.model_validate_json(json.dumps({"zoom": sent, "geo": place}), strict=True).zoom


@given(sent=st.floats(0, 23, exclude_max=True))
def test_between_two_zooms_the_coarser_one_counts(sent: float):
    assert zoom(sent) == int(sent)


@pytest.mark.parametrize("wrong", [-0.5, 23, 23.0, 1e300, "12", True, None])
def test_what_is_no_zoom_is_refused(wrong: object):
    with pytest.raises(ValidationError):
        zoom(wrong)
