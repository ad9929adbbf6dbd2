import pytest

from schemas.errors import InvalidRequest
from tasks.imports.mapping import load_mapping, read_mapping, shipped_maps

FLATS = """
[constants]
listing_type = "sale"
property_type = "apartment"
[fields]
locality = "place"
area = "area"
price = "price"
"""


@pytest.mark.parametrize("name", shipped_maps())
def test_every_shipped_map_is_good(name):
    assert load_mapping(name).columns


def test_a_map_of_ones_own_is_read_from_its_path(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(FLATS)
    assert load_mapping(str(path)).columns == ("place", "area", "price")


def test_a_map_may_be_json(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(load_mapping("noida_flats").model_dump_json(exclude_none=True))
    assert load_mapping(str(path)) == load_mapping("noida_flats")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "fields Field required"),
        ("[fields", "cannot be read"),
        (
            "[fields]\nlocality = 'place'",
            "no column and no constant for property_type, listing_type, area, price",
        ),
        (FLATS + "beds = 'beds'", "beds"),
        (FLATS + "title = {column = 'a', pattern = '('}", "is not a regular expression"),
        (FLATS + "title = {column = 'a', pattern = 'a'}", "needs exactly one group"),
        (FLATS + "title = []", "at least 1 item"),
        (FLATS + "[places]\n'Old Mill' = 'Sector 999'", "'Sector 999' is not a locality of Noida"),
        ("surprise = 1\n" + FLATS, "surprise Extra inputs are not permitted"),
    ],
)
def test_a_bad_map_says_what_is_wrong(text, message):
    with pytest.raises(InvalidRequest, match=message):
        read_mapping(text)


def test_a_map_that_is_not_there_names_those_that_are(tmp_path):
    with pytest.raises(InvalidRequest, match=r"No such file.*noida_flats"):
        load_mapping(str(tmp_path / "gone.toml"))


def test_a_map_that_is_not_text_is_one_clear_error(tmp_path):
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidRequest, match="not UTF-8 text"):
        load_mapping(str(path))
