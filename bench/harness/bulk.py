"""Raw bulk writes: the documents that a reindex sends, without reading and rendering them."""

import http.client
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from tempfile import TemporaryFile
from typing import IO, Self
from urllib.parse import urlsplit

from bench.harness.load import NDJSON
from indexer.changes.bulk import pack
from indexer.changes.documents import read_page
from indexer.lifecycle.fill import PAGE
from schemas.settings import Settings
from stores.database import opened_database

THREADS = 2
PATIENCE_S = 60


@dataclass(frozen=True)
class Bodies:
    """The request bodies of a bulk, in a temporary file: a million listings need a gigabyte."""

    file: IO[bytes]
    lengths: Sequence[int]

    @classmethod
    async def of_all_listings(cls, settings: Settings) -> Self:
        file = TemporaryFile()  # noqa: SIM115  as long as the bodies are there
        after, lengths = None, []
        async with opened_database(settings, statement_timeout_ms=0) as engine:
            while True:
                async with engine.connect() as connection:
                    page = await read_page(connection, after=after, until=None, limit=PAGE)
                if not page.rows:
                    break
                lengths += [file.write(body.data) for body in pack(page.documents)]
                after = page.last_id
        file.flush()
        return cls(file, lengths)

    def send(self, url: str, index: str) -> None:
        """Send all bodies to an index with two threads.

        Raises:
            RuntimeError: the engine refused a document.
        """
        places = list(zip(accumulate(self.lengths, initial=0), self.lengths, strict=False))
        with ThreadPoolExecutor(THREADS) as pool:
            shares = [places[number::THREADS] for number in range(THREADS)]
            list(pool.map(partial(self._send, url, index), shares))

    def _send(self, url: str, index: str, places: Sequence[tuple[int, int]]) -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)
        for start, length in places:
            body = os.pread(self.file.fileno(), length, start)
            path = f"/{index}/_bulk?filter_path=errors"
            connection.request("POST", path, body, {"content-type": NDJSON})
            answer = connection.getresponse().read()
            if answer != b'{"errors":false}':
                raise RuntimeError(answer[:500].decode())
        connection.close()
