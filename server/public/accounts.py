"""Login, logout, and the user's own account and password."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Literal

import structlog
from sanic import Blueprint, HTTPResponse

from domain.security.addresses import Network
from domain.security.masking import mask_email
from domain.security.passwords import prepared, weakness
from domain.security.tokens import LIFETIME, issue_token
from schemas.api.accounts import LoginRequest, PasswordChange, SignedIn, UserView
from schemas.errors import FieldError, InvalidRequest, Overloaded, Unauthorized
from server.addresses import client_network
from server.auth import actor, authenticate_owner, principal
from server.context import CasaRequest, Context, transaction
from server.http.described import describes
from server.http.messages import read_body, reply
from services.accounts import (
    Credentials,
    begin_session,
    end_session,
    find_credentials,
    read_account,
    read_hash,
    set_password,
)

blueprint = Blueprint("accounts", url_prefix="/api/v1/auth")
log = structlog.get_logger(component="server")
BEARER: Literal["bearer"] = "bearer"
WRONG = "The email address or the password is wrong."


@blueprint.post("/login")
@describes(SignedIn, body=LoginRequest, raises=(Unauthorized, Overloaded))
async def login(request: CasaRequest) -> HTTPResponse:
    """Sign in.

    The answer has an access token for one hour. A refusal does not say why.
    """
    wanted = read_body(request, LoginRequest)
    context, address = request.app.ctx, client_network(request)
    async with counted_attempt(context, address):
        seen = await check_credentials(context, wanted)
    log.info("login", request_id=request.id, email=mask_email(wanted.email), accepted=seen is not None)
    context.metrics.logins[("refused" if seen is None else "accepted",)].inc()
    if seen is None:
        raise Unauthorized(WRONG)
    await context.login_limits.succeeded(wanted.email, address)
    return reply(await start_session(context, seen, wanted.password))


@asynccontextmanager
async def counted_attempt(context: Context, address: Network) -> AsyncIterator[None]:
    """Count a login attempt before it is made; undo the count on an error, which the client did not cause."""
    await context.login_limits.count_attempt(address)
    try:
        yield
    except Exception:
        await context.login_limits.uncount_attempt(address)
        raise


async def check_credentials(context: Context, wanted: LoginRequest) -> Credentials | None:
    """Return the account if the password is right; do the same work if it is unknown or locked."""
    async with transaction(context) as session:
        account = await find_credentials(session, wanted.email)
    locked = await context.login_limits.is_locked(wanted.email)
    usable = None if locked else account
    if await context.passwords.matches(wanted.password, usable.hashed_password if usable else None):
        return usable
    await context.login_limits.failed(wanted.email)
    return None


async def start_session(context: Context, seen: Credentials, password: str) -> SignedIn:
    outdated = context.passwords.is_outdated(seen.hashed_password)
    rehashed = await context.passwords.hash(password) if outdated else None
    async with transaction(context) as session:
        user, version = await begin_session(session, seen, rehashed)
    token = issue_token(user["id"], version, context.keys, datetime.now(UTC))
    return SignedIn(
        access_token=token, token_type=BEARER, expires_in=int(LIFETIME.total_seconds()), user=user
    )


own_account = Blueprint("my_account", url_prefix="/api/v1/auth")
own_account.on_request(authenticate_owner)


@own_account.get("/me")
@describes(UserView)
async def me(request: CasaRequest) -> HTTPResponse:
    """Show the account of this token."""
    async with transaction(request.app.ctx) as session:
        return reply(await read_account(session, principal(request).id))


@own_account.post("/logout")
@describes(status=204)
async def logout(request: CasaRequest) -> HTTPResponse:
    """Revoke this token.

    Other sessions of the account stay valid.
    """
    async with transaction(request.app.ctx) as session:
        await end_session(session, principal(request).claims)
    return HTTPResponse(status=204)


@own_account.post("/password")
@describes(status=204, body=PasswordChange, raises=(Overloaded,))
async def change_password(request: CasaRequest) -> HTTPResponse:
    """Change the password.

    The current password is required. All sessions end, including this one.
    """
    wanted = read_body(request, PasswordChange)
    context, who, address = request.app.ctx, principal(request), client_network(request)
    require_strong_password(wanted, who.email)
    async with counted_attempt(context, address):
        async with transaction(context) as session:
            hashed = await read_hash(session, who.id)
        is_right = await check_current_password(context, who.email, wanted.current_password, hashed)
    if not is_right:
        wrong = FieldError("#/current_password", "body", "wrong_password", "is not your password")
        raise InvalidRequest("One field is invalid.", (wrong,))
    await context.login_limits.succeeded(who.email, address)
    replacement = await context.passwords.hash(wanted.new_password)
    async with transaction(context) as session:
        await set_password(session, actor(request), who.id, hashed, replacement)
    return HTTPResponse(status=204)


async def check_current_password(context: Context, email: str, password: str, hashed: str) -> bool:
    """Check the current password.

    Wrong attempts count against the login limits, so a stolen token cannot be used to guess the password.
    """
    locked = await context.login_limits.is_locked(email)
    is_right = await context.passwords.matches(password, None if locked else hashed)
    if not is_right:
        await context.login_limits.failed(email)
    return is_right


def require_strong_password(wanted: PasswordChange, email: str) -> None:
    why = weakness(wanted.new_password, email)
    if prepared(wanted.new_password) == prepared(wanted.current_password):
        why = "must be another than the current one"
    if why is not None:
        wrong = FieldError("#/new_password", "body", "weak_password", why)
        raise InvalidRequest("One field is invalid.", (wrong,))
