"""The page's files: served with content type and policy, and independent of other hosts."""

import re

import orjson
import pytest

from schemas.api.search.listings import Facet
from server.explore.page import FILES
from tests.server.conftest import Api

KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
NAMESPACE = "http://www.w3.org/2000/svg"  # an XML namespace, not a link


@pytest.mark.parametrize("name", ["", *(f"/{name}" for name in FILES)])
async def test_every_file_says_its_type_and_what_it_may_load(api: Api, name: str):
    answer = await api.get(f"/explore{name}")
    assert answer.status == 200
    assert answer.headers["content-type"] == f"{KINDS[name.rpartition('.')[2] or 'html']}; charset=utf-8"
    assert "default-src 'none'; script-src 'self'" in answer.headers["content-security-policy"]
    again = await api.get(f"/explore{name}", headers={"if-none-match": answer.headers["etag"]})
    assert again.status == 304


@pytest.mark.parametrize("name", ["nothing.js", "..%2fpage.py", "page.py", "main.js%00"])
async def test_what_is_not_of_the_page_is_not_found(api: Api, name: str):
    assert (await api.get(f"/explore/{name}")).status in {400, 404}


@pytest.mark.parametrize("name", FILES)
def test_no_file_names_another_host(name: str):
    text = FILES[name].decode().replace(NAMESPACE, "")
    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text) == []


def test_the_page_names_and_asks_for_every_facet():
    named = FILES["facet_names.js"].decode().partition("export const NAMES = ")[2].removesuffix(";\n")
    assert set(orjson.loads(named)) == set(Facet)
