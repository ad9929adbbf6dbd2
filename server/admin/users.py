"""Accounts, for super_admins."""

from uuid import UUID

from sanic import Blueprint, HTTPResponse

from domain.ids import read_id
from domain.security.passwords import draw_password, weakness
from schemas.api.accounts import UserView
from schemas.api.admin.users import ManagedUser, UserChange, UserCreate, UsersRequest
from schemas.api.inquiries import Colleagues
from schemas.api.lists import Items
from schemas.errors import Conflict, FieldError, InvalidRequest, NotFound, Overloaded
from server.auth import actor, authenticate, authenticate_super_admin
from server.context import CasaRequest, transaction
from server.http.described import describes
from server.http.messages import read_body, read_query, reply
from services.leads.summary import count_open
from services.users import change_user, create_user, list_colleagues, list_users

blueprint = Blueprint("admin_users", url_prefix="/api/v1/admin/users")
blueprint.on_request(authenticate_super_admin)

colleagues = Blueprint("admin_colleagues", url_prefix="/api/v1/admin/colleagues")
colleagues.on_request(authenticate)


@colleagues.get("/")
@describes(Colleagues)
async def names(request: CasaRequest) -> HTTPResponse:
    """List the accounts to which leads can be assigned: all active ones."""
    async with transaction(request.app.ctx) as session:
        return reply(await list_colleagues(session))


@blueprint.get("/")
@describes(Items[UserView], query=UsersRequest)
async def index(request: CasaRequest) -> HTTPResponse:
    """List accounts and their roles."""
    wanted = read_query(request, UsersRequest)
    async with transaction(request.app.ctx) as session:
        return reply(await list_users(session, wanted))


@blueprint.post("/")
@describes(ManagedUser, status=201, body=UserCreate, raises=(Conflict, Overloaded))
async def create(request: CasaRequest) -> HTTPResponse:
    """Create an account.

    Without a password, a random one is generated and shown once in the answer.
    """
    wanted = read_body(request, UserCreate)
    password = require_strong_password(wanted) if wanted.password is not None else draw_password()
    hashed = await request.app.ctx.passwords.hash(password)
    async with transaction(request.app.ctx) as session:
        user = await create_user(session, actor(request), wanted, hashed, drawn=wanted.password is None)
    drawn = password if wanted.password is None else None
    return reply(ManagedUser(user=user, open_leads=0, one_time_password=drawn), 201)


@blueprint.patch("/<user_id:str>")
@describes(ManagedUser, body=UserChange, raises=(NotFound, Conflict, Overloaded))
async def change(request: CasaRequest, user_id: str) -> HTTPResponse:
    """Change an account, or generate a new password for it."""
    wanted = read_body(request, UserChange)
    password = draw_password() if wanted.reset_password else None
    hashed = await request.app.ctx.passwords.hash(password) if password else None
    async with transaction(request.app.ctx) as session:
        user = await change_user(session, actor(request), _key(user_id), wanted, hashed)
        open_leads = await count_open(session, [user["id"]])
    return reply(ManagedUser(user=user, open_leads=open_leads, one_time_password=password))


def require_strong_password(wanted: UserCreate) -> str:
    password = wanted.password or ""
    why = weakness(password, wanted.email)
    if why is not None:
        wrong = FieldError("#/password", "body", "weak_password", why)
        raise InvalidRequest("One field is invalid.", (wrong,))
    return password


def _key(user_id: str) -> UUID:
    key = read_id(user_id)
    if key is None:
        raise NotFound("There is no such account.")
    return key
