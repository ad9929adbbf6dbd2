"""The suite as `make` runs it: failed tests run again, alone; those that pass then are reported.

`python -m tests.suite` is one run with coverage. `python -m tests.suite steady` runs the suite on a machine
that is kept busy, without second runs. Further arguments go to pytest.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WORKERS = ("--numprocesses", "3", "--dist", "loadgroup", "--max-worker-restart", "0", *("--durations", "15"))
ALONE = ("--numprocesses", "0", "--last-failed", "--last-failed-no-failures", "none")
LEAST_COVERAGE = 95
MOST_UNSTEADY = 10
"""If more tests than this fail, a busy machine is not the reason, and there is no second run."""
ROUNDS, BUSY_LOOPS = 3, 2
FAILED = 1
"""pytest's exit code if tests failed; other errors get no second run."""


@dataclass(frozen=True)
class Suite:
    """One run, with its own cache and coverage data, so that several can run in one checkout."""

    directory: Path
    arguments: tuple[str, ...] = ()

    def run(self, *options: str, log: Path | None = None) -> int:
        """Run pytest; return its exit code."""
        command = [sys.executable, "-m", "pytest", "-o", f"cache_dir={self.directory / 'cache'}", *options]
        environment = os.environ | {"COVERAGE_FILE": str(self.directory / "coverage")}
        if log is None:
            return subprocess.call([*command, *self.arguments], env=environment)
        with log.open("wb") as output:
            return subprocess.call([*command, *self.arguments], env=environment, stdout=output, stderr=output)

    @property
    def failed(self) -> list[str]:
        kept = self.directory / "cache" / "v" / "cache" / "lastfailed"
        failed = json.loads(kept.read_text()) if kept.exists() else {}
        return sorted(name for name in failed if "::" in name)  # no collection errors

    def report(self) -> int:
        """Print the coverage; return a nonzero exit code if it is too low."""
        command = [sys.executable, "-m", "coverage", "report", f"--data-file={self.directory / 'coverage'}"]
        return subprocess.call([*command, f"--fail-under={LEAST_COVERAGE}"])


def run_once(arguments: tuple[str, ...]) -> int:
    with tempfile.TemporaryDirectory(prefix="casabricks-suite-") as directory:
        suite = Suite(Path(directory), arguments)
        measured = () if arguments else ("--cov", "--cov-report=")
        code = suite.run(*WORKERS, *measured)
        unsteady = suite.failed if code == FAILED else []
        if unsteady and len(unsteady) <= MOST_UNSTEADY:
            print(f"\n{len(unsteady)} failed: once more, alone", flush=True)
            code = suite.run(*ALONE, *measured, *(("--cov-append",) if measured else ()))
            unsteady = [test for test in unsteady if test not in suite.failed]
        if measured and not code:
            code = suite.report()
    if unsteady and not code:
        print("unsteady:", *unsteady, sep="\n  ")
        print(f"{len(unsteady)} unsteady, which is a bug of today")
    return code


def run_steady(arguments: tuple[str, ...], rounds: int = ROUNDS) -> int:
    """Run rounds (three by default) of two suites at once, beside two loops that keep the CPU busy."""
    with tempfile.TemporaryDirectory(prefix="casabricks-steady-") as directory, busy(BUSY_LOOPS):
        codes = [_round(Path(directory), number, arguments) for number in range(1, rounds + 1)]
    return max(codes)


def _round(directory: Path, number: int, arguments: tuple[str, ...]) -> int:
    began = time.monotonic()
    logs = [directory / f"{number}{copy}.log" for copy in "ab"]
    suites = [Suite(directory / log.stem, arguments) for log in logs]
    with ThreadPoolExecutor(len(suites)) as threads:
        runs = [threads.submit(suite.run, *WORKERS, log=log) for suite, log in zip(suites, logs, strict=True)]
        codes = [run.result() for run in runs]
    print(f"round {number}: {time.monotonic() - began:.0f} s")
    for log, code in zip(logs, codes, strict=True):
        text = log.read_text(errors="replace")
        print(text if code else text.splitlines()[-1], flush=True)
    return max(codes)


@contextmanager
def busy(loops: int) -> Iterator[None]:
    processes = [multiprocessing.Process(target=_loop, daemon=True) for _ in range(loops)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()


def _loop() -> None:
    while True:
        pass


if __name__ == "__main__":
    first, *others = sys.argv[1:] or [""]
    raise SystemExit(run_steady(tuple(others)) if first == "steady" else run_once(tuple(sys.argv[1:])))
