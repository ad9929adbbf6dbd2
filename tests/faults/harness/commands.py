"""Commands of this project as processes that may be killed.

They are forked from one process that has imported everything, because an import takes a second or two of
CPU time and there are many seeds. A killed command leaves the same state behind as one started afresh.
"""

import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from runtime import crash_points
from tests.processes import Process, Started
from tests.waiting import PATIENCE_S

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["indexer.cli", "tests.faults.harness.commands"])


def run_command(module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    os.setsid()
    Thread(target=end_with_the_test, daemon=True).start()
    os.environ.clear()
    os.environ.update(environment)
    importlib.reload(crash_points)  # read CRASH_AT again, as a fresh process does
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.argv = [module, *arguments]
    importlib.import_module(module).app(arguments)


def end_with_the_test() -> None:
    """Kill the process group when the test runner has ended; nothing else ends it if the runner is killed."""
    runner = multiprocessing.parent_process()
    assert runner is not None
    runner.join()
    os.killpg(0, signal.SIGKILL)


@dataclass(frozen=True, kw_only=True)
class Command(Process):
    process: "multiprocessing.process.BaseProcess"

    @property
    def exit_code(self) -> int | None:
        return self.process.exitcode

    def kill(self) -> None:
        self.process.kill()
        self.process.join(PATIENCE_S)


@dataclass
class Commands(Started):
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self, module: str, *arguments: str, **environment: str) -> Command:
        name = " ".join([module, *arguments, *environment.values()])
        log = self.next_log()
        process = FORKS.Process(
            target=run_command, args=(module, arguments, {**self.environment, **environment}, log)
        )
        process.start()
        command = Command(name=name, log=log, process=process)
        self.add(command)
        return command
