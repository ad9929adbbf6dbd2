"""A real S3 server for tests: versitygw if `.ci/tools` has built it with Go, else moto's server."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from schemas.settings import Settings
from tests.ports import kept_port
from tests.processes import launch

ACCESS, SECRET, BUCKET = "casabricks", "not-a-secret-at-all", "casabricks-media"


def versitygw() -> str | None:
    """Return the path of versitygw, or None if it is not installed."""
    homes = [Path(os.environ.get("GOPATH") or Path.home() / "go", "bin")]
    return shutil.which("versitygw", path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, homes)]))


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """Serve an S3 with one empty bucket; yield its URL."""
    program = versitygw()
    with _served_by(program, directory) if program else _served_by_moto() as url:
        client_of(url).create_bucket(Bucket=BUCKET)
        yield url


@contextmanager
def _served_by(program: str, directory: Path) -> Iterator[str]:
    objects, sidecar = directory / "objects", directory / "sidecar"
    objects.mkdir()
    sidecar.mkdir()
    with kept_port() as port:
        address = f"127.0.0.1:{port}"
        command = [program, "--quiet", "--port", address, "--access", ACCESS, "--secret", SECRET]
        process = launch(*command, "posix", "--sidecar", sidecar, objects, log=directory / "versitygw.log")
        try:
            process.until_now(lambda: _listens(port), f"it listens at {address}")
            yield f"http://{address}"
        finally:
            process.kill()


@contextmanager
def _served_by_moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def client_of(url: str):
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=ACCESS,
        aws_secret_access_key=SECRET,
        config=Config(signature_version="s3v4"),
    )


def settings_of(url: str, settings: Settings, prefix: str = "pictures") -> Settings:
    """Return the settings with media stored in that bucket."""
    return settings.model_copy(
        update={
            "media_url": f"s3://{BUCKET}/{prefix}",
            "s3_endpoint_url": url,
            "s3_access_key_id": ACCESS,
            "s3_secret_access_key": SecretStr(SECRET),
        }
    )
