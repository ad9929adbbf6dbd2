"""Files in request bodies: read as they come, no further than allowed and no longer than is decent."""

import asyncio
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError
from sanic.exceptions import SanicException
from sanic.http.http1 import Http
from sanic.request.form import File, parse_multipart_form
from sanic.response import BaseHTTPResponse

from schemas.api.base import Shape
from schemas.errors import (
    FieldError,
    InvalidRequest,
    PayloadTooLarge,
    RequestTimeout,
    Unparsable,
    UnsupportedMediaType,
)
from server.context import CasaRequest
from server.http import invalid

MULTIPART = "multipart/form-data"
FRAME_BYTES = 64 * 1024
"""What a form may add to its file."""
MOST_PARTS = 20
MOST_FORGOTTEN_BYTES = 32 * 2**20
LONGEST_S = 60.0
"""For a whole body, however steadily it drips: 15 MB from a telephone on a slow network."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class UploadedFile:
    name: str | None
    content: bytes


@dataclass(frozen=True)
class Form(Generic[Model]):
    file: UploadedFile
    """The part `file`."""
    fields: Model
    """Of all other parts."""


async def read_file(request: CasaRequest, *, most_bytes: int, types: frozenset[str]) -> UploadedFile:
    """The body itself, if it is of one of these types, or the part `file` of a form.

    Raises:
        PayloadTooLarge: as soon as more comes than is allowed.
        RequestTimeout: it does not come to an end.
        UnsupportedMediaType: it is something else.
        Unparsable: a form that is none.
        InvalidRequest: there is no file in it.
    """
    content_type, options = _content_type(request)
    if content_type not in types | {MULTIPART}:
        raise UnsupportedMediaType(f"Send one of {', '.join(sorted(types))}, or a form with a file.")
    body = await read_whole(request, most_bytes)
    if content_type != MULTIPART:
        return UploadedFile(None, body)
    return _form(body, options, Shape).file


async def read_form(request: CasaRequest, model: type[Model], *, most_bytes: int) -> Form[Model]:
    """The part `file` of a form, and its other parts as a model; raises what `read_file` does."""
    content_type, options = _content_type(request)
    if content_type != MULTIPART:
        raise UnsupportedMediaType(f"Send a form with a file, and say so by Content-Type: {MULTIPART}.")
    form = _form(await read_whole(request, most_bytes + FRAME_BYTES), options, model)
    if len(form.file.content) > most_bytes:
        raise _too_large(most_bytes)
    return form


def _form(body: bytes, options: str, model: type[Model]) -> Form[Model]:
    file, fields = _parts(body, options)
    try:
        return Form(file, model.model_validate(fields))
    except ValidationError as error:
        raise invalid(error, "body") from None


def _content_type(request: CasaRequest) -> tuple[str, str]:
    content_type, _, options = request.content_type.partition(";")
    return content_type.strip().lower(), options


async def read_whole(request: CasaRequest, most_bytes: int) -> bytes:
    stream = cast("Http", request.stream)
    try:
        if int(request.headers.get("content-length", 0)) > most_bytes:
            raise _too_large(most_bytes)
        async with asyncio.timeout(LONGEST_S):
            return await _read_whole(stream, most_bytes)
    except (PayloadTooLarge, TimeoutError) as refusal:
        _stop_reading(stream)
        if isinstance(refusal, TimeoutError):
            raise RequestTimeout(f"A file must be here within {LONGEST_S:.0f} seconds.") from None
        raise


async def hear_out(request: CasaRequest, _response: BaseHTTPResponse) -> None:
    """Middleware of answers: read and forget what is still being sent.

    An answer given before the whole body is read would reach nobody: the sender finds the connection
    broken while it sends.
    """
    stream = cast("Http", request.stream)
    if stream.expecting_continue:  # it waits for our word and sends nothing
        _stop_reading(stream)
    try:
        async with asyncio.timeout(LONGEST_S):
            forgotten = 0
            while stream.request_body and forgotten < MOST_FORGOTTEN_BYTES:
                forgotten += len(await stream.read() or b"")
    except (TimeoutError, SanicException):
        _stop_reading(stream)


def _stop_reading(stream: Http) -> None:
    """What is still to come nobody reads, so the connection ends with the answer."""
    stream.keep_alive, stream.request_body = False, None


async def _read_whole(stream: Http, most_bytes: int) -> bytes:
    chunks, size = [], 0
    while chunk := await stream.read():
        size += len(chunk)
        if size > most_bytes:
            raise _too_large(most_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(most_bytes: int) -> PayloadTooLarge:
    size = f"{most_bytes // 2**20} MB" if most_bytes >= 2**20 else f"{most_bytes // 1024} KB"
    return PayloadTooLarge(f"A file may have at most {size}.")


def _parts(body: bytes, options: str) -> tuple[UploadedFile, dict[str, str]]:
    """The part `file`, and all others by their names.

    Many boundaries make no form of ours, and would keep the parser busy for seconds.
    """
    name, _, boundary = options.strip().partition("=")
    mark = boundary.strip('"').encode()
    if name.strip().lower() != "boundary" or not mark or not 1 < body.count(mark) <= MOST_PARTS:
        raise Unparsable("The form has no boundary that parts it.")
    try:
        fields, files = parse_multipart_form(body, mark)  # type: ignore[no-untyped-call]  # Sanic's
    except (ValueError, IndexError, AttributeError, LookupError):
        raise Unparsable("The form cannot be read.") from None
    found: list[File] = files.getlist("file") or []
    if len(found) != 1:
        wrong = FieldError("#/file", "body", "missing", "must be in the form, once")
        raise InvalidRequest("One field is invalid.", (wrong,))
    if any(len(several) > 1 for several in fields.values()):
        raise Unparsable("The form repeats a field, and which of the two is meant nobody knows.")
    return UploadedFile(found[0].name or None, found[0].body), {each: fields.get(each) for each in fields}
