"""The page's files: served with content type and policy, and independent of other hosts."""

import re
from posixpath import dirname, join, normpath

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
    assert answer.headers["cache-control"] == "no-cache"
    again = await api.get(f"/explore{name}", headers={"if-none-match": answer.headers["etag"]})
    assert again.status == 304


STRANGE = [
    *("nothing.js", "..%2fpage.py", "page.py", "main.js%00", "map.js", "/main.js"),
    *("views", "views/", "views%2fmap.js", "views//map.js", "views/deeper/map.js", "views/nothing.js"),
    *("views/main.js", "views/..%2fmain.js", "views/..%2f..%2fpage.py", "views/map.js%00"),
]


@pytest.mark.parametrize("name", STRANGE)
async def test_what_is_not_of_the_page_is_not_found(api: Api, name: str):
    assert (await api.get(f"/explore/{name}")).status in {400, 404}


IMPORT = re.compile(r"""^import .* from "(\.[^"]+)";$""", re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".js")])
def test_every_import_names_a_file_of_the_page(name: str):
    text = FILES[name].decode()
    imported = IMPORT.findall(text)
    assert len(imported) == text.count("import ")
    assert {normpath(join(dirname(name), path)) for path in imported} - FILES.keys() == set()


def test_main_js_alone_puts_the_views_together():
    users = {name for name in FILES if name.endswith(".js") and b"views/" in FILES[name]}
    assert users == {"main.js"}


@pytest.mark.parametrize("name", FILES)
def test_no_file_names_another_host(name: str):
    text = FILES[name].decode().replace(NAMESPACE, "")
    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text) == []


def test_the_page_names_and_asks_for_every_facet():
    named = FILES["facet_names.js"].decode().partition("export const NAMES = ")[2].removesuffix(";\n")
    assert set(orjson.loads(named)) == set(Facet)
