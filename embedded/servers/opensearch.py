"""Runs OpenSearch 3.8 in one JVM with the runner from Maven; several nodes form a real cluster.

The runner sets some things itself: the HTTP ports (those after `-baseHttpPort`, at most 9299), the node
names, and discovery for a single node. All other settings are in files that the runner reads.
"""

import hashlib
import http.client
import json
import re
import time
from pathlib import Path
from typing import Any

from embedded.errors import ServerFailed
from embedded.progress import Report
from embedded.servers import ports
from embedded.servers.children import Children
from embedded.servers.jars import find_jars
from embedded.servers.java import find_java
from embedded.servers.starting import in_attempts
from embedded.state import StateDirectory

HTTP_PORTS = range(9201, 9300)
"""The ports that the runner accepts."""
START_S = 120.0

JVM = (
    "-XX:+UseG1GC",
    # OpenSearch's own defaults: collect early, because large aggregations trip the parent circuit breaker.
    "-XX:G1ReservePercent=25",
    "-XX:InitiatingHeapOccupancyPercent=30",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dio.netty.allocator.numDirectArenas=0",
    "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0",
    "-Dlog4j2.disable.jmx=true",
    "-Dfile.encoding=UTF-8",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    "--add-modules=jdk.incubator.vector",
)
MAIN = "org.codelibs.opensearch.runner.OpenSearchRunner"

SETTINGS = """\
network.host: 127.0.0.1
transport.port: {transport}
discovery.seed_hosts: [{seeds}]
# The runner starts node after node; the first must not wait for a quorum of those that come later.
discovery.initial_state_timeout: {wait}
# A misspelt index name is an error, not a new index.
action.auto_create_index: false
# By default a disk nine tenths full makes every index read-only, however many gigabytes are left.
cluster.routing.allocation.disk.watermark.low: 500mb
cluster.routing.allocation.disk.watermark.high: 300mb
cluster.routing.allocation.disk.watermark.flood_stage: 200mb
"""

THROWN_AWAY = """\
# Looking at the disk also takes back a block that a test has set, as for a full one.
cluster.info.update.interval: 24h
"""

# Logs go to a file, because each node sets up logging again and the console is closed from the second on.
LOGGING = """\
status = error
appender.file.type = File
appender.file.name = file
appender.file.fileName = {log}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d{{ISO8601}}][%-5p][%c{{1}}] %m%n
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""

LISTENING = re.compile(rb"HttpServerTransport\] publish_address \{127\.0\.0\.1:(\d+)\}")


class OpenSearch:
    name = "OpenSearch"

    def __init__(
        self,
        state: StateDirectory,
        children: Children,
        *,
        durable: bool,
        heap: str,
        nodes: int,
        report: Report,
    ) -> None:
        self._children = children
        self._durable = durable
        self._heap = heap
        self._nodes = nodes
        self._report = report
        self._home = state.directory("opensearch" if nodes == 1 else f"opensearch-{nodes}-nodes")
        self._log = state.log("opensearch")
        # Named after the directory, so that nodes of two stacks never join the same cluster.
        self._cluster = f"casabricks-{hashlib.sha256(bytes(self._home)).hexdigest()[:8]}"

    def start(self) -> str:
        java, jars = find_java(self._report), find_jars(self._report)

        def attempt() -> list[int] | None:
            self._configure()  # with transport ports that are free now
            return self._listen(java, jars)

        listening = in_attempts(self.name, self._log, attempt)
        self._require_health(listening[0])
        return ",".join(f"http://{ports.LOOPBACK}:{port}" for port in listening)

    def _configure(self) -> None:
        transports = [ports.any_free() for _ in range(self._nodes)]
        seeds = ", ".join(f'"{ports.LOOPBACK}:{transport}"' for transport in transports)
        wait = "30s" if self._nodes == 1 else "0s"
        for number, transport in enumerate(transports, 1):
            folder = self._home / f"node_{number}" / "config"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "opensearch.yml").write_text(
                SETTINGS.format(transport=transport, seeds=seeds, wait=wait)
                + ("" if self._durable else THROWN_AWAY)
            )
            (folder / "log4j2.properties").write_text(LOGGING.format(log=self._log))

    def _listen(self, java: Path, jars: Path) -> list[int] | None:
        """Start the JVM and return the nodes' ports; None if it ended, such as for a taken port."""
        kept = self._home / "port"
        wanted = ports.remembered(kept) or ports.free_run(HTTP_PORTS[: 1 - self._nodes or None], self._nodes)
        offset = self._log.stat().st_size if self._log.exists() else 0
        child = self._children.start(self.name, self._command(java, jars, wanted), self._log)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            found = [int(port) for port in LISTENING.findall(self._output(offset))]
            if len(found) == self._nodes:
                ports.remember(kept, found[0])
                return found
            if child.has_ended():
                kept.unlink(missing_ok=True)
                return None
            time.sleep(0.05)
        raise ServerFailed(f"OpenSearch did not answer within {START_S:.0f} s", self._log)

    def _output(self, offset: int) -> bytes:
        with self._log.open("rb") as log:
            log.seek(offset)
            return log.read()

    def _command(self, java: Path, jars: Path, port: int) -> list[str | Path]:
        scratch = self._home / "tmp"
        scratch.mkdir(exist_ok=True)
        return [
            *(java, "-Xms256m", f"-Xmx{self._heap}", *JVM, f"-Djava.io.tmpdir={scratch}"),
            *self._class_archive(),
            *("-cp", f"{jars}/*", MAIN),
            *("-basePath", self._home, "-numOfNode", str(self._nodes), "-clusterName", self._cluster),
            # The runner counts nodes from one.
            *("-baseHttpPort", str(port - 1)),
        ]

    def _class_archive(self) -> list[str]:
        """Return the flags for the JVM's class archive: 87 MB that save two of its five seconds.

        The first JVM takes some seconds to write it when it ends, so only durable stacks use it.
        """
        archive = self._home / "classes.jsa"
        flags = ["-XX:+AutoCreateSharedArchive", f"-XX:SharedArchiveFile={archive}", "-Xlog:disable"]
        return flags if self._durable else []

    def _require_health(self, port: int) -> None:
        """Wait until all nodes have joined and the indices of an earlier run can be searched."""
        query = f"wait_for_nodes={self._nodes}&wait_for_status=yellow&timeout={START_S:.0f}s"
        health = ask(port, f"/_cluster/health?{query}", START_S)
        if health["timed_out"]:
            raise ServerFailed(f"OpenSearch's cluster is {health['status']}", self._log)


def ask(port: int, path: str, timeout_s: float) -> dict[str, Any]:
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=timeout_s + 5)
    try:
        connection.request("GET", path)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return answer
