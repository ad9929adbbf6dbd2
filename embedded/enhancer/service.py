"""The HTTP service of the stand-in: accepts signed jobs, serves results, and sets misbehavior."""

import re
import time
from collections.abc import AsyncIterator

import orjson
from aiohttp import web

from domain.security.webhooks import ID, SIGNATURE, TIMESTAMP, NotBelieved, verify
from embedded.enhancer.behaviour import Behaviour
from embedded.enhancer.jobs import Jobs

JOBS = web.AppKey("jobs", Jobs)
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def create_service(jobs: Jobs) -> web.Application:
    app = web.Application()
    app[JOBS] = jobs
    app.add_routes(
        [
            web.post("/jobs", take_job),
            web.get("/results/{name}.jpg", show_result),
            web.get("/behaviour", show_behaviour),
            web.put("/behaviour", change_behaviour),
        ]
    )
    app.cleanup_ctx.append(working)
    return app


async def working(app: web.Application) -> AsyncIterator[None]:
    app[JOBS].go_on()
    yield
    await app[JOBS].close()


async def take_job(request: web.Request) -> web.Response:
    body = await request.read()
    headers = {name: request.headers.getall(name, []) for name in (ID, TIMESTAMP, SIGNATURE)}
    try:
        verify(headers, body, request.app[JOBS].keys, time.time())
    except NotBelieved as error:
        return web.json_response({"error": error.refusal}, status=401)
    answers = request.app[JOBS].behaviour.answers
    if answers == web.HTTPAccepted.status_code:
        request.app[JOBS].take(orjson.loads(body)["data"])
    return web.json_response({}, status=answers)


async def show_result(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    path = request.app[JOBS].result(name)
    if not NAME.fullmatch(name) or not path.exists():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"content-type": "image/jpeg"})


async def show_behaviour(request: web.Request) -> web.Response:
    return web.json_response(request.app[JOBS].behaviour.model_dump())


async def change_behaviour(request: web.Request) -> web.Response:
    """Replace the behaviour; fields left out get their defaults."""
    request.app[JOBS].behaviour = Behaviour.model_validate_json(await request.read())
    return await show_behaviour(request)
