"""Which Java is chosen, and the message if there is none."""

from pathlib import Path

import pytest

from embedded.errors import JavaMissing
from embedded.servers.java import fetch, find_java, installed, read_version, version_of

pytestmark = pytest.mark.xdist_group("embedded")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('openjdk version "25.0.3" 2026-04-21 LTS', 25),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "26-ea" 2026-03-17', 26),
        ('Picked up _JAVA_OPTIONS: -Xmx1g\nopenjdk version "17.0.15" 2025-04-15', 17),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
    ],
)
def test_the_major_version_is_read(said: str, version: int | None) -> None:
    assert read_version(said) == version


def fake_java(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    java.chmod(0o755)
    return java


def test_the_first_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    fake_java(tmp_path / "home" / "bin", "17.0.15")
    new = fake_java(tmp_path / "path", "21.0.1")
    fake_java(tmp_path / "late", "25")
    environment = {"JAVA_HOME": str(tmp_path / "home"), "PATH": f"{tmp_path / 'path'}:{tmp_path / 'late'}"}
    assert find_java(print, environment) == new


def test_java_home_comes_before_path(tmp_path: Path) -> None:
    home = fake_java(tmp_path / "home" / "bin", "21")
    path = fake_java(tmp_path / "path", "21")
    found = installed({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "path")})
    assert [next(found), next(found)] == [home, path]


def test_what_cannot_be_run_has_no_version(tmp_path: Path) -> None:
    assert version_of(tmp_path / "java") is None


def test_without_java_and_network_a_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CJDK_INDEX_URL", "https://127.0.0.1:1/index.json")
    monkeypatch.setenv("CJDK_CACHE_DIR", str(tmp_path))
    with pytest.raises(
        JavaMissing, match=r"needs Java 21 or newer: none is installed, .* Install one"
    ) as refused:
        fetch(print)
    assert refused.value.exit_code == 5
