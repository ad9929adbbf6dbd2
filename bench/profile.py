"""Profiles a search: records the stacks of the API's worker under load into a file."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import psutil

from bench import guided, search
from bench.harness import servers
from bench.harness.catalogue import filled
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


TARGETS: dict[Profiled, Callable[[str], Target]] = {
    Profiled.GUIDED: guided.guided_at,
    Profiled.LISTINGS: search.faceted_at,
    Profiled.MAP: search.map_at,
    Profiled.SUGGEST: search.suggest_at,
    Profiled.KEPT: search.popular_at,
}


def run(wanted: Profiled, listings: int, file: Path, *, seconds: int) -> Measured:
    """Write the profile; return the speed of the search while it was recorded.

    Raises:
        RuntimeError: py-spy failed, for example because the system's ptrace_scope forbids it to attach.
    """
    with filled(listings) as stores:
        settings = stores.model_copy(update={"search_cache": wanted is Profiled.KEPT})
        with servers.api(settings) as (url, process):
            target = TARGETS[wanted](url)
            asyncio.run(measure(target, seed=1, seconds=WARM_UP_S))
            watching = watch(servers.worker_of(process), file, seconds)
            measured = asyncio.run(measure(target, seed=2, seconds=seconds))
            _, said = watching.communicate()
    if watching.returncode:
        raise RuntimeError(said)
    return measured


def watch(worker: psutil.Process, file: Path, seconds: int) -> "subprocess.Popen[str]":
    command = [
        str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(worker.pid),
        "--rate", str(PER_SECOND), "--duration", str(seconds),
        "--format", FORMATS[file.suffix], "--output", str(file),
    ]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
