"""Servers for the fault tests, which may be killed and restarted, each behind a proxy."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.progress import complain
from embedded.servers.children import Children
from embedded.servers.opensearch import OpenSearch
from embedded.servers.postgres import Postgres
from embedded.servers.redis import Redis
from embedded.services import Store
from embedded.state import StateDirectory
from tests.faults.harness.proxy import Proxy


@dataclass
class Server:
    """One real server; its URL stays the same across restarts."""

    name: str
    store: Store
    children: Children
    url: str = ""

    def start(self) -> None:
        url = self.store.start()
        assert self.url in {"", url}, f"somebody took {self.name}'s port"
        self.url = url

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Kill it with a signal; SIGQUIT makes Postgres shut down immediately."""
        [child] = [child for child in self.children.running() if child.name == self.name]
        child.process.send_signal(number)
        child.process.wait(30)
        self.children.forget(child)

    async def restart(self, number: signal.Signals = signal.SIGKILL) -> None:
        await asyncio.to_thread(self.kill, number)
        await asyncio.to_thread(self.start)


@dataclass(frozen=True)
class Servers:
    postgres: Server
    opensearch: Server
    redis: Server


@dataclass(frozen=True)
class Proxies:
    postgres: Proxy
    opensearch: Proxy
    redis: Proxy

    async def heal(self) -> None:
        for proxy in (self.postgres, self.opensearch, self.redis):
            await proxy.heal()


@contextmanager
def running_servers() -> Iterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="casabricks-faults-") as folder, children_in(folder) as place:
        state, children = place
        stores: dict[str, Store] = {
            # Durable, because an acknowledged commit must survive an immediate shutdown.
            "Postgres": Postgres(state, children, durable=True),
            "OpenSearch": OpenSearch(state, children, durable=False, heap="512m", nodes=1, report=complain),
            "Redis": Redis(state, children, durable=False),
        }
        servers = [Server(name, store, children) for name, store in stores.items()]
        with ThreadPoolExecutor() as threads:
            list(threads.map(Server.start, servers))
        yield Servers(*servers)


@contextmanager
def children_in(folder: str) -> Iterator[tuple[StateDirectory, Children]]:
    """Provide a state directory for servers; stop the servers at the end."""
    state = StateDirectory(Path(folder))
    state.acquire()
    children = Children(state.path / "children.json")
    children.open()
    try:
        yield state, children
    finally:
        children.close()
        state.release()


@asynccontextmanager
async def before(servers: Servers) -> AsyncIterator[Proxies]:
    async with (
        Proxy(servers.postgres.url) as postgres,
        Proxy(servers.opensearch.url) as opensearch,
        Proxy(servers.redis.url) as redis,
    ):
        yield Proxies(postgres, opensearch, redis)
