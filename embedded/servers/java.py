"""Finds a Java for OpenSearch: an installed one, or one that cjdk fetches."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import cjdk
from cjdk import CjdkError

from embedded.errors import JavaMissing
from embedded.progress import Report

OLDEST = 21
FETCHED = "25"  # the newest with long-term support; cjdk caches it

FOLDERS = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/opt/*",
    "/opt/java/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "~/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
)


def find_java(report: Report, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the `java` program to use.

    Raises:
        JavaMissing: no installed Java is new enough, and fetching one failed.
    """
    for java in installed(environment):
        version = version_of(java)
        if version is not None and version >= OLDEST:
            return java
    return fetch(report)


def installed(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield programs called java in order of preference: JAVA_HOME, PATH, usual folders."""
    homes = [Path(home) / "bin" for home in [environment.get("JAVA_HOME")] if home]
    on_path = [Path(folder) for folder in environment.get("PATH", "").split(os.pathsep) if folder]
    for folder in [*homes, *on_path, *_usual_folders()]:
        java = folder / "java"
        if os.access(java, os.X_OK):
            yield java


def _usual_folders() -> Iterator[Path]:
    for pattern in FOLDERS:
        base, _, rest = pattern.partition("*")
        start = Path(base).expanduser()
        parent, prefix = (start, "") if base.endswith("/") else (start.parent, start.name)
        # The newest version sorts last in nearly all folders.
        yield from sorted((home / "bin" for home in parent.glob(f"{prefix}*{rest}")), reverse=True)


def version_of(java: Path) -> int | None:
    """Return the major version; None if the program does not run or report one."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return read_version(answer.stderr)


def read_version(text: str) -> int | None:
    """Return the major version from the output of `java -version`: 17 of "17.0.15", 8 of "1.8.0_402"."""
    found = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(found[1]) if found else None


def fetch(report: Report) -> Path:
    """Return a Java from cjdk's cache; cjdk downloads it if needed."""
    report(f"no Java {OLDEST} or newer is installed: fetching Java {FETCHED}, about 200 MB, once")
    try:
        home = cjdk.java_home(vendor="temurin", version=FETCHED)
    except (CjdkError, OSError) as error:
        raise JavaMissing(
            f"OpenSearch needs Java {OLDEST} or newer: none is installed, and fetching one failed ({error})."
            " Install one, such as Temurin 25, or set JAVA_HOME to it."
        ) from error
    return home / "bin" / "java"
