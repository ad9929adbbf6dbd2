"""Properties as admins manage them: never over another's edit, and seen in searches when they ask for it."""

from functools import partial

from sanic import Blueprint, HTTPResponse

from schemas.api.admin_properties import (
    AdminProperty,
    HistoryEntry,
    NewProperty,
    Paging,
    PropertyFields,
    PropertyList,
    PropertyRow,
    SearchGiven,
    StateChange,
    Visibility,
    WriteOptions,
    WrittenProperty,
)
from schemas.api.lists import Items
from schemas.api.search import ListingSearch
from schemas.errors import Conflict, NotFound
from schemas.tables import Property
from schemas.vocabulary import PropertyState
from server.auth import actor, authenticate
from server.context import CasaRequest, transaction
from server.described import AWAITED, CREATED, GUARDED, VERSIONED, Patch, describes
from server.http import merged, read_body, read_json, read_patch, read_query, reply
from server.preconditions import preferred_wait_s, seen_versions
from server.search.freshness import becomes_searchable, revision_of
from server.search.visibility import Standing, explain, standing_of
from services.properties.history import history
from services.properties.lifecycle import change_state
from services.properties.listing import list_properties
from services.properties.rows import etag_of, find, view
from services.properties.writes import Edit, change, create

blueprint = Blueprint("admin_properties", url_prefix="/api/v1/admin/properties")
blueprint.on_request(authenticate)


@blueprint.get("/")
@describes(Items[PropertyRow], query=PropertyList)
async def index(request: CasaRequest) -> HTTPResponse:
    """Properties in any state, by what an admin looks for."""
    wanted = read_query(request, PropertyList)
    async with transaction(request.app.ctx) as session:
        page = await list_properties(session, wanted)
    return reply(page)


@blueprint.post("/")
@describes(
    WrittenProperty,
    CREATED,
    VERSIONED,
    AWAITED,
    status=201,
    query=WriteOptions,
    body=NewProperty,
    raises=(Conflict,),
)
async def add(request: CasaRequest) -> HTTPResponse:
    """Create a property."""
    wait_s, new = wanted_wait_s(request), read_body(request, NewProperty)
    async with transaction(request.app.ctx, awaited=wait_s is not None) as session:
        row = await create(session, actor(request), new)
    answer = await written(request, row, wait_s, status=201)
    answer.headers["location"] = f"{blueprint.url_prefix}/{row.id}"
    return answer


@blueprint.get("/<property_id:str>")
@describes(AdminProperty, VERSIONED, raises=(NotFound,))
async def show(request: CasaRequest, property_id: str) -> HTTPResponse:
    """A property whole, in any state."""
    async with transaction(request.app.ctx) as session:
        row = await find(session, property_id)
    return reply(view(row), headers={"etag": etag_of(row)})


@blueprint.put("/<property_id:str>")
@describes(
    WrittenProperty, GUARDED, AWAITED, query=WriteOptions, body=PropertyFields, raises=(NotFound, Conflict)
)
async def replace(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Replace a property.

    Fields left out return to their defaults.
    """
    wait_s, new = wanted_wait_s(request), read_body(request, PropertyFields)
    edit = Edit(new.model_dump(mode="json"), lambda _: new)
    async with transaction(request.app.ctx, awaited=wait_s is not None) as session:
        row = await change(session, actor(request), property_id, seen_versions(request), edit)
    return await written(request, row, wait_s)


@blueprint.patch("/<property_id:str>")
@describes(
    WrittenProperty,
    GUARDED,
    AWAITED,
    query=WriteOptions,
    body=Patch(PropertyFields, example={"price": 11_500_000}),
    raises=(NotFound, Conflict),
)
async def patch(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Change a property.

    Only the fields given change; null clears one.
    """
    wait_s, given = wanted_wait_s(request), read_patch(request)
    edit = Edit(given, partial(merged, PropertyFields, given))
    async with transaction(request.app.ctx, awaited=wait_s is not None) as session:
        row = await change(session, actor(request), property_id, seen_versions(request), edit)
    return await written(request, row, wait_s)


@blueprint.delete("/<property_id:str>")
@describes(WrittenProperty, GUARDED, AWAITED, query=WriteOptions, raises=(NotFound, Conflict))
async def remove(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Take a property out of every search.

    It is kept whole, and activating restores it.
    """
    return await moved(request, property_id, StateChange(state=PropertyState.DELETED))


@blueprint.patch("/<property_id:str>/status")
@describes(
    WrittenProperty, GUARDED, AWAITED, query=WriteOptions, body=StateChange, raises=(NotFound, Conflict)
)
async def set_status(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Move a property on: activate, deactivate, sell, restore."""
    return await moved(request, property_id, read_body(request, StateChange))


@blueprint.get("/<property_id:str>/history")
@describes(Items[HistoryEntry], query=Paging, raises=(NotFound,))
async def show_history(request: CasaRequest, property_id: str) -> HTTPResponse:
    """What became of a property: changes of its price, and who changed what."""
    paging = read_query(request, Paging)
    async with transaction(request.app.ctx) as session:
        page = await history(session, property_id, paging)
    return reply(page)


@blueprint.get("/<property_id:str>/visibility")
@describes(Visibility, query=SearchGiven, raises=(NotFound,))
async def explain_link(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Why a listing is or is not in a search that came as a link."""
    given = read_query(request, SearchGiven).search.encode()
    return await explained(request, property_id, read_json(given, ListingSearch, "query"))


@blueprint.post("/<property_id:str>/visibility")
@describes(Visibility, body=ListingSearch, raises=(NotFound,))
async def explain_search(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Why a listing is or is not in a search."""
    return await explained(request, property_id, read_body(request, ListingSearch))


async def explained(request: CasaRequest, property_id: str, wanted: ListingSearch) -> HTTPResponse:
    context = request.app.ctx

    async def standing() -> Standing:
        async with transaction(context) as session:
            return await standing_of(session, property_id)

    return reply(await explain(context.search, context.settings.index_alias, standing, wanted))


async def moved(request: CasaRequest, property_id: str, wanted: StateChange) -> HTTPResponse:
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
            context.search,
            context.settings.index_alias,
            row.id,
            row.revision,
            newest=partial(revision_of, context.database, row.id),
            wait_s=wait_s,
        )
    return reply(WrittenProperty(**view(row), searchable=searchable), status, headers)
