"""Answers that a client already has are not sent again (RFC 9110, 13.1.2)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from sanic.compat import Header

from server.http.entity_tags import MalformedEntityTags, read_tags
from tests.server.conftest import Answer, Api, Catalogue

CACHED = [
    "/openapi.json",
    "/explore",
    "/api/v1/localities",
    "/api/v1/search/suggest?q=sector",
    "/api/v1/search/guided",
    "/api/v1/search/guided?bhk=3",
    "/api/v1/market/segments",
    "/api/v1/market/quality",
]
SAID_AGAIN = ("etag", "cache-control", "vary")


@pytest.mark.parametrize("path", CACHED)
async def test_what_is_known_is_not_sent_again_however_the_tag_is_listed(
    api: Api, live: Catalogue, path: str
):
    whole = await api.get(path)
    tag = whole.headers["etag"]
    known = [(tag,), (tag.removeprefix("W/"),), (f'"a" ,, {tag}',), ("*",), ('W/"a"', tag), (f'"x,y",{tag}',)]
    for lines in known:
        again = await ask(api, path, *lines)
        assert (again.status, again.body) == (304, b""), lines
        assert [again.headers[name] for name in SAID_AGAIN] == [whole.headers[name] for name in SAID_AGAIN]


@pytest.mark.parametrize("line", ['"a", W/"b"', "", "a", '"*"', '"a,*,b"', '"a", *', '"'])
async def test_other_tags_and_what_is_no_list_of_tags_are_no_reason_to_send_less(
    api: Api, live: Catalogue, line: str
):
    assert (await ask(api, "/api/v1/localities", line)).status == 200


async def test_a_condition_on_a_question_by_post_means_nothing(api: Api, live: Catalogue):
    answer = await api.post("/api/v1/search/guided", {}, if_none_match="*")
    assert (answer.status, "etag" in answer.headers) == (200, False)


async def ask(api: Api, path: str, *lines: str) -> Answer:
    """Send several lines of one header, which a dictionary cannot hold."""
    headers = CIMultiDict(("if-none-match", line) for line in lines)
    async with api.visitor.get(api.url + path, headers=headers) as response:
        return Answer(response.status, response.headers, await response.read())


SIGNS = st.characters(codec="latin-1", exclude_categories=["Cc", "Zs"], exclude_characters='"')
TAGS = st.tuples(st.booleans(), st.text(SIGNS))
GAPS = st.sampled_from([",", " ,", ",\t", ",,", ", ,"])


@given(tags=st.lists(TAGS, min_size=1), gap=GAPS)
def test_every_list_of_tags_is_read_as_it_was_written(tags: list[tuple[bool, str]], gap: str):
    assert read(gap.join(f'{"W/" * weak}"{tag}"' for weak, tag in tags)) == tags


@given(text=st.text(st.sampled_from('W/", *a\t')))
def test_every_other_text_is_read_or_refused(text: str):
    with suppress(MalformedEntityTags):
        read(text)


def test_a_long_row_of_commas_comes_to_an_end():
    with pytest.raises(MalformedEntityTags):
        read('"1"' + " , " * 5_000 + "x")


def read(text: str):
    return read_tags(Header({"if-none-match": text}), "if-none-match")
