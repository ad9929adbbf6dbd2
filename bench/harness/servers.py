"""The servers that are measured, each in a separate process on a free port."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psutil
import psycopg

from embedded.servers.ports import any_free
from schemas.settings import Settings

SLOWEST_START_S = 120.0
PEER_VIEW = """
CREATE SCHEMA peer;
DO $$ BEGIN
    EXECUTE 'CREATE VIEW peer.properties AS SELECT ' || (
        SELECT string_agg(CASE udt_name WHEN 'uuid' THEN format('%1$I::text AS %1$I', column_name)
                                        ELSE quote_ident(column_name) END, ', ' ORDER BY ordinal_position)
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'properties'
    ) || ' FROM public.properties';
END $$;
CREATE ROLE peer LOGIN PASSWORD 'peer';
ALTER ROLE peer SET search_path = peer;
GRANT USAGE ON SCHEMA peer TO peer;
GRANT SELECT ON peer.properties TO peer;
"""
PEER_PACKAGES = ("fastapi", "uvicorn[standard]", "asyncpg", "sqlalchemy[asyncio]", "orjson")


def msearch_url(settings: Settings, index: str) -> str:
    """Return where a program without our client sends an `_msearch`: to the first node of a cluster."""
    return f"{settings.opensearch_nodes[0]}/{index}/_msearch"


def environment(settings: Settings, port: int) -> dict[str, str]:
    return {
        "DATABASE_URL": settings.database_url,
        "OPENSEARCH_URL": settings.opensearch_url,
        "REDIS_URL": settings.redis_url,
        "MEDIA_URL": settings.media_url,
        "INDEX_ALIAS": settings.index_alias,
        "API_PORT": str(port),
        "JWT_SECRET": settings.jwt_secret.get_secret_value(),
        "SEARCH_CACHE": str(settings.search_cache).lower(),
    }


@contextmanager
def running(command: Sequence[str], url: str, more: Mapping[str, str]) -> Iterator[psutil.Process]:
    """Start a server, wait until it answers, and stop it at the end of the block."""
    process = subprocess.Popen(
        command, env=os.environ | more, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await_answer(process, url)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _await_answer(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + SLOWEST_START_S
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{url} does not answer")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5):  # noqa: S310  our own loopback address
            return True
    except HTTPError:
        return True
    except (URLError, OSError):
        return False


@contextmanager
def api(settings: Settings) -> Iterator[tuple[str, psutil.Process]]:
    port = any_free()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "server.cli", "serve"]
    with running(command, f"{url}/livez", environment(settings, port)) as process:
        yield url, process


@contextmanager
def bare(settings: Settings) -> Iterator[str]:
    port = any_free()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "bench.harness.bare", str(port)]
    with running(command, url, environment(settings, port)):
        yield url


@contextmanager
def peer(settings: Settings, design: Path) -> Iterator[str]:
    """Run another design, a FastAPI module, in a separate environment on the same rows."""
    port = any_free()
    url = f"http://127.0.0.1:{port}"
    packages = [part for package in PEER_PACKAGES for part in ("--with", package)]
    command = [
        str(Path(sys.executable).with_name("uv")), "run", "--no-project", "--quiet", *packages,
        "uvicorn", f"{design.stem}:app", "--app-dir", str(design.parent), "--port", str(port),
        "--no-access-log",
    ]  # fmt: skip
    with running(command, url, {"PEER_DATABASE_URL": peer_database(settings)}):
        yield url


def peer_database(settings: Settings) -> str:
    """Create a view with UUIDs as text: the peer's JSON library cannot serialize its driver's UUIDs."""
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(PEER_VIEW)
    address = settings.database_url.rpartition("@")[2]
    return f"postgresql+asyncpg://peer:peer@{address}"


def worker_mb(process: psutil.Process) -> float:
    """Return the memory of an API's worker in MB, its share of what it has in common with others included.

    Its resident memory is no measure: a worker is forked, and most of its pages are its parent's too.
    """
    return float(worker_of(process).memory_full_info().pss) / 1e6


def worker_of(process: psutil.Process) -> psutil.Process:
    """Return the child process that serves requests; another child holds shared state for the manager."""
    serving = [
        child
        for child in process.children()
        if any(connection.status == psutil.CONN_LISTEN for connection in child.net_connections("tcp4"))
    ]
    return serving[0]
