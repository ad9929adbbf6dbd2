"""The jars are downloaded only once, and only with the hashes in the lock file."""

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from embedded.errors import JarRefused, NetworkNeeded
from embedded.servers.jars import find_jars

pytestmark = pytest.mark.xdist_group("embedded")

PATH = Path("org/example/home/1.0/home-1.0.jar")


class Repository(ThreadingHTTPServer):
    """A Maven repository with one jar; it records the requests, and breaks off as many as it is told."""

    def __init__(self, directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(Quiet, directory=str(directory)))
        self.jar = directory / PATH
        self.jar.parent.mkdir(parents=True)
        self.jar.write_bytes(b"classes")
        self.asked: list[str] = []
        self.broken_off = 0


class Quiet(SimpleHTTPRequestHandler):
    def copyfile(self, source: Any, outputfile: Any) -> None:
        assert isinstance(self.server, Repository)
        if self.server.broken_off:
            self.server.broken_off -= 1
            outputfile.write(source.read(3))
        else:
            super().copyfile(source, outputfile)

    def log_message(self, *_arguments: object) -> None:
        assert isinstance(self.server, Repository)
        self.server.asked.append(self.path)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    with Repository(tmp_path / "repository") as server:
        configuration = tmp_path / "jgo.conf"
        configuration.write_text(f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(configuration))
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "jgo.lock.toml"
    path.write_text(f"""
        [[dependencies]]
        groupId = "org.example"
        artifactId = "home"
        version = "1.0"
        packaging = "jar"
        sha256 = "{hashlib.sha256(b"classes").hexdigest()}"
        """)
    return path


def test_jars_are_downloaded_once_by_however_many_ask(
    repository: Repository, lock: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(4) as threads:
        found = set(threads.map(lambda _: find_jars(print, cache, lock), range(4)))
    (directory,) = found
    assert (directory / "home-1.0.jar").read_bytes() == b"classes"
    assert repository.asked.count(f"/{PATH}") == 1


def test_a_download_that_breaks_off_is_tried_again(
    repository: Repository, lock: Path, tmp_path: Path
) -> None:
    repository.broken_off = 2
    jar = find_jars(print, tmp_path / "cache", lock) / "home-1.0.jar"
    assert jar.read_bytes() == b"classes"
    assert repository.asked.count(f"/{PATH}") == 3


def test_a_download_that_always_breaks_off_is_given_up(
    repository: Repository, lock: Path, tmp_path: Path
) -> None:
    repository.broken_off = 100
    with pytest.raises(NetworkNeeded, match=r"home-1\.0\.jar could not be downloaded"):
        find_jars(print, tmp_path / "cache", lock)
    assert repository.asked.count(f"/{PATH}") == 3
    assert list((tmp_path / "cache").rglob("*.jar")) == []


def test_a_jar_that_the_repository_has_changed_is_refused(
    repository: Repository, lock: Path, tmp_path: Path
) -> None:
    repository.jar.write_bytes(b"other classes")
    with pytest.raises(JarRefused, match=r"home-1\.0\.jar is not the jar that .* names") as refused:
        find_jars(print, tmp_path / "cache", lock)
    assert refused.value.exit_code == 6
    assert list((tmp_path / "cache").rglob("*.jar")) == []


@pytest.mark.usefixtures("repository")
def test_a_jar_that_changed_in_the_cache_is_refused(lock: Path, tmp_path: Path) -> None:
    jar = find_jars(print, tmp_path / "cache", lock) / "home-1.0.jar"
    jar.write_bytes(b"other classes")
    with pytest.raises(JarRefused, match=re.escape(f"Delete {jar} and start again")):
        find_jars(print, tmp_path / "cache", lock)


@pytest.mark.usefixtures("repository")
def test_a_jar_that_was_deleted_comes_back(lock: Path, tmp_path: Path) -> None:
    jar = find_jars(print, tmp_path / "cache", lock) / "home-1.0.jar"
    jar.unlink()
    find_jars(print, tmp_path / "cache", lock)
    assert jar.read_bytes() == b"classes"


def test_without_a_network_a_sentence_says_what_to_check(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = tmp_path / "jgo.conf"
    configuration.write_text("[repositories]\ncentral = http://127.0.0.1:1\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(configuration))
    with pytest.raises(NetworkNeeded, match=r"home-1\.0\.jar could not be downloaded") as refused:
        find_jars(print, tmp_path / "cache", lock)
    assert refused.value.exit_code == 7
