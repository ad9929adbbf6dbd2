"""Sectors and their neighbours by distance."""

import pytest

from domain.geography.neighbours import distance_km, near


def test_a_degree_of_latitude_is_about_111_km():
    assert distance_km((28.0, 77.3), (29.0, 77.3)) == pytest.approx(111.2, abs=0.1)


def test_a_degree_of_longitude_is_shorter_here_than_at_the_equator():
    assert distance_km((28.5, 77.0), (28.5, 78.0)) == pytest.approx(97.7, abs=0.1)


def test_the_nearest_come_first_and_the_given_ones_are_left_out():
    assert near(["Sector 62"], 1.3) == ("Sector 64", "Sector 63", "Sector 59", "Sector 65")
    assert "Sector 63" not in near(["Sector 62", "Sector 63"], 1.3)


def test_a_wider_circle_holds_the_narrower_one_and_begins_with_it():
    narrow, wide = near(["Sector 62"], 1.3), near(["Sector 62"], 5)
    assert wide[: len(narrow)] == narrow


def test_a_sector_whose_centre_nobody_knows_has_no_neighbours():
    assert near(["Sector 9"], 5) == ()
