"""Properties for admins.

Writes never overwrite an edit that the client has not seen, and can wait until searches show them.
"""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

import orjson
from sanic import Blueprint, HTTPResponse
from sqlalchemy.ext.asyncio import AsyncSession

from domain.security.cursors import InvalidCursor, read_cursor, write_cursor
from domain.security.keys import Keys
from schemas.api.admin.changes import ChangesRequest, PropertyChanges
from schemas.api.admin.properties import (
    AdminProperty,
    HistoryEntry,
    NewProperty,
    PropertyFields,
    PropertyList,
    PropertyRow,
    SearchGiven,
    StateChange,
    Visibility,
    WriteOptions,
    WrittenProperty,
)
from schemas.api.lists import Items, Paging
from schemas.api.search.canonical import ListingSearch
from schemas.errors import Conflict, FieldError, NotFound, Unparsable
from schemas.tables import Property
from schemas.vocabulary import PropertyState
from search.freshness import becomes_searchable, revision_of
from search.visibility import Standing, explain, standing_of
from server.auth import actor, authenticate, principal
from server.context import CasaRequest, transaction
from server.http.described import AWAITED, CREATED, GUARDED, ONCE, VERSIONED, Patch, describes
from server.http.messages import merged, read_body, read_json, read_patch, read_query, reply
from server.http.preconditions import preferred_wait_s, seen_versions
from server.idempotency import read_once, reply_kept, to_be_kept
from server.pictures import addressed
from services.audit import Actor
from services.idempotency import KeptAnswer, once_only
from services.properties.changes import Place, adopt, changes_after, history_of
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
    """List properties in any state, by filters."""
    wanted = read_query(request, PropertyList)
    async with transaction(request.app.ctx) as session:
        page = await list_properties(session, wanted)
    return reply(addressed(page, request.app.ctx.settings))


@blueprint.post("/")
@describes(
    WrittenProperty,
    CREATED,
    VERSIONED,
    AWAITED,
    ONCE,
    status=201,
    query=WriteOptions,
    body=NewProperty,
    raises=(Conflict,),
)
async def add(request: CasaRequest) -> HTTPResponse:
    """Create a property."""
    wait_s, new = wanted_wait_s(request), read_body(request, NewProperty)
    once = read_once(request, new, str(principal(request).id))
    async with transaction(request.app.ctx, awaited=wait_s is not None) as session:
        kept = await once_only(session, once, partial(created, session, actor(request), new))
    return await announced(request, kept, wait_s)


@blueprint.get("/changes")
@describes(PropertyChanges, query=ChangesRequest, raises=(Unparsable,))
async def tell_changes(request: CasaRequest) -> HTTPResponse:
    """List every property and then every later change, for programs that keep a copy.

    Continue with `next_cursor`: at once while `has_more` is true, otherwise later. No change is skipped,
    even during concurrent edits. A property that changes again is listed again.
    """
    wanted, context = read_query(request, ChangesRequest), request.app.ctx
    async with transaction(context) as session:
        await adopt(session)
        walk = {"changes": await history_of(session)}
    keys = context.keys_for("cursor")
    place = place_in(walk, wanted.cursor, keys)
    async with transaction(context) as session:
        found = await changes_after(session, place, wanted.page_size)
    cursor = write_cursor([found.place.changed_in, str(found.place.property_id)], walk, keys)
    answer = PropertyChanges(items=found.items, next_cursor=cursor, has_more=found.has_more)
    return reply(addressed(answer, request.app.ctx.settings))


def place_in(walk: Mapping[str, str], cursor: str | None, keys: Keys) -> Place:
    if cursor is None:
        return Place()
    try:
        changed_in, property_id = read_cursor(cursor, walk, keys)
    except InvalidCursor:
        wrong = FieldError("#/cursor", "query", "cursor", "is not of this database; begin without one")
        raise Unparsable("The cursor cannot be gone on from.", (wrong,)) from None
    return Place(changed_in, UUID(property_id))


