import pytest

from domain.facing import Facing, facing
from schemas.vocabulary import Direction


@pytest.mark.parametrize(
    ("direction", "degrees", "label", "sun"),
    [
        ("north", 0, "North", None),
        ("north_east", 45, "North-East", "morning"),
        ("east", 90, "East", "morning"),
        ("south_east", 135, "South-East", "morning"),
        ("south", 180, "South", None),
        ("south_west", 225, "South-West", "evening"),
        ("west", 270, "West", "evening"),
        ("north_west", 315, "North-West", "evening"),
    ],
)
def test_a_direction_is_shown_as_a_compass_does(direction, degrees, label, sun):
    assert facing(Direction(direction)) == Facing(Direction(direction), degrees, label, sun)


def test_the_compass_is_whole():
    assert [facing(direction).degrees for direction in Direction] == list(range(0, 360, 45))
