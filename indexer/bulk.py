"""Bulk writes: documents to the bytes of a body, and the engine's answer read item by item.

What a status means for a document (matched on status and type, never on text):

    2xx, 409            done; 409 says that the engine has a newer one
    400 and the like    refused, this document alone
    index is not there  GenerationGone, all of them
    429, 5xx, blocked   EngineUnavailable, all of them, and no fault of theirs
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import OpenSearchException, TransportError

from indexer.documents import IndexedDocument, Refusal

BODY_BYTES = 1_000_000  # a larger one would hold up the event loop, says aiohttp
TIMEOUT_S = 10  # less than Postgres lets a transaction idle (stores/database.py), which a drain's does
VERDICT = "errors"
DETAILS = "errors,items.*.status,items.*.error.type,items.*.error.reason"
GONE = {"index_not_found_exception", "index_closed_exception"}
BLOCKED = "cluster_block_exception"


class EngineUnavailable(Exception):
    """The engine cannot be asked just now: nothing is wrong with the documents, so try again later."""


class GenerationGone(Exception):
    """The index is not there, or closed."""


@dataclass(frozen=True)
class Body:
    data: bytes
    documents: tuple[IndexedDocument, ...]


@dataclass(frozen=True)
class Answer:
    refusals: tuple[Refusal, ...] = ()
    superseded: int = 0
    """Documents of which the engine has a newer revision."""

    def __add__(self, other: "Answer") -> "Answer":
        return Answer(self.refusals + other.refusals, self.superseded + other.superseded)


def pack(documents: Sequence[IndexedDocument]) -> Iterator[Body]:
    """Bodies of a bounded size; they name no index, so one body serves all generations."""
    lines: list[bytes] = []
    start = size = 0
    for end, document in enumerate(documents):
        line = action(document) + orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
        if lines and size + len(line) > BODY_BYTES:
            yield Body(b"".join(lines), tuple(documents[start:end]))
            lines, start, size = [], end, 0
        lines.append(line)
        size += len(line)
    if lines:
        yield Body(b"".join(lines), tuple(documents[start:]))


def action(document: IndexedDocument) -> bytes:
    """A line that says which document follows; ids need no escaping."""
    return (
        f'{{"index":{{"_id":"{document["id"]}","version":{document["revision"]},"version_type":"external_gte"}}}}\n'
    ).encode()


async def send(search: AsyncOpenSearch, generation: str, body: Body) -> Answer:
    """Write one body to one index.

    Raises:
        EngineUnavailable: try again later.
        GenerationGone: the index is not there.
    """
    # The answer to a good body is one word. To know what was refused it is sent once more, which
    # changes nothing: a revision that is there already is taken again.
    answer = await ask(search, generation, body, VERDICT)
    if not answer["errors"]:
        return Answer()
    return read_answer(body.documents, await ask(search, generation, body, DETAILS))


async def ask(search: AsyncOpenSearch, generation: str, body: Body, answer: str) -> dict[str, Any]:
    try:
        return dict(
            await search.bulk(
                body=body.data,
                index=generation,
                params={"filter_path": answer, "request_timeout": TIMEOUT_S},
            )
        )
    except OpenSearchException as error:
        raise unavailable(error) from error


def unavailable(error: OpenSearchException) -> Exception:
    """What a failed request means to us; the engine's 400 is a bug of ours, and stays what it is."""
    if isinstance(error, TransportError) and error.status_code == 400:
        return error
    return EngineUnavailable(str(error))


def read_answer(documents: Sequence[IndexedDocument], answer: dict[str, Any]) -> Answer:
    results = [result for item in answer["items"] for result in item.values()]
    refusals = [
        Refusal(document["id"], document["revision"], result["error"]["type"], result["error"]["reason"])
        for document, result in zip(documents, results, strict=True)
        if is_refusal(result)
    ]
    return Answer(tuple(refusals), sum(result["status"] == 409 for result in results))


def is_refusal(result: dict[str, Any]) -> bool:
    """Whether the document itself is at fault."""
    status, error = result["status"], result.get("error", {})
    if status < 300 or status == 409:
        return False
    if error["type"] in GONE:
        raise GenerationGone(error["reason"])
    if status == 429 or status >= 500 or error["type"] == BLOCKED:
        raise EngineUnavailable(f"{error['type']}: {error['reason']}")
    return True
