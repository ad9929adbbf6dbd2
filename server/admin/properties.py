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
from search.visibility import DatabaseState, explain, read_database_state
from server.auth import actor, authenticate, principal
from server.context import CasaRequest, transaction
from server.http.described import AWAITED, CREATED, GUARDED, IDEMPOTENT, VERSIONED, Patch, describes
from server.http.messages import apply_patch, read_body, read_json, read_patch, read_query, reply
from server.http.preconditions import expected_versions, preferred_wait_s
from server.idempotency import read_idempotent_request, reply_stored, to_stored_answer
from server.pictures import with_picture_urls
from services.audit import Actor
from services.idempotency import StoredAnswer, run_idempotently
from services.properties.changes import ChangePosition, adopt_restored_rows, changes_after, timeline_id
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
    return reply(with_picture_urls(page, request.app.ctx.settings))


@blueprint.post("/")
@describes(
    WrittenProperty,
    CREATED,
    VERSIONED,
    AWAITED,
    IDEMPOTENT,
    status=201,
    query=WriteOptions,
    body=NewProperty,
    raises=(Conflict,),
)
async def add(request: CasaRequest) -> HTTPResponse:
    """Create a property."""
    wait_s, new = wanted_wait_s(request), read_body(request, NewProperty)
    keyed = read_idempotent_request(request, new, str(principal(request).id))
    async with transaction(request.app.ctx, awaited=wait_s is not None) as session:
        stored = await run_idempotently(session, keyed, partial(create_answer, session, actor(request), new))
    return await created_reply(request, stored, wait_s)


@blueprint.get("/changes")
@describes(PropertyChanges, query=ChangesRequest, raises=(Unparsable,))
async def tell_changes(request: CasaRequest) -> HTTPResponse:
    """List every property and then every later change, for programs that keep a copy.

    Continue with `next_cursor`: at once while `has_more` is true, otherwise later. No change is skipped,
    even during concurrent edits. A property that changes again is listed again.
    """
    wanted, context = read_query(request, ChangesRequest), request.app.ctx
    async with transaction(context) as session:
        await adopt_restored_rows(session)
        walk = {"changes": await timeline_id(session)}
    keys = context.keys_for("cursor")
    place = read_position(walk, wanted.cursor, keys)
    async with transaction(context) as session:
        found = await changes_after(session, place, wanted.page_size)
    cursor = write_cursor([found.position.changed_in, str(found.position.property_id)], walk, keys)
    answer = PropertyChanges(items=found.items, next_cursor=cursor, has_more=found.has_more)
    return reply(with_picture_urls(answer, request.app.ctx.settings))


def read_position(walk: Mapping[str, str], cursor: str | None, keys: Keys) -> ChangePosition:
    if cursor is None:
        return ChangePosition()
    try:
        changed_in, property_id = read_cursor(cursor, walk, keys)
    except InvalidCursor:
        wrong = FieldError("#/cursor", "query", "cursor", "is not of this database; begin without one")
        raise Unparsable("The cursor cannot be gone on from.", (wrong,)) from None
    return ChangePosition(changed_in, UUID(property_id))


@blueprint.get("/<property_id:str>")
@describes(AdminProperty, VERSIONED, raises=(NotFound,))
async def show(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Show a property in full, in any state."""
    async with transaction(request.app.ctx) as session:
        row = await find(session, property_id)
    return reply(with_picture_urls(view(row), request.app.ctx.settings), headers={"etag": etag_of(row)})


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
        row = await change(session, actor(request), property_id, expected_versions(request), edit)
    return await property_reply(request, row, wait_s)


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
    edit = Edit(given, partial(apply_patch, PropertyFields, given))
    async with transaction(request.app.ctx, awaited=wait_s is not None) as session:
        row = await change(session, actor(request), property_id, expected_versions(request), edit)
    return await property_reply(request, row, wait_s)


@blueprint.delete("/<property_id:str>")
@describes(WrittenProperty, GUARDED, AWAITED, query=WriteOptions, raises=(NotFound, Conflict))
async def remove(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Remove a property from all searches.

    Its data is kept, and activating it restores it.
    """
    return await move_state(request, property_id, StateChange(state=PropertyState.DELETED))


@blueprint.patch("/<property_id:str>/status")
@describes(
    WrittenProperty, GUARDED, AWAITED, query=WriteOptions, body=StateChange, raises=(NotFound, Conflict)
)
async def set_status(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Change the state of a property: activate, deactivate, sell, restore."""
    return await move_state(request, property_id, read_body(request, StateChange))


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
    return await explain_visibility(request, property_id, read_json(given, ListingSearch, "query"))


@blueprint.post("/<property_id:str>/visibility")
@describes(Visibility, body=ListingSearch, raises=(NotFound,))
async def explain_search(request: CasaRequest, property_id: str) -> HTTPResponse:
    """Explain why a listing is or is not found by a search in the body."""
    return await explain_visibility(request, property_id, read_body(request, ListingSearch))


async def explain_visibility(request: CasaRequest, property_id: str, wanted: ListingSearch) -> HTTPResponse:
    context = request.app.ctx

    async def read_state() -> DatabaseState:
        async with transaction(context) as session:
            return await read_database_state(session, property_id)

    return reply(await explain(context.search, context.settings.index_alias, read_state, wanted))


async def move_state(request: CasaRequest, property_id: str, wanted: StateChange) -> HTTPResponse:
    wait_s = wanted_wait_s(request)
    async with transaction(request.app.ctx, awaited=wait_s is not None) as session:
        row = await change_state(session, actor(request), property_id, expected_versions(request), wanted)
    return await property_reply(request, row, wait_s)


def wanted_wait_s(request: CasaRequest) -> int | None:
    """Return the seconds of `?wait=N`, or else of `Prefer: wait=N`."""
    asked = read_query(request, WriteOptions).wait
    return preferred_wait_s(request) if asked is None else asked


async def property_reply(request: CasaRequest, row: Property, wait_s: int | None) -> HTTPResponse:
    """Reply with the committed property; if asked, wait first until searches show it."""
    shown = await is_searchable(request, row.id, row.revision, wait_s)
    answer = WrittenProperty(**view(row), searchable=shown)
    return reply(
        with_picture_urls(answer, request.app.ctx.settings), headers=write_headers(etag_of(row), wait_s)
    )


async def create_answer(session: AsyncSession, who: Actor, new: NewProperty) -> StoredAnswer:
    row = await create(session, who, new)
    return to_stored_answer(view(row), 201, row.id)


async def created_reply(request: CasaRequest, kept: StoredAnswer, wait_s: int | None) -> HTTPResponse:
    """Reply with the new property as committed; `searchable` is checked again for a replay."""
    made = orjson.loads(kept.body)
    shown = await is_searchable(request, UUID(made["id"]), made["revision"], wait_s)
    answer = reply_stored(kept, searchable=shown)
    answer.headers.update(write_headers(f'"{made["version"]}"', wait_s))
    answer.headers["location"] = f"{blueprint.url_prefix}/{made['id']}"
    return answer


async def is_searchable(
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


def write_headers(etag: str, wait_s: int | None) -> dict[str, str]:
    """Return the headers of an answer to a write."""
    waited = {} if wait_s is None else {"preference-applied": f"wait={wait_s}"}
    return {"etag": etag} | waited
