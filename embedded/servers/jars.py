"""OpenSearch's jars: downloaded once per user and checked against the committed lock at every start."""

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from filelock import FileLock
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.env import LockedDependency, LockFile
from jgo.maven import Artifact, MavenContext

from embedded.errors import JarRefused, NetworkNeeded
from embedded.progress import Report

LOCK = Path(__file__).with_name("jgo.lock.toml")
DOWNLOADS = 16
TIMEOUT_S = 30
PAUSES_S = (0.2, 1.0)
"""Before the second and the third try of a download: of a hundred, one may well break off."""


def cache_directory() -> Path:
    """Return the cache directory, which all checkouts of a user share."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "casabricks"


def find_jars(report: Report, cache: Path | None = None, lock: Path = LOCK) -> Path:
    """Return the directory with the jars of the lock, downloading missing ones and verifying all.

    Raises:
        JarRefused: the SHA-256 of a jar differs from the lock.
        NetworkNeeded: a jar is missing and could not be downloaded.
    """
    locked = LockFile.load(lock).dependencies
    directory = (cache or cache_directory()) / f"jars-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if missing_from(directory, locked):
        _fill(directory, locked, report)
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda jar: verify(directory / file_name(jar), jar), locked))
    return directory


def missing_from(directory: Path, locked: list[LockedDependency]) -> list[LockedDependency]:
    return [jar for jar in locked if not (directory / file_name(jar)).exists()]


def file_name(jar: LockedDependency) -> str:
    classifier = f"-{jar.classifier}" if jar.classifier else ""
    return f"{jar.artifactId}-{jar.version}{classifier}.{jar.packaging}"


def verify(path: Path, jar: LockedDependency) -> None:
    """Raise JarRefused unless the file's SHA-256 matches the lock."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != jar.sha256:
        raise JarRefused(
            f"{path.name} is not the jar that embedded/{LOCK.name} names: its SHA-256 is {found}."
            f" Delete {path} and start again to download it;"
            " if it comes back, do not trust where it comes from."
        )


def _fill(directory: Path, locked: list[LockedDependency], report: Report) -> None:
    """Download missing jars, one process at a time; each jar appears atomically."""
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / ".lock"):
        missing = missing_from(directory, locked)  # another process may have filled it while this one waited
        if missing:
            with TemporaryDirectory(dir=directory, prefix=".incoming-") as incoming:
                _download(missing, maven_repository(Path(incoming)), directory, report)


def _download(missing: list[LockedDependency], maven: MavenContext, target: Path, report: Report) -> None:
    report(f"downloading OpenSearch: {len(missing)} jars, about 70 MB, once")
    threads = ThreadPoolExecutor(DOWNLOADS)
    jobs = [threads.submit(_fetch, maven, jar, target) for jar in missing]
    try:
        for count, job in enumerate(as_completed(jobs), 1):
            job.result()
            if count % 20 == 0 or count == len(missing):
                report(f"  {count} of {len(missing)} jars")
    finally:
        threads.shutdown(cancel_futures=True)


def maven_repository(cache: Path) -> MavenContext:
    """Return Maven Central plus the repositories in jgo's configuration file, which may override it."""
    remotes = {"central": MAVEN_CENTRAL_URL} | GlobalSettings.load().repositories
    return MavenContext(repo_cache=cache, local_repos=[], remote_repos=remotes, timeout=TIMEOUT_S)


def _fetch(maven: MavenContext, jar: LockedDependency, directory: Path) -> None:
    component = maven.project(jar.groupId, jar.artifactId).at_version(jar.version)
    artifact: Artifact = component.artifact(classifier=jar.classifier or "", packaging=jar.packaging)
    try:
        downloaded = _resolve(artifact)
    except (requests.RequestException, RuntimeError) as error:
        raise NetworkNeeded(
            f"{file_name(jar)} could not be downloaded ({type(error).__name__}); the first start"
            " needs a Maven repository: check the network, the proxy variables, or"
            " [repositories] in ~/.config/jgo.conf."
        ) from error
    verify(downloaded, jar)
    downloaded.replace(directory / file_name(jar))


def _resolve(artifact: Artifact) -> Path:
    """Download a jar; after each pause, try again if the connection broke."""
    for pause_s in PAUSES_S:
        try:
            return artifact.resolve()
        except requests.RequestException:
            # jgo leaves what it has of a broken download, and would take it for the jar.
            if artifact.cached_path is not None:
                artifact.cached_path.unlink(missing_ok=True)
            time.sleep(pause_s)
    return artifact.resolve()
