"""`up`: starts a whole stack until it answers searches, and prints each step with its seconds."""

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import migrations
from embedded.admin import EMAIL, ensure_admin
from embedded.catalogue import is_empty, load, needs_reindex
from embedded.errors import OtherRelease, PortTaken, StackError
from embedded.progress import say, step
from embedded.runenv import write_run_env
from embedded.servers import ports
from embedded.services import Services
from embedded.state import StateDirectory
from embedded.supervisor import PROGRAMS, REINDEX, Program, Supervisor, stand_in
from schemas.settings import Settings
from stores.database import opened_database

API_PORT = 8000
LISTINGS = 3000
SEED = 1
FRONTENDS = tuple(
    f"http://{host}:{port}" for host in ("localhost", ports.LOOPBACK) for port in (3000, 4200, 5173, 8080)
)
"""Usual origins of frontend development servers; CORS allows them by default."""
PULSE_S = 0.5  # how soon an ended process is noticed

Environment = dict[str, str]


def up(state_dir: Path) -> None:
    """Run everything until a signal comes; a StackError says why it cannot run."""
    services = Services(state_dir, report=say)
    say(f"starting CasaBricks in {services.state.path}")
    listings = whole_number(os.environ, "LISTINGS", LISTINGS)
    port = choose_port(os.environ, services.state)
    with ExitStack() as stack:
        with step("Postgres, OpenSearch, Redis"):
            stack.enter_context(services)
        facts = describe(services, os.environ, port)
        programs = (*PROGRAMS, *enhancer(services.state, os.environ, facts))
        write_run_env(services.state.path / "run.env", facts)
        supervisor = Supervisor(services.state, services.children, os.environ | facts, say, programs)
        stack.callback(supervisor.stop)
        fill(facts, supervisor, listings)
        with step(", ".join(program.name for program in programs)):
            supervisor.start()
            supervisor.wait_ready(port)
        introduce(facts, services.state)
        watch(services, supervisor)


def serve_stores(state_dir: Path, *, nodes: int = 1) -> None:
    """Run only the stores until a signal comes."""
    with Services(state_dir, nodes=nodes, report=say) as services:
        facts = addresses(services) | {"INDEX_REPLICAS": str(min(nodes - 1, 1))}
        write_run_env(services.state.path / "run.env", facts)
        for name, value in facts.items():
            say(f"{name}={value}")
        say(f"ready: source {services.state.path}/run.env")
        watch(services)


def watch(services: Services, supervisor: Supervisor | None = None) -> None:
    while True:
        time.sleep(PULSE_S)
        services.require_running()
        if supervisor is not None:
            supervisor.tend()


def addresses(services: Services) -> Environment:
    return {
        "DATABASE_URL": services.database_url,
        "OPENSEARCH_URL": services.opensearch_url,
        "REDIS_URL": services.redis_url,
    }


def describe(services: Services, environment: Mapping[str, str], port: int) -> Environment:
    """Return the settings for the stack's processes and for `run.env`; values set already are kept."""
    state = services.state
    return addresses(services) | {
        "MEDIA_URL": environment.get("MEDIA_URL") or f"file:{state.path / 'media'}",
        "INDEX_ALIAS": Settings().index_alias,
        "JWT_SECRET": environment.get("JWT_SECRET") or state.secret("token_signing"),
        "QUEUE_SECRET": environment.get("QUEUE_SECRET") or state.secret("queue_signing"),
        "WEBHOOK_SECRET": environment.get("WEBHOOK_SECRET") or state.secret("webhook_signing"),
        "CORS_ORIGINS": environment.get("CORS_ORIGINS") or ",".join(FRONTENDS),
        "API_PORT": str(port),
        "API_URL": f"http://{ports.LOOPBACK}:{port}",
        "ADMIN_EMAIL": EMAIL,
        "ADMIN_PASSWORD": state.secret("admin"),
    }


