"""Files in request bodies: read as they come, no further than allowed."""

from dataclasses import dataclass
from typing import cast

from sanic.http.http1 import Http
from sanic.request.form import File, parse_multipart_form

from schemas.errors import FieldError, InvalidRequest, PayloadTooLarge, Unparsable, UnsupportedMediaType
from server.context import CasaRequest

MULTIPART = "multipart/form-data"


@dataclass(frozen=True)
class UploadedFile:
    name: str | None
    content: bytes


async def read_file(request: CasaRequest, *, most_bytes: int, types: frozenset[str]) -> UploadedFile:
    """The body itself, if it is of one of these types, or the part `file` of a form.

    Raises:
        PayloadTooLarge: as soon as more comes than is allowed.
        UnsupportedMediaType: it is something else.
        Unparsable: a form that is none.
        InvalidRequest: there is no file in it.
    """
    content_type, _, options = request.content_type.partition(";")
    content_type = content_type.strip().lower()
    if content_type not in types | {MULTIPART}:
        raise UnsupportedMediaType(f"Send one of {', '.join(sorted(types))}, or a form with a file.")
    body = await read_whole(request, most_bytes)
    if content_type != MULTIPART:
        return UploadedFile(None, body)
    return _part(body, options)


async def read_whole(request: CasaRequest, most_bytes: int) -> bytes:
    chunks, size = [], 0
    stream = cast("Http", request.stream)
    while chunk := await stream.read():
        size += len(chunk)
        if size > most_bytes:
            raise PayloadTooLarge(f"A file may have at most {most_bytes // 2**20} MB.")
        chunks.append(chunk)
    return b"".join(chunks)


def _part(body: bytes, options: str) -> UploadedFile:
    name, _, boundary = options.strip().partition("=")
    boundary = boundary.strip('"')
    if name.strip().lower() != "boundary" or not boundary or f"--{boundary}".encode() not in body:
        raise Unparsable("The form has no boundary that parts it.")
    try:
        _, files = parse_multipart_form(body, boundary.encode())  # type: ignore[no-untyped-call]  # Sanic's
    except (ValueError, IndexError, AttributeError, LookupError):
        raise Unparsable("The form cannot be read.") from None
    found: list[File] = files.getlist("file") or []
    if len(found) != 1:
        wrong = FieldError("#/file", "body", "missing", "must be in the form, once")
        raise InvalidRequest("One field is invalid.", (wrong,))
    return UploadedFile(found[0].name or None, found[0].body)
