"""Properties as admins manage them: never over another's edit, and seen in searches when they ask for it."""

from functools import partial

from sanic import Blueprint, HTTPResponse

from schemas.api.admin_properties import (
    NewProperty,
    Paging,
    PropertyFields,
    PropertyList,
    SearchGiven,
    StatusChange,
    WriteOptions,
    WrittenProperty,
)
from schemas.api.search import ListingSearch
from schemas.tables import Property
from schemas.vocabulary import PropertyState
from server.auth import actor, authenticate
from server.context import CasaRequest, transaction
from server.http import merged, read_body, read_json, read_patch, read_query, reply
from server.preconditions import preferred_wait_s, seen_versions
from server.search.freshness import becomes_searchable
from server.search.visibility import explain, standing_of
from services.properties.history import history
from services.properties.lifecycle import change_state
from services.properties.listing import list_properties
from services.properties.rows import etag_of, find, view
from services.properties.writes import Edit, change, create

blueprint = Blueprint("admin_properties", url_prefix="/api/v1/admin/properties")
blueprint.on_request(authenticate)


@blueprint.get("/")
async def index(request: CasaRequest) -> HTTPResponse:
    wanted = read_query(request, PropertyList)
    async with transaction(request.app.ctx) as session:
        page = await list_properties(session, wanted)
    return reply(page)


@blueprint.post("/")
async def add(request: CasaRequest) -> HTTPResponse:
    wait_s, new = wanted_wait_s(request), read_body(request, NewProperty)
    async with transaction(request.app.ctx, awaited=wait_s is not None) as session:
        row = await create(session, actor(request), new)
    answer = await written(request, row, wait_s, status=201)
    answer.headers["location"] = f"{blueprint.url_prefix}/{row.id}"
    return answer


@blueprint.get("/<property_id:str>")
async def show(request: CasaRequest, property_id: str) -> HTTPResponse:
    async with transaction(request.app.ctx) as session:
        row = await find(session, property_id)
    return reply(view(row), headers={"etag": etag_of(row)})


@blueprint.put("/<property_id:str>")
async def replace(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Fields left out return to their defaults."""
    wait_s, new = wanted_wait_s(request), read_body(request, PropertyFields)
    edit = Edit(new.model_dump(mode="json"), lambda _: new)
    async with transaction(request.app.ctx, awaited=wait_s is not None) as session:
        row = await change(session, actor(request), property_id, seen_versions(request), edit)
    return await written(request, row, wait_s)


@blueprint.patch("/<property_id:str>")
async def patch(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Only the fields given change; null clears one."""
    wait_s, given = wanted_wait_s(request), read_patch(request)
    edit = Edit(given, partial(merged, PropertyFields, given))
    async with transaction(request.app.ctx, awaited=wait_s is not None) as session:
        row = await change(session, actor(request), property_id, seen_versions(request), edit)
    return await written(request, row, wait_s)


@blueprint.delete("/<property_id:str>")
async def remove(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Out of every search, but kept whole; activating restores it."""
    return await moved(request, property_id, StatusChange(state=PropertyState.DELETED))


@blueprint.patch("/<property_id:str>/status")
async def set_status(request: CasaRequest, property_id: str) -> HTTPResponse:
    return await moved(request, property_id, read_body(request, StatusChange))


@blueprint.get("/<property_id:str>/history")
async def show_history(request: CasaRequest, property_id: str) -> HTTPResponse:
    paging = read_query(request, Paging)
    async with transaction(request.app.ctx) as session:
        page = await history(session, property_id, paging)
    return reply(page)


@blueprint.get("/<property_id:str>/visibility")
async def explain_link(request: CasaRequest, property_id: str) -> HTTPResponse:
    given = read_query(request, SearchGiven).search.encode()
    return await explained(request, property_id, read_json(given, ListingSearch, "query"))


@blueprint.post("/<property_id:str>/visibility")
async def explain_search(request: CasaRequest, property_id: str) -> HTTPResponse:
    return await explained(request, property_id, read_body(request, ListingSearch))


async def explained(request: CasaRequest, property_id: str, wanted: ListingSearch) -> HTTPResponse:
    context = request.app.ctx
    async with transaction(context) as session:
        standing = await standing_of(session, property_id)
    return reply(await explain(context.search, context.settings.index_alias, standing, wanted))


async def moved(request: CasaRequest, property_id: str, wanted: StatusChange) -> HTTPResponse:
    wait_s = wanted_wait_s(request)
    async with transaction(request.app.ctx, awaited=wait_s is not None) as session:
        row = await change_state(session, actor(request), property_id, seen_versions(request), wanted)
    return await written(request, row, wait_s)


def wanted_wait_s(request: CasaRequest) -> int | None:
    """`?wait=N` or, without it, `Prefer: wait=N`."""
    asked = read_query(request, WriteOptions).wait
    return preferred_wait_s(request) if asked is None else asked


async def written(
    request: CasaRequest, row: Property, wait_s: int | None, *, status: int = 200
) -> HTTPResponse:
    """The property as it was committed; held until searches show it, if that was asked for."""
    context, headers, searchable = request.app.ctx, {"etag": etag_of(row)}, None
    if wait_s is not None:
        headers["preference-applied"] = f"wait={wait_s}"
        searchable = await becomes_searchable(
            context.search, context.settings.index_alias, row.id, row.revision, wait_s=wait_s
        )
    return reply(WrittenProperty(**view(row), searchable=searchable), status, headers)