def enhancer(
    state: StateDirectory, environment: Mapping[str, str], facts: Environment
) -> tuple[Program, ...]:
    """Return the stand-in for the AI service unless ENHANCER_URL is set; adds the address to `facts`."""
    if given := environment.get("ENHANCER_URL"):
        facts["ENHANCER_URL"] = given
        return ()
    home = state.directory("enhancer")
    kept = home / "port"
    port = ports.remember(kept, ports.remembered(kept) or ports.any_free())
    origin = f"http://{ports.LOOPBACK}:{port}"
    facts |= {"ENHANCER_URL": f"{origin}/jobs", "ENHANCER_LOCAL_ORIGIN": origin}
    return (stand_in(port, home),)


def choose_port(environment: Mapping[str, str], state: StateDirectory) -> int:
    """Return the requested port, else 8000, else any free port.

    Raises:
        PortTaken: API_PORT is set, and that port is in use.
        StackError: it is not a number.
    """
    port = whole_number(environment, "API_PORT", API_PORT)
    if ports.is_free(port):
        return port
    if environment.get("API_PORT"):
        raise PortTaken(f"port {port} is taken; set API_PORT to another, or unset it to have one chosen.")
    kept = state.directory("api") / "port"
    chosen = ports.remember(kept, ports.remembered(kept) or ports.any_free())
    say(f"  port {port} is taken, so the API gets {chosen}")
    return chosen


def whole_number(environment: Mapping[str, str], name: str, otherwise: int) -> int:
    """Return a number from the environment; a StackError says that it is none."""
    given = environment.get(name) or str(otherwise)
    if not given.isdecimal():
        raise StackError(f"{name} is {given!r}; it must be a whole number, such as {otherwise}.")
    return int(given)


def fill(facts: Environment, supervisor: Supervisor, listings: int) -> None:
    """Create or update schema, admin, listings and index, so that the first request works."""
    settings = Settings(
        database_url=facts["DATABASE_URL"],
        opensearch_url=facts["OPENSEARCH_URL"],
        media_url=facts["MEDIA_URL"],
    )
    with step("database schema"):
        migrate(settings.database_url, os.environ)
    with step("admin account"):
        asyncio.run(add_admin(settings, facts["ADMIN_PASSWORD"]))
    if asyncio.run(is_empty(settings)):
        with step(f"{listings:,} demo listings"):
            asyncio.run(load(settings, listings=listings, seed=SEED))
    if asyncio.run(needs_reindex(settings)):
        with step("search index"):
            supervisor.run(REINDEX)


def migrate(database_url: str, environment: Mapping[str, str]) -> None:
    """Bring the database to this release's schema.

    Raises:
        OtherRelease: the database is of a release that this one does not know.
    """
    try:
        migrations.upgrade(database_url)
    except migrations.UnknownRevision as unknown:
        if environment.get("DATABASE_URL"):
            remedy = "set DATABASE_URL to another one"
        else:
            remedy = "`make reset` throws all data away, then `make up` starts anew"
        raise OtherRelease(
            f"the database is of another release (schema revision {unknown}): {remedy}."
        ) from unknown


async def add_admin(settings: Settings, password: str) -> None:
    async with opened_database(settings) as engine:
        await ensure_admin(engine, password)


def introduce(facts: Environment, state: StateDirectory) -> None:
    table = {
        "API": facts["API_URL"],
        "a search page": f"{facts['API_URL']}/explore",
        "Postgres": facts["DATABASE_URL"],
        "OpenSearch": facts["OPENSEARCH_URL"],
        "Redis": facts["REDIS_URL"],
        "AI service": facts["ENHANCER_URL"],
        "admin": f"{facts['ADMIN_EMAIL']}  {facts['ADMIN_PASSWORD']}",
        "logs": str(state.directory("logs")),
        "settings": str(state.path / "run.env"),
    }
    say("")
    for name, value in table.items():
        say(f"  {name:<15}{value}")
    say(f"\nready: {facts['API_URL']}")
