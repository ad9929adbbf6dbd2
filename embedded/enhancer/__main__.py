"""`python -m embedded.enhancer PORT DIRECTORY` runs the stand-in; it uses the API's webhook secrets."""

import sys
from pathlib import Path

from aiohttp import web

from domain.security.webhooks import secret_key
from embedded.enhancer.jobs import Jobs
from embedded.enhancer.service import create_service
from embedded.servers.ports import LOOPBACK
from schemas.settings import Settings


def main(port: int, directory: Path) -> None:
    keys = tuple(map(secret_key, Settings().webhook_secrets))
    directory.mkdir(parents=True, exist_ok=True)
    service = create_service(Jobs(directory, f"http://{LOOPBACK}:{port}", keys))
    web.run_app(service, host=LOOPBACK, port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
