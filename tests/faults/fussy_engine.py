"""The real engine behind a door that refuses single items of a bulk, and leaves the others alone."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import orjson
from aiohttp import ClientSession, web

Document = dict[str, Any]
Verdict = tuple[int, str] | None
"""Status and error type, or None for an item that the engine itself shall judge."""

ANSWER_HEADERS = ("content-type",)


@asynccontextmanager
async def fussy_engine(upstream: str, judge: Callable[[Document], Verdict]) -> AsyncIterator[str]:
    """Its URL."""
    async with ClientSession(upstream) as engine:
        door = Door(engine, judge)
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", door.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            host, port = runner.addresses[0][:2]
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()


class Door:
    def __init__(self, engine: ClientSession, judge: Callable[[Document], Verdict]) -> None:
        self.engine = engine
        self.judge = judge

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.path.endswith("/_bulk"):
            return web.json_response(body=orjson.dumps(await self.bulk(request.path, body)))
        return await self.passed_on(request, body)

    async def passed_on(self, request: web.Request, body: bytes) -> web.Response:
        kind = {"content-type": request.headers["content-type"]} if body else {}
        async with self.engine.request(request.method, request.path_qs, data=body, headers=kind) as answer:
            headers = {name: answer.headers[name] for name in ANSWER_HEADERS if name in answer.headers}
            return web.Response(status=answer.status, body=await answer.read(), headers=headers)

    async def bulk(self, path: str, body: bytes) -> Document:
        """The engine's answer to the items that it got, with ours to the others in their places."""
        lines = body.splitlines()
        items = list(zip(islice(lines, 0, None, 2), islice(lines, 1, None, 2), strict=True))
        verdicts = [self.judge(orjson.loads(document)) for _, document in items]
        let_in = [line for item, verdict in zip(items, verdicts, strict=True) if not verdict for line in item]
        answers = iter((await self.ask(path, let_in))["items"] if let_in else [])
        results = [refusal(verdict) if verdict else next(answers) for verdict in verdicts]
        return {"errors": any("error" in result["index"] for result in results), "items": results}

    async def ask(self, path: str, lines: list[bytes]) -> Document:
        data = b"\n".join(lines) + b"\n"
        async with self.engine.post(
            path, data=data, headers={"content-type": "application/x-ndjson"}
        ) as answer:
            return dict(await answer.json())


def refusal(verdict: tuple[int, str]) -> Document:
    status, error = verdict
    return {"index": {"status": status, "error": {"type": error, "reason": "the door said so"}}}
