"""The three stores as one context: each from the environment, else started here."""

import os
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import SplitResult, urlsplit

from embedded.children import Child, Children
from embedded.errors import Unreachable
from embedded.opensearch import OpenSearch
from embedded.postgres import Postgres
from embedded.progress import Report, complain
from embedded.redis import Redis
from embedded.state import StateDirectory

KNOCK_S = 5.0


class Store(Protocol):
    """One way to have a server; one that runs it in a container would be another."""

    def start(self) -> str:
        """Bring it up, wait until it answers, and say its URL."""


class Given:
    """A server that someone else runs."""

    def __init__(self, variable: str, url: str) -> None:
        self._variable = variable
        self._url = url

    def start(self) -> str:
        """Its URL, once somebody answers there; who that is, its clients will find out."""
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
    """Real Postgres, OpenSearch and Redis between entering and leaving.

    A variable DATABASE_URL, OPENSEARCH_URL or REDIS_URL that was set when this was made names a server
    to use instead of starting one.
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
        """Nothing is started yet.

        Args:
            state_dir: holds data, logs and passwords; one stack at a time.
            durable: whether data must survive a crash of the machine; tests need not.
            heap: what the JVM gets, as in `-Xmx`.
            nodes: how many OpenSearch nodes, in one JVM.
            report: told of long steps: downloads on the first start.
            environment: whose URLs to use, instead of the process's.
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
        """Raise ServerFailed if a store that we started has ended."""
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
                # The one that takes seconds, or downloads, stays in this thread, where Ctrl-C can end it.
                opensearch_url = search.start()
                urls = database_url.result(), opensearch_url, redis_url.result()
            except BaseException:
                # The others may wait for servers that are not to come; when those end, so do they.
                children.close()
                raise
        self._stores = children.running()
        return urls

    def _given(self, variable: str) -> Given | None:
        url = self._environment.get(variable)
        return Given(variable, url) if url else None