@blueprint.get("/<property_id:str>")
@describes(AdminProperty, VERSIONED, raises=(NotFound,))
async def show(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Show a property in full, in any state."""
    async with transaction(request.app.ctx) as session:
        row = await find(session, property_id)
    return reply(addressed(view(row), request.app.ctx.settings), headers={"etag": etag_of(row)})


@blueprint.put("/<property_id:str>")
@describes(
    WrittenProperty, GUARDED, AWAITED, query=WriteOptions, body=PropertyFields, raises=(NotFound, Conflict)
)
async def replace(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Replace a property.

    Fields left out are reset to their defaults.
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

    Only the fields given change; null clears a field.
    """
    wait_s, given = wanted_wait_s(request), read_patch(request)
    edit = Edit(given, partial(merged, PropertyFields, given))
    async with transaction(request.app.ctx, awaited=wait_s is not None) as session:
        row = await change(session, actor(request), property_id, seen_versions(request), edit)
    return await written(request, row, wait_s)


@blueprint.delete("/<property_id:str>")
@describes(WrittenProperty, GUARDED, AWAITED, query=WriteOptions, raises=(NotFound, Conflict))
async def remove(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Remove a property from all searches.

    Its data is kept, and activating it restores it.
    """
    return await moved(request, property_id, StateChange(state=PropertyState.DELETED))


@blueprint.patch("/<property_id:str>/status")
@describes(
    WrittenProperty, GUARDED, AWAITED, query=WriteOptions, body=StateChange, raises=(NotFound, Conflict)
)
async def set_status(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Change the state of a property: activate, deactivate, sell, restore."""
    return await moved(request, property_id, read_body(request, StateChange))


@blueprint.get("/<property_id:str>/history")
@describes(Items[HistoryEntry], query=Paging, raises=(NotFound,))
async def show_history(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Show the history of a property: changes of its price, and who changed what."""
    paging = read_query(request, Paging)
    async with transaction(request.app.ctx) as session:
        page = await history(session, property_id, paging)
    return reply(page)


@blueprint.get("/<property_id:str>/visibility")
@describes(Visibility, query=SearchGiven, raises=(NotFound,))
async def explain_link(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Explain why a listing is or is not found by a search in the query string."""
    given = read_query(request, SearchGiven).search.encode()
    return await explained(request, property_id, read_json(given, ListingSearch, "query"))


@blueprint.post("/<property_id:str>/visibility")
@describes(Visibility, body=ListingSearch, raises=(NotFound,))
async def explain_search(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Explain why a listing is or is not found by a search in the body."""
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
    """Return the seconds of `?wait=N`, or else of `Prefer: wait=N`."""
    asked = read_query(request, WriteOptions).wait
    return preferred_wait_s(request) if asked is None else asked


async def written(request: CasaRequest, row: Property, wait_s: int | None) -> HTTPResponse:
    """Reply with the committed property; if asked, wait first until searches show it."""
    shown = await searchable(request, row.id, row.revision, wait_s)
    answer = WrittenProperty(**view(row), searchable=shown)
    return reply(addressed(answer, request.app.ctx.settings), headers=told(etag_of(row), wait_s))


async def created(session: AsyncSession, who: Actor, new: NewProperty) -> KeptAnswer:
    row = await create(session, who, new)
    return to_be_kept(view(row), 201, row.id)


async def announced(request: CasaRequest, kept: KeptAnswer, wait_s: int | None) -> HTTPResponse:
    """Reply with the new property as committed; `searchable` is checked again for a replay."""
    made = orjson.loads(kept.body)
    shown = await searchable(request, UUID(made["id"]), made["revision"], wait_s)
    answer = reply_kept(kept, searchable=shown)
    answer.headers.update(told(f'"{made["version"]}"', wait_s))
    answer.headers["location"] = f"{blueprint.url_prefix}/{made['id']}"
    return answer


async def searchable(
    request: CasaRequest, property_id: UUID, revision: int, wait_s: int | None
) -> bool | None:
    """Whether searches show the revision in time; None if the client did not ask to wait."""
    context = request.app.ctx
    if wait_s is None:
        return None
    return await becomes_searchable(
        context.search,
        context.settings.index_alias,
        property_id,
        revision,
        newest=partial(revision_of, context.database, property_id),
        wait_s=wait_s,
    )


def told(etag: str, wait_s: int | None) -> dict[str, str]:
    """Return the headers of an answer to a write."""
    waited = {} if wait_s is None else {"preference-applied": f"wait={wait_s}"}
    return {"etag": etag} | waited
