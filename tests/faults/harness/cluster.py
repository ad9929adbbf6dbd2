"""A cluster of three nodes, each its own process, so that one node can be killed.

The nodes of `python -m embedded cluster` share one process. That is enough to try shards and replicas,
but not to lose a node.
"""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.progress import complain
from embedded.servers import ports
from embedded.servers.children import Children
from embedded.servers.jars import find_jars
from embedded.servers.java import find_java
from embedded.servers.opensearch import JVM, LOGGING, SETTINGS, ask
from embedded.state import StateDirectory
from tests.faults.harness.servers import Server, children_in
from tests.ports import kept_port
from tests.waiting import until_now

NUMBERS = (1, 2, 3)
START_S = 180.0

NAMES = [f"node-{number}" for number in NUMBERS]
PROGRAM = Path(__file__).parent / "OneNode.java"


@dataclass
class Node:
    number: int
    http: int
    transports: list[int]
    state: StateDirectory
    children: Children

    @property
    def name(self) -> str:
        return f"OpenSearch node {self.number}"

    @property
    def home(self) -> Path:
        return self.state.directory(f"node-{self.number}")

    @property
    def log(self) -> Path:
        return self.state.log(f"node-{self.number}")

    def start(self) -> str:
        self.configure()
        child = self.children.start(self.name, self.command(), self.log)

        def has_found_the_others() -> bool:
            child.require_running()
            return self.is_in_the_cluster()

        until_now(has_found_the_others, f"{self.name} finds the others: {self.log}", seconds=START_S)
        return f"http://{ports.LOOPBACK}:{self.http}"

    def is_in_the_cluster(self) -> bool:
        try:
            return "status" in ask(self.http, "/_cluster/health?wait_for_nodes=>=2&timeout=1s", 5)
        except (OSError, json.JSONDecodeError):
            return False

    def configure(self) -> None:
        folder = self.home / "node_1" / "config"  # the runner numbers the nodes that it starts itself
        folder.mkdir(parents=True, exist_ok=True)
        seeds = ", ".join(f'"{ports.LOOPBACK}:{transport}"' for transport in self.transports)
        own = self.transports[self.number - 1]
        (folder / "opensearch.yml").write_text(SETTINGS.format(transport=own, seeds=seeds, wait="30s"))
        (folder / "log4j2.properties").write_text(LOGGING.format(log=self.log))

    def command(self) -> list[str | Path]:
        return [
            *(find_java(complain), "-Xms128m", "-Xmx384m", *JVM),
            *("-cp", f"{find_jars(complain)}/*", PROGRAM),
            *(NAMES[self.number - 1], str(self.http), ",".join(NAMES)),
            *("-basePath", self.home, "-numOfNode", "1", "-clusterName", f"faults-{self.transports[0]}"),
        ]


@contextmanager
def running_cluster() -> Iterator[list[Server]]:
    with (
        ExitStack() as kept,
        tempfile.TemporaryDirectory(prefix="casabricks-cluster-") as folder,
        children_in(folder) as place,
    ):
        transports, https = ([kept.enter_context(kept_port()) for _ in NUMBERS] for _ in range(2))
        nodes = [Node(number, http, transports, *place) for number, http in zip(NUMBERS, https, strict=True)]
        servers = [Server(node.name, node, place[1]) for node in nodes]
        with ThreadPoolExecutor() as threads:
            list(threads.map(Server.start, servers))
        yield servers


async def is_green(server: Server, *, nodes: int) -> bool:
    """Return whether all nodes have joined and every shard has its replicas."""
    path = f"/_cluster/health?wait_for_nodes={nodes}&wait_for_status=green&timeout=1s"
    health = await asyncio.to_thread(ask, int(server.url.rpartition(":")[2]), path, 5)
    return not health["timed_out"]
