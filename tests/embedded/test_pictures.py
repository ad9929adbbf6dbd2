"""The drawn pictures are valid and reproducible, and every kind of listing has some."""

from hashlib import sha256
from pathlib import Path

import pytest
import pyvips

from demo.pictures import Picture, draw_pictures
from schemas.vocabulary import ImageType, PropertyType


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def pictures(media: Path) -> tuple[Picture, ...]:
    return draw_pictures(media)


def size(path: Path) -> tuple[int, int]:
    """Return width and height after decoding every pixel; fail if the picture is nearly blank."""
    image = pyvips.Image.new_from_file(str(path), fail_on="warning")
    assert image.deviate() > 5, f"{path} is nearly blank"
    return image.width, image.height


def stamps(media: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in media.rglob("*")}


def test_every_file_is_an_image_of_the_stated_size(media: Path, pictures: tuple[Picture, ...]):
    for picture in pictures:
        assert size(media / picture.path) == (picture.width, picture.height) == (1200, 900)
        assert size(media / picture.thumbnail_path) == (400, 300)


def test_nothing_but_the_pictures_is_left_behind(media: Path, pictures: tuple[Picture, ...]):
    expected = {name for picture in pictures for name in (picture.path, picture.thumbnail_path)}
    assert {str(path.relative_to(media)) for path in media.rglob("*") if path.is_file()} == expected


def test_the_hash_is_that_of_the_large_file(media: Path, pictures: tuple[Picture, ...]):
    for picture in pictures:
        assert picture.content_hash == sha256((media / picture.path).read_bytes()).hexdigest()


def test_no_two_pictures_are_alike(pictures: tuple[Picture, ...]):
    assert len({picture.content_hash for picture in pictures}) == len(pictures)
    assert len({picture.name for picture in pictures}) == len(pictures)


def test_drawing_again_changes_nothing(media: Path, pictures: tuple[Picture, ...]):
    before = stamps(media)
    assert draw_pictures(media) == pictures
    assert stamps(media) == before


def test_a_missing_file_is_drawn_again_with_the_same_bytes(media: Path, pictures: tuple[Picture, ...]):
    first, second, *_ = pictures
    (media / first.path).unlink()
    (media / second.thumbnail_path).unlink()
    kept = stamps(media)
    assert draw_pictures(media) == pictures
    assert size(media / second.thumbnail_path) == (400, 300)
    assert {path: stamp for path, stamp in stamps(media).items() if path in kept and path.is_file()} == {
        path: stamp for path, stamp in kept.items() if path.is_file()
    }


def test_progress_counts_every_picture(media: Path, pictures: tuple[Picture, ...]):
    seen: list[tuple[int, int]] = []
    draw_pictures(media, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, len(pictures)) for done in range(1, len(pictures) + 1)]


@pytest.mark.parametrize("kind", [*PropertyType, "interior", "floor_plan"])
def test_every_kind_has_pictures_of_its_type(kind: str, pictures: tuple[Picture, ...]):
    types = {"interior": ImageType.INTERIOR, "floor_plan": ImageType.FLOOR_PLAN}
    found = {picture.image_type for picture in pictures if picture.kind == kind}
    assert found == {types.get(kind, ImageType.EXTERIOR)}


def test_only_floor_plans_say_their_bedrooms_from_studio_to_five(pictures: tuple[Picture, ...]):
    plans = {picture.bhk: picture.name for picture in pictures if picture.kind == "floor_plan"}
    assert list(plans) == [0, 1, 2, 3, 4, 5]
    assert {picture.bhk for picture in pictures if picture.kind != "floor_plan"} == {None}
