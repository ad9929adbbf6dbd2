"""Minimal Sanic handlers as baselines: pass a ready `_msearch` to OpenSearch and return its answer."""

import sys
from hashlib import sha256
from typing import Any

from aiohttp import ClientSession
from sanic import HTTPResponse, Request, Sanic
from sanic.response import json, raw

from bench.harness.load import NDJSON
from bench.harness.servers import msearch_url
from schemas.settings import Settings
from stores.cache import open_cache
from stores.search import open_search

KEPT_S = 300


def create_bare(settings: Settings) -> Sanic[Any, Any]:
    app = Sanic("bare", configure_logging=False)
    url = msearch_url(settings, settings.index_alias)

    @app.before_server_start
    async def open_stores(application: Sanic[Any, Any]) -> None:
        application.ctx.search = open_search(settings)
        application.ctx.cache = open_cache(settings)
        # Like the client, it asks for no compressed answers.
        application.ctx.session = ClientSession(
            headers={"content-type": NDJSON}, skip_auto_headers=("accept-encoding",)
        )

    async def ask(request: Request) -> bytes:
        async with request.app.ctx.session.post(url, data=request.body) as answer:
            return bytes(await answer.read())

    @app.post("/msearch")
    async def through_the_client(request: Request) -> HTTPResponse:
        """Use the OpenSearch client, as any handler would: the answer is parsed and serialized again."""
        return json(await request.app.ctx.search.msearch(body=request.body, index=settings.index_alias))

    @app.post("/pass")
    async def unread(request: Request) -> HTTPResponse:
        """Pass the raw bytes through without parsing them, as a proxy."""
        return raw(await ask(request), content_type="application/json")

    @app.post("/kept")
    async def kept(request: Request) -> HTTPResponse:
        """Keep answers in Redis under the hash of the body: one look-up, and nothing is checked."""
        cache, key = request.app.ctx.cache, f"bare:{sha256(request.body).hexdigest()}"
        found = await cache.get(key)
        if found is None:
            found = await ask(request)
            await cache.set(key, found, ex=KEPT_S)
        return raw(found, content_type="application/json")

    return app


if __name__ == "__main__":
    create_bare(Settings()).run(
        "127.0.0.1", int(sys.argv[1]), single_process=True, motd=False, access_log=False
    )
