"""The storage key of a picture, and how its URL leads back to it."""

from uuid import UUID

import pytest

from domain.pictures import VARIANTS, key_of, picture_of, variant_url

PICTURE = UUID("8f14e45f-ceea-467f-a9f5-0b1d2c3e4f50")
HOMES = ["/media", "https://cdn.example/pictures", "http://127.0.0.1:7070/bucket/prefix"]


@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_address_leads_back_to_its_picture(home: str, variant: str):
    assert picture_of(f"{home}/{key_of(PICTURE, variant)}") == PICTURE


@pytest.mark.parametrize(
    "url", [None, "", "/media/demo/villa-01.webp", "/media/img/large.webp", "/media/img/8f14e45f/large.webp"]
)
def test_a_drawing_of_the_demo_is_no_picture_of_ours(url: str | None):
    assert picture_of(url) is None


def test_one_address_says_the_others():
    large = f"/media/{key_of(PICTURE, 'large')}"
    assert [variant_url(large, variant) for variant in VARIANTS] == [
        f"/media/img/{PICTURE}/{variant}.webp" for variant in ("large", "medium", "thumbnail")
    ]
    assert variant_url("/media/demo/villa-01.webp", "medium") == "/media/demo/villa-01.webp"
