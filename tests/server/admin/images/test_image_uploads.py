"""Uploads of files: malformed forms, and bodies that are too long, too slow, too many or mislabelled."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from aiohttp import FormData
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.pictures import MOST_BYTES
from server.http import uploads
from tests.factories import home, store
from tests.pictures import jpeg, photo, png
from tests.server.admin.images.albums import IMAGES, PROPERTIES, album, sample, send
from tests.server.conftest import Api

FORM = "multipart/form-data; boundary=frontier"


@pytest.fixture
async def key(engine: AsyncEngine) -> AsyncIterator[UUID]:
    [key] = await store(engine, home())
    return key


def padded(size: int) -> bytes:
    picture = jpeg()
    return picture + bytes(size - len(picture))


def part(disposition: str, content: bytes = b"", *more: str) -> bytes:
    head = "\r\n".join(["--frontier", f"Content-Disposition: form-data{disposition}", *more])
    return head.encode() + b"\r\n\r\n" + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--frontier--\r\n"


async def post(admin: Api, key: UUID, body: bytes, content_type: str = FORM) -> Any:
    return await admin.ask(
        "POST", f"{PROPERTIES}/{key}/images", data=body, headers={"content-type": content_type}
    )


async def spoken(admin: Api, key: UUID, *lines: bytes) -> tuple[int, bytes]:
    """Send an upload byte for byte as given; return the status and the whole response."""
    address = urlsplit(admin.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = [
        f"POST {PROPERTIES}/{key}/images HTTP/1.1".encode(),
        b"Host: localhost",
        b"Authorization: " + admin.always["authorization"].encode(),
        b"Content-Type: " + FORM.encode(),
        b"Connection: close",
    ]
    writer.write(b"\r\n".join([*head, *lines]))
    await writer.drain()
    answer = await reader.read(65_536)
    writer.close()
    return int(answer.split(b" ", 2)[1]), answer


@pytest.mark.parametrize(("more", "status"), [(0, 201), (1, 413)])
async def test_fifteen_megabytes_and_not_a_byte_more(admin: Api, key, more: int, status: int):
    assert (await send(admin, key, padded(MOST_BYTES + more))).status == status


async def test_what_announces_too_much_is_refused_before_it_comes(admin: Api, key):
    status, answer = await spoken(admin, key, b"Content-Length: 10000000000", b"", b"--frontier")
    assert (status, b"payload_too_large" in answer) == (413, True)


async def test_what_does_not_end_is_refused_where_it_goes_too_far(admin: Api, key):
    head = part('; name="file"; filename="a"')
    begin = b"%x\r\n" % len(head) + head + b"\r\n"
    pieces = [begin, *[b"100000\r\n" + bytes(0x100000) + b"\r\n"] * 15, b"10100\r\n" + bytes(0x10100)]
    status, answer = await spoken(admin, key, b"Transfer-Encoding: chunked", b"", b"".join(pieces))
    assert (status, b"payload_too_large" in answer) == (413, True)


async def test_what_comes_too_slowly_loses_its_place(admin: Api, key, monkeypatch):
    monkeypatch.setattr(uploads, "LONGEST_S", 0.2)
    status, answer = await spoken(admin, key, b"Content-Length: 1000", b"", b"--frontier")
    assert (status, b"request_timeout" in answer) == (408, True)


async def test_what_is_longer_than_it_said_is_cut_off_there(admin: Api, key):
    body = form(part('; name="file"; filename="a"', sample()))
    length = b"Content-Length: %d" % (len(body) // 2)
    status, _ = await spoken(admin, key, length, b"", body)
    assert status == 400
    assert await album(admin, key) == []


FILE = part('; name="file"; filename="a"', b"x")


def field(name: str, value: bytes, *more: str) -> bytes:
    return part(f'; name="{name}"', value, *more)


FORMS = [
    ("no boundary", form(FILE), "multipart/form-data", 400, {}),
    ("another boundary", form(FILE), "multipart/form-data; boundary=x1y", 400, {}),
    ("an empty boundary", form(FILE), "multipart/form-data; boundary=", 400, {}),
    ("nothing", b"", FORM, 400, {}),
    ("no part", b"--frontier--\r\n", FORM, 400, {}),
    ("boundaries without end", b"--frontier\r\n" * 50_000, FORM, 400, {}),
    ("a boundary of one letter", b"e" * 500_000, "multipart/form-data; boundary=e", 400, {}),
    ("no name", form(part("", b"x")), FORM, 422, {"#/file": "missing"}),
    ("another name", form(FILE.replace(b"file", b"picture", 1)), FORM, 422, {"#/file": "missing"}),
    ("a file that is none", form(field("file", b"x")), FORM, 422, {"#/file": "missing"}),
    ("two files", form(FILE, FILE), FORM, 422, {"#/file": "missing"}),
    ("a name that is no text", form(FILE.replace(b"file", b"\xff", 1)), FORM, 400, {}),
    ("a field that is no text", form(FILE, field("image_type", b"\xff")), FORM, 400, {}),
    ("a field twice", form(FILE, *[field("image_type", b"photo")] * 2), FORM, 400, {}),
    ("an unknown field", form(FILE, field("id", b"1")), FORM, 422, {"#/id": "extra_forbidden"}),
    ("an unknown kind", form(FILE, field("image_type", b"x")), FORM, 422, {"#/image_type": "enum"}),
    ("unknown letters", form(field("a", b"x", "Content-Type: text/plain; charset=zip")), FORM, 400, {}),
    ("a picture and no form", jpeg(), "image/jpeg", 415, {}),
    ("JSON", b"{}", "application/json", 415, {}),
]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "wrong"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS]
)
async def test_a_form_that_is_none(
    admin: Api, key, body: bytes, content_type: str, status: int, wrong: dict[str, str]
):
    answer = await post(admin, key, body, content_type)
    assert (answer.status, answer.wrong_fields()) == (status, wrong)
    assert await album(admin, key) == []


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "a" * 4_000, "a\0.jpg", "<script>.svg", "बड़ा घर.jpg", "C:\\evil.exe"]
)
async def test_the_name_of_a_file_is_of_no_interest(admin: Api, key, name: str):
    disposition = f'; name="file"; filename="{name}"'
    answer = await post(admin, key, form(part(disposition, sample(), "Content-Type: image/jpeg")))
    assert (answer.status, answer.body["url"].startswith("/media/img/")) == (201, True)


@pytest.mark.parametrize("said", ["image/png", "image/svg+xml", "text/html", "application/octet-stream"])
async def test_the_content_says_what_a_file_is_and_not_its_label(admin: Api, key, said: str):
    data = FormData()
    data.add_field("file", png(photo(240, 200)), filename="a.html", content_type=said)
    answer = await admin.ask("POST", f"{PROPERTIES}/{key}/images", data=data)
    assert (answer.status, answer.body["width"]) == (201, 240)
    shown = await admin.get(answer.body["url"])
    assert shown.headers["content-type"] == "image/webp"


async def test_json_stays_as_small_as_it_was(admin: Api, key):
    answer = await admin.patch(f"{IMAGES}/{key}", {"image_type": "x" * 70_000})
    assert (answer.status, answer.body["code"]) == (413, "payload_too_large")


async def test_many_at_once_wait_or_hear_that_there_are_too_many(admin: Api, key, engine: AsyncEngine):
    homes = await store(engine, *(home(f"Flat {number}") for number in range(50)))
    answers = await asyncio.gather(*(send(admin, each, padded(500_000)) for each in homes))
    assert {answer.status for answer in answers} == {201, 503}
    refused = [answer for answer in answers if answer.status == 503]
    # Some uploads find no free slot; others get no database connection in time to authenticate.
    assert (
        "overloaded" in {answer.body["code"] for answer in refused} <= {"overloaded", "database_unavailable"}
    )
    assert {answer.headers["retry-after"] for answer in refused} == {"2"}
    assert (await send(admin, key, sample())).status == 201
