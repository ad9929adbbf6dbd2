"""HEAD and OPTIONS, which are derived from the routes' methods."""

import pytest

from tests.server.conftest import Api, Catalogue
from tests.server.http.test_connections import asked

PER_ANSWER = {"date", "x-request-id", "connection", "transfer-encoding"}
"""Headers that differ between two answers, or describe how the body is framed."""


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/livez",
        "/readyz",
        "/health",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/explore",
        "/explore/views/map.js",
        "/api/v1/localities",
        "/api/v1/search/guided",
        "/api/v1/search/guided?page=0",
        "/api/v1/search/suggest?q=sector",
        "/api/v1/market/segments",
        "/api/v1/properties/nothing",
        "/api/v1/admin/properties",
        "/media/nothing.webp",
        "/nowhere",
    ],
)
async def test_a_head_is_the_answer_to_get_without_its_body(api: Api, live: Catalogue, path: str):
    whole, head = await api.get(path), await api.ask("HEAD", path)
    assert (head.status, head.body) == (whole.status, b"")
    assert head.headers.keys() - PER_ANSWER == whole.headers.keys() - PER_ANSWER


async def test_a_head_has_the_length_and_the_tag_of_the_whole_and_nothing_follows_it(api: Api):
    path = "/openapi.json"
    whole = await api.get(path)
    raw = f"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    statuses, answer = await asked(api, raw)
    head, _, body = answer.lower().partition(b"\r\n\r\n")
    assert (statuses, body) == ([200], b"")
    for name in ("etag", "content-length", "content-type"):
        assert f"\r\n{name}: {whole.headers[name]}".lower().encode() in head


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/livez", "GET, HEAD, OPTIONS"),
        ("/api/v1/search/guided", "GET, HEAD, OPTIONS, POST"),
        ("/api/v1/inquiries", "OPTIONS, POST"),
        ("/api/v1/admin/properties/17", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/api/v1/admin/properties/17/status", "OPTIONS, PATCH"),
        ("/api/v1/admin/images/17", "DELETE, OPTIONS, PATCH"),
        ("/media/a/b.webp", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_path_says_what_it_allows_when_asked_and_when_it_refuses(api: Api, path: str, allowed: str):
    options, refusal = await api.ask("OPTIONS", path), await api.ask("TRACE", path)
    assert (options.status, options.body, options.headers["allow"]) == (204, b"", allowed)
    assert (refusal.status, refusal.body["code"]) == (405, "method_not_allowed")
    assert refusal.headers["allow"] == allowed


async def test_a_file_that_is_sent_piece_by_piece_has_a_head_too(admin: Api):
    for _ in range(2):  # a second time, because the connection must remain usable
        head = await admin.ask("HEAD", "/api/v1/admin/properties.csv")
        assert (head.status, head.headers["content-type"], head.body) == (200, "text/csv; charset=utf-8", b"")


async def test_options_of_the_whole_server_end_in_no_server_error(api: Api):
    raw = b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert (await asked(api, raw))[0] == [204]


async def test_what_is_nowhere_allows_nothing(api: Api):
    answer = await api.ask("OPTIONS", "/nowhere")
    assert (answer.status, answer.headers.get("allow")) == (404, None)
