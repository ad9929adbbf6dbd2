"""Imports of property files, for admins."""

import asyncio
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import unquote
from uuid import UUID

from sanic import Blueprint, HTTPResponse

from domain.ids import read_id
from schemas.api.admin.imports import ImportForm, ImportReport, ImportRequest, ImportView
from schemas.api.lists import Items, Paging
from schemas.errors import FieldError, InvalidRequest, NotFound
from schemas.texts import one_line
from server.auth import actor, authenticate
from server.context import CasaRequest, transaction
from server.http.described import CREATED, Upload, describes
from server.http.messages import read_query, reply
from server.http.uploads import UploadedFile, drain_body, read_file
from services.imports import list_imports, read_import, request_import
from tasks.imports.mapping import Mapping, load_mapping, shipped_maps
from tasks.imports.reader import open_rows

blueprint = Blueprint("admin_imports", url_prefix="/api/v1/admin/imports")
blueprint.on_request(authenticate)
blueprint.on_response(drain_body)  # type: ignore[no-untyped-call]  # Sanic's

TYPES = frozenset({"text/csv", "application/x-ndjson", "application/jsonl"})
MOST_BYTES = 20 * 2**20
MOST_ROWS = 10_000
"""Larger files are imported by the command `casabricks import`, which streams them."""


@blueprint.post("/", stream=True)
@describes(
    ImportView,
    CREATED,
    status=202,
    also={200: ImportView},
    query=ImportRequest,
    body=Upload(tuple(sorted(TYPES)), ImportForm, bare=True),
)
async def create(request: CasaRequest) -> HTTPResponse:
    """Upload a file to import.

    A worker imports it, and the job shows the progress. The status is 202 for a new job, and 200 if the same
    file is already waiting or being imported: the answer is then that job.
    """
    asked = read_query(request, ImportRequest)
    form = await read_file(request, ImportForm, most_bytes=MOST_BYTES, types=TYPES)
    wanted = merge_options(asked, form.fields)
    mapping = chosen_map(wanted.map, "body" if form.fields.map else "query")
    total = await asyncio.to_thread(count_rows, form.file.content, mapping)
    async with transaction(request.app.ctx) as session:
        job, new = await request_import(
            session,
            actor(request),
            filename=plain_name(form.file, wanted.filename),
            content=form.file.content,
            total=total,
            mapping=mapping.model_dump(mode="json", exclude_defaults=True),
            dry_run=wanted.dry_run,
        )
    await request.app.ctx.queue.enqueue_import(job["id"])
    where = {"location": f"/api/v1/admin/imports/{job['id']}"}
    return reply(job, 202 if new else 200, where)


@blueprint.get("/")
@describes(Items[ImportView], query=Paging)
async def index(request: CasaRequest) -> HTTPResponse:
    """List imports and their progress, newest first."""
    wanted = read_query(request, Paging)
    async with transaction(request.app.ctx) as session:
        return reply(await list_imports(session, wanted))


@blueprint.get("/<job_id:str>")
@describes(ImportReport, raises=(NotFound,))
async def show(request: CasaRequest, job_id: str) -> HTTPResponse:
    """Show the progress of an import and, when it is done, the result of every row."""
    async with transaction(request.app.ctx) as session:
        return reply(await read_import(session, _key(job_id)))


def merge_options(asked: ImportRequest, form: ImportForm) -> ImportRequest:
    """Combine the options of the query and the form; raises InvalidRequest for an option given in both."""
    said = form.model_dump(exclude_none=True)
    twice = [
        FieldError(f"#/{name}", "body", "given_twice", "is in the query already")
        for name in said
        if name in asked.model_fields_set
    ]
    if twice:
        raise InvalidRequest("The form repeats what the query says.", tuple(twice))
    return asked.model_copy(update=said)


def plain_name(file: UploadedFile, otherwise: str) -> str:
    """Return the file's name without folders and control characters."""
    name = unquote(file.name) if file.name else otherwise
    return one_line(Path(name).name)[:200] or "upload"


def chosen_map(name: str, location: str) -> Mapping:
    if name not in shipped_maps():
        wrong = FieldError("#/map", location, "unknown_map", f"must be one of {', '.join(shipped_maps())}")
        raise InvalidRequest("One field is invalid.", (wrong,))
    return load_mapping(name)


def count_rows(content: bytes, mapping: Mapping) -> int:
    """Count the rows of a file; raises InvalidRequest if it is unreadable, empty or too long."""
    with NamedTemporaryFile(prefix="casabricks-upload-") as copy:
        copy.write(content)
        copy.flush()
        try:
            with open_rows(Path(copy.name), mapping) as rows:
                total = sum(1 for _, _ in zip(rows, range(MOST_ROWS + 1), strict=False))
        except InvalidRequest as error:
            raise _wrong_file(error.detail.replace(copy.name, "The file")) from None
    if not 1 <= total <= MOST_ROWS:
        raise _wrong_file(f"has {'no rows' if not total else f'more than {MOST_ROWS:,} rows'}")
    return total


def _wrong_file(detail: str) -> InvalidRequest:
    return InvalidRequest("The file cannot be imported.", (FieldError("#/file", "body", "file", detail),))


def _key(job_id: str) -> UUID:
    key = read_id(job_id)
    if key is None:
        raise NotFound("There is no such import.")
    return key
