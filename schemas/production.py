"""Checks that settings are fit for production; a process does not start while one of them fails.

Each fault names a setting and what it requires, never its value.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from schemas.settings import Settings

SECRETS = ("jwt_secret", "webhook_secret", "queue_secret", "metrics_token")
"""Must be set."""
OLDER_SECRETS = ("jwt_previous_secret", "webhook_previous_secret")
"""Optional."""
SHORTEST_SECRET = 32
"""Bytes."""
LEAST_PASSWORD_COST = 12


def faults(settings: "Settings") -> list[str]:
    """Return every fault as `SETTING what it requires`; empty outside production."""
    if settings.environment != "production":
        return []
    return [f"{name.upper()} {wants}" for name, wants in _faults(settings)]


def _faults(settings: "Settings") -> Iterator[tuple[str, str]]:
    yield from _secrets(settings)
    if settings.serve_docs:
        yield "serve_docs", "must be false"
    if settings.password_cost < LEAST_PASSWORD_COST:
        yield "password_cost", f"must be at least {LEAST_PASSWORD_COST}"
    if settings.enhancer_local_origin:
        yield "enhancer_local_origin", "is for development only; name hosts in ENHANCER_RESULT_HOSTS"
    if not settings.trusted_proxy_cidrs:
        yield "trusted_proxy_cidrs", "must name the networks of our own proxies, or be `none`"
    if not settings.stores_on_private_network:
        yield from _stores(settings)


def _secrets(settings: "Settings") -> Iterator[tuple[str, str]]:
    for name in (*SECRETS, *OLDER_SECRETS):
        secret = getattr(settings, name).get_secret_value()
        if not secret and name in SECRETS:
            yield name, "must be set"
        elif secret and len(secret.encode()) < SHORTEST_SECRET:
            yield name, f"must have at least {SHORTEST_SECRET} bytes"


def _stores(settings: "Settings") -> Iterator[tuple[str, str]]:
    """Require encryption and a password for every store, because the network is shared with others."""
    database = parse_qs(urlsplit(settings.database_url).query)
    if database.get("sslmode") != ["verify-full"]:
        yield "database_url", "must have sslmode=verify-full"
    engines = [urlsplit(node) for node in settings.opensearch_nodes]
    if not all(engine.scheme == "https" and engine.username and engine.password for engine in engines):
        yield "opensearch_url", "must be https:// with a user and a password"
    redis = urlsplit(settings.redis_url)
    if redis.scheme != "rediss" or not redis.password:
        yield "redis_url", "must be rediss:// with a password"
