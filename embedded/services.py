"""The three stores as one context manager: servers named in the environment are used, others are started."""

import os
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import SplitResult, urlsplit

from embedded.errors import Unreachable
from embedded.progress import Report, complain
from embedded.servers.children import Child, Children
from embedded.servers.opensearch import OpenSearch
from embedded.servers.postgres import Postgres
from embedded.servers.redis import Redis
from embedded.state import StateDirectory

KNOCK_S = 5.0


class Store(Protocol):
    """A way to provide a server: given, started here, or for example run in a container."""

    def start(self) -> str:
        """Start the server, wait until it answers, and return its URL."""


class Given:
    """A server that runs already and is not managed by this stack."""

    def __init__(self, variable: str, url: str) -> None:
        self._variable = variable
        self._url = url

    def start(self) -> str:
        """Return its URL after a TCP connection succeeds; clients find out whether it is the right server."""
        for url in self._url.split(","):  # the nodes of a cluster
            self._knock(urlsplit(url.strip()))
        return self._url

    def _knock(self, address: SplitResult) -> None:
        if address.hostname and address.port:
            try:
                socket.create_connection((address.hostname, address.port), KNOCK_S).close()
            except OSError as error:
                raise Unreachable(
                    f"{self._variable} names {address.hostname}:{address.port}, which does not"
                    f" answer ({error}); start that server, or unset the variable to have one started here."
                ) from error


class Services:
    """Provides real Postgres, OpenSearch and Redis inside a `with` block.

    If DATABASE_URL, OPENSEARCH_URL or REDIS_URL is set in the environment, that server is used instead of
    starting one.
    """

    database_url: str
    opensearch_url: str
    redis_url: str

    def __init__(
        self,
        state_dir: Path,
        *,
        durable: bool = True,
        heap: str = "1g",
        nodes: int = 1,
        report: Report = complain,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare the stores; they start on entering the block.

        Args:
            state_dir: holds data, logs and passwords; used by one stack at a time.
            durable: whether data must survive a crash of the machine; False for tests.
            heap: the heap of the JVM, as in `-Xmx`.
            nodes: the number of OpenSearch nodes in the one JVM.
            report: called with messages about long steps, such as downloads on the first start.
            environment: where to look for the URLs, instead of the process's environment.
        """
        self.state = StateDirectory(state_dir)
        self.children = Children(self.state.path / "children.json")
        self._durable = durable
        self._heap = heap
        self._nodes = nodes
        self._report = report
        self._environment = os.environ if environment is None else environment
        self._open = ExitStack()
        self._stores: tuple[Child, ...] = ()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self.state.acquire()
            opening.callback(self.state.release)
            self.state.require_room()
            opening.callback(self.children.close)
            self.children.open()
            self.database_url, self.opensearch_url, self.redis_url = self._start()
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()

    def require_running(self) -> None:
        """Raise ServerFailed if a store started here has ended."""
        for child in self._stores:
            child.require_running()

    def _start(self) -> tuple[str, str, str]:
        state, children = self.state, self.children
        database = self._given("DATABASE_URL") or Postgres(state, children, durable=self._durable)
        cache = self._given("REDIS_URL") or Redis(state, children, durable=self._durable)
        search = self._given("OPENSEARCH_URL") or OpenSearch(
            state,
            children,
            durable=self._durable,
            heap=self._heap,
            nodes=self._nodes,
            report=self._report,
        )
        with ThreadPoolExecutor(2) as threads:
            database_url, redis_url = threads.submit(database.start), threads.submit(cache.start)
            try:
                # OpenSearch takes seconds or downloads, so it starts here, where Ctrl-C interrupts it.
                opensearch_url = search.start()
                urls = database_url.result(), opensearch_url, redis_url.result()
            except BaseException:
                # The other threads may wait for their servers; they return once those are stopped.
                children.close()
                raise
        self._stores = children.running()
        return urls

    def _given(self, variable: str) -> Given | None:
        url = self._environment.get(variable)
        return Given(variable, url) if url else None
