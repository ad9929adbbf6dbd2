"""Reads files from request bodies as a stream, with limits on size and time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from sanic.exceptions import SanicException
from sanic.http.http1 import Http
from sanic.response import BaseHTTPResponse

from schemas.errors import (
    FieldError,
    InvalidRequest,
    PayloadTooLarge,
    RequestTimeout,
    Unparsable,
    UnsupportedMediaType,
)
from server.context import CasaRequest
from server.http.messages import invalid

MULTIPART = "multipart/form-data"
FRAME_BYTES = 64 * 1024
"""Bytes that a form may add to its file."""
MOST_PARTS = 20
MOST_DRAINED_BYTES = 32 * 2**20
LONGEST_S = 60.0
"""Seconds for a whole body, even if it arrives steadily: enough for 15 MB from a phone on a slow network."""

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
    """All other parts."""


async def read_file(
    request: CasaRequest, model: type[Model], *, most_bytes: int, types: frozenset[str]
) -> Form[Model]:
    """Read a file from a form, or from the body itself if that is of one of these types.

    Raises:
        PayloadTooLarge: the body exceeds the limit; raised as soon as it does.
        RequestTimeout: the body does not arrive in time.
        UnsupportedMediaType: the body is of another type.
        Unparsable: the multipart body is malformed.
        InvalidRequest: the form has no file, or a field is invalid.
    """
    content_type = _content_type(request)
    if content_type == MULTIPART:
        return await read_form(request, model, most_bytes=most_bytes)
    if content_type not in types:
        raise UnsupportedMediaType(f"Send one of {', '.join(sorted(types))}, or a form with a file.")
    return Form(UploadedFile(None, await read_all(request, most_bytes)), model())


async def read_form(request: CasaRequest, model: type[Model], *, most_bytes: int) -> Form[Model]:
    """Read the part `file` of a form, and its other parts as a model; raises the errors of `read_file`."""
    if _content_type(request) != MULTIPART:
        raise UnsupportedMediaType(f"Send a form with a file, and say so by Content-Type: {MULTIPART}.")
    parts = FormParts(_boundary(request))
    await _read(request, most_bytes + FRAME_BYTES, parts.feed)
    file, fields = parts.file_and_fields()
    if len(file.content) > most_bytes:
        raise _too_large(most_bytes)
    try:
        return Form(file, model.model_validate(fields))
    except ValidationError as error:
        raise invalid(error, "body") from None


def _content_type(request: CasaRequest) -> str:
    return request.content_type.partition(";")[0].strip().lower()


def _boundary(request: CasaRequest) -> bytes:
    try:
        _, options = parse_options_header(request.content_type)
    except UnicodeError:
        options = {}
    boundary = options.get(b"boundary")
    if not boundary:
        raise Unparsable("The form does not say by which boundary it is parted.")
    return boundary


async def read_all(request: CasaRequest, most_bytes: int) -> bytes:
    chunks: list[bytes] = []
    await _read(request, most_bytes, chunks.append)
    return b"".join(chunks)


async def _read(request: CasaRequest, most_bytes: int, consume: Callable[[bytes], None]) -> None:
    """Pass the body to `consume` chunk by chunk."""
    stream = cast("Http", request.stream)
    try:
        if int(request.headers.get("content-length", 0)) > most_bytes:
            raise _too_large(most_bytes)
        async with asyncio.timeout(LONGEST_S):
            size = 0
            while chunk := await stream.read():
                size += len(chunk)
                if size > most_bytes:
                    raise _too_large(most_bytes)
                consume(chunk)
    except (PayloadTooLarge, TimeoutError) as refusal:
        _stop_reading(stream)
        if isinstance(refusal, TimeoutError):
            raise RequestTimeout(f"A file must be here within {LONGEST_S:.0f} seconds.") from None
        raise


async def drain_body(request: CasaRequest, _response: BaseHTTPResponse) -> None:
    """Response middleware: read and discard the rest of the body.

    Otherwise a client would not receive an answer given before its whole body was read, because the
    connection breaks while it is still sending.
    """
    stream = cast("Http", request.stream)
    if stream.expecting_continue:  # the client waits for 100 Continue and sends nothing
        _stop_reading(stream)
    try:
        async with asyncio.timeout(LONGEST_S):
            drained = 0
            while stream.request_body and drained < MOST_DRAINED_BYTES:
                drained += len(await stream.read() or b"")
    except (TimeoutError, SanicException):
        _stop_reading(stream)


def _stop_reading(stream: Http) -> None:
    """Stop reading the body and close the connection after the answer."""
    stream.keep_alive, stream.request_body = False, None


def _too_large(most_bytes: int) -> PayloadTooLarge:
    size = f"{most_bytes // 2**20} MB" if most_bytes >= 2**20 else f"{most_bytes // 1024} KB"
    return PayloadTooLarge(f"A file may have at most {size}.")


@dataclass
class Part:
    headers: dict[str, str] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)

    @property
    def name(self) -> str:
        return _text(self._header_options("content-disposition").get(b"name", b""))

    @property
    def filename(self) -> str | None:
        """The file's name; None if the part is not a file."""
        name = self._header_options("content-disposition").get(b"filename")
        return None if name is None else name.decode(errors="replace")

    @property
    def content(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def text(self) -> str:
        if self._header_options("content-type").get(b"charset", b"utf-8").lower() not in {
            b"utf-8",
            b"us-ascii",
        }:
            raise Unparsable("A field of the form is not UTF-8.")
        return _text(self.content)

    def _header_options(self, header: str) -> dict[bytes, bytes]:
        return parse_options_header(self.headers.get(header))[1]


def _text(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Unparsable("A field of the form is not UTF-8.") from None
    if "\0" in text:
        raise Unparsable("A field of the form holds a NUL.")
    return text


class FormParts:
    """The parts of a form, parsed as the body arrives."""

    def __init__(self, boundary: bytes) -> None:
        self._parts: list[Part] = []
        self._ended = False
        self._header, self._value = b"", b""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._name_header,
                "on_header_value": self._fill_header,
                "on_header_end": self._end_header,
                "on_part_data": self._fill,
                "on_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Parse a chunk; raises Unparsable if the form is malformed."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise Unparsable("The form cannot be read.") from None

    def file_and_fields(self) -> tuple[UploadedFile, dict[str, str]]:
        """Return the part `file`, and all others by name; parts without a name are ignored."""
        if not self._ended or not self._parts:
            raise Unparsable("The form is not whole.")
        named = [(part.name, part) for part in self._parts if part.name]
        files = [part for name, part in named if name == "file" and part.filename is not None]
        others = [(name, part) for name, part in named if name != "file"]
        fields = {name: part.text for name, part in others}
        if len(fields) < len(others):
            raise Unparsable("The form repeats a field, and which of the two is meant nobody knows.")
        if len(files) != 1:
            wrong = FieldError("#/file", "body", "missing", "must be in the form, once")
            raise InvalidRequest("One field is invalid.", (wrong,))
        return UploadedFile(files[0].filename or None, files[0].content), fields

    def _begin(self) -> None:
        if len(self._parts) == MOST_PARTS:
            raise Unparsable(f"The form has more than {MOST_PARTS} parts.")
        self._parts.append(Part())

    def _name_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _fill_header(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        name = self._header.decode("latin-1").lower()
        self._parts[-1].headers[name] = self._value.decode("latin-1")
        self._header, self._value = b"", b""

    def _fill(self, data: bytes, start: int, end: int) -> None:
        self._parts[-1].chunks.append(data[start:end])

    def _end(self) -> None:
        self._ended = True
