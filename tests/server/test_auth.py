"""Authentication: every admin route needs a token, and every way in which a token becomes invalid."""

from datetime import UTC, datetime, timedelta
from secrets import token_hex

import jwt
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.security.tokens import issue_token, signing_keys
from schemas.settings import Settings
from server.app import create_app
from tests.factories import store_user
from tests.server.conftest import Api


def admin_routes() -> list[tuple[str, str]]:
    app = create_app(Settings(jwt_secret=token_hex(32)), "routes")
    found = {
        (method, "/" + route.path.replace("<", "{").replace(":str>", "}").replace(":uuid>", "}"))
        for route in app.router.routes
        for method in route.methods
        if route.path.startswith("api/v1/admin") and method != "OPTIONS"
    }
    return sorted(found)


@pytest.mark.parametrize(("method", "path"), admin_routes())
async def test_no_admin_route_answers_without_a_token(api: Api, method: str, path: str):
    answer = await api.ask(method, path.format_map(Filled()))
    assert (answer.status, answer.body["code"] if answer.body else None) == (401, "unauthorized") or (
        method == "HEAD" and answer.status == 401
    )
    assert answer.headers["www-authenticate"] == "Bearer"


class Filled(dict[str, str]):
    def __missing__(self, _name: str) -> str:
        return "019b76da-b0c9-7017-9695-9a03e802027d"


async def test_a_signed_in_account_is_told_who_it_is(admin: Api):
    answer = await admin.get("/api/v1/auth/me")
    assert (answer.status, answer.body["email"], answer.body["role"]) == (
        200,
        "asha@casabricks.example",
        "admin",
    )
    assert (answer.headers["cache-control"], "hashed_password" in answer.body) == ("no-store", False)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic YTpi", "bearer x.y.z", "Bearer null", "Token abc", "Bearer a b c"],
)
async def test_a_header_without_a_token_of_ours_lets_nobody_in(api: Api, header: str):
    answer = await api.get("/api/v1/auth/me", headers={"authorization": header})
    assert (answer.status, answer.body["detail"]) == (401, "A valid access token is needed.")


async def test_a_token_in_the_link_is_none(api: Api, admin: Api):
    token = admin.always["authorization"].removeprefix("Bearer ")
    assert (await api.get(f"/api/v1/auth/me?access_token={token}")).status == 401


async def test_a_token_of_another_algorithm_or_none_lets_nobody_in(
    api: Api, engine: AsyncEngine, settings: Settings
):
    user = await store_user(engine)
    keys = signing_keys(*settings.token_secrets)
    good = issue_token(user, 0, keys, datetime.now(UTC))
    header, payload = jwt.get_unverified_header(good), jwt.decode(good, options={"verify_signature": False})
    for algorithm, key in (("none", ""), ("HS384", next(iter(keys.values())))):
        forged = jwt.encode(payload, key, algorithm, headers={"kid": header["kid"], "typ": "at+jwt"})
        answer = await api.get("/api/v1/auth/me", headers={"authorization": f"Bearer {forged}"})
        assert answer.status == 401


async def test_an_expired_token_lets_nobody_in(api: Api, engine: AsyncEngine, settings: Settings):
    user = await store_user(engine)
    old = issue_token(user, 0, signing_keys(*settings.token_secrets), datetime.now(UTC) - timedelta(hours=2))
    answer = await api.get("/api/v1/auth/me", headers={"authorization": f"Bearer {old}"})
    assert answer.status == 401


@pytest.mark.parametrize(
    "change", ["is_active = false", "token_version = token_version + 1", "id = uuidv7()"]
)
async def test_what_happens_to_the_account_counts_from_the_next_request_on(
    admin: Api, engine: AsyncEngine, change: str
):
    assert (await admin.get("/api/v1/auth/me")).status == 200
    async with engine.begin() as connection:
        await connection.execute(text(f"UPDATE users SET {change}"))
    assert (await admin.get("/api/v1/auth/me")).status == 401


async def test_the_role_is_the_accounts_and_not_the_tokens(admin: Api, engine: AsyncEngine):
    assert (await admin.get("/api/v1/admin/users")).status == 403
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE users SET role = 'super_admin'"))
    assert (await admin.get("/api/v1/admin/users")).status == 200


@pytest.mark.usefixtures("fresh_limits")
async def test_an_address_in_a_header_is_not_believed_of_who_connects_directly(api: Api, engine: AsyncEngine):
    statuses = []
    for number in range(11):
        body = {"email": f"nobody{number}@casabricks.example", "password": "a wrong password"}
        forged = {"x_forwarded_for": f"198.51.100.{number}", "forwarded": f"for=198.51.100.{number}"}
        statuses.append((await api.post("/api/v1/auth/login", body, **forged)).status)
    assert statuses == [401] * 10 + [429]
