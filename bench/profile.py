"""Profiles a search: records the stacks of the API's worker under load into a file."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path

import orjson
import psutil

from bench import search
from bench.harness import servers, visitors
from bench.harness.catalogue import fill, stores
from bench.harness.load import Measured, Target, measure

FORMATS = {".svg": "flamegraph", ".txt": "raw", ".json": "speedscope"}
"""Suffix of the file -> name of the format in py-spy."""
PER_SECOND = 250
WARM_UP_S = 8.0


class Profiled(StrEnum):
    GUIDED = "guided"
    LISTINGS = "listings"
    MAP = "map"
    SUGGEST = "suggest"
    KEPT = "kept"


def run(wanted: Profiled, listings: int, file: Path, *, seconds: int) -> Measured:
    """Write the profile; return the speed of the search while it was recorded.

    Raises:
        RuntimeError: py-spy failed, for example because the system's ptrace_scope forbids it to attach.
    """
    with stores() as kept:
        settings = kept.model_copy(update={"search_cache": wanted is Profiled.KEPT})
        fill(settings, listings)
        with servers.api(settings) as (url, process):
            target = target_of(wanted, url)
            asyncio.run(measure(target, seed=1, seconds=WARM_UP_S))
            watching = watch(worker_of(process), file, seconds)
            measured = asyncio.run(measure(target, seed=2, seconds=seconds))
            _, said = watching.communicate()
    if watching.returncode:
        raise RuntimeError(said)
    return measured


def target_of(wanted: Profiled, url: str) -> Target:
    address = f"{url}/api/v1/search/{'listings' if wanted is Profiled.KEPT else wanted}"
    bodies: dict[Profiled, Callable[[int], Sequence[bytes]]] = {
        Profiled.GUIDED: partial(visitors.as_json, suggest=False),
        Profiled.LISTINGS: search.as_json,
        Profiled.MAP: lambda seed: [orjson.dumps(viewport) for viewport in visitors.viewports(seed)],
        Profiled.SUGGEST: search.as_query,
        Profiled.KEPT: lambda _seed: list(islice(search.as_json(0), search.POPULAR)),
    }
    method = "GET" if wanted is Profiled.SUGGEST else "POST"
    return Target(wanted, address, bodies[wanted], method=method)


def watch(worker: psutil.Process, file: Path, seconds: int) -> "subprocess.Popen[str]":
    command = [
        str(Path(sys.executable).with_name("py-spy")),
        "record",
        "--pid",
        str(worker.pid),
        "--rate",
        str(PER_SECOND),
    ]
    command += ["--duration", str(seconds), "--format", FORMATS[file.suffix], "--output", str(file)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def worker_of(process: psutil.Process) -> psutil.Process:
    """Return the child process that serves requests; another child holds shared state for the manager."""
    serving = [
        child
        for child in process.children()
        if any(connection.status == psutil.CONN_LISTEN for connection in child.net_connections("tcp4"))
    ]
    return serving[0]
