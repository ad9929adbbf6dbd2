"""Who we are and how we are, for people and for orchestrators."""

from typing import Literal

from typing_extensions import TypedDict


class About(TypedDict):
    name: str
    version: str
    links: dict[str, str]
    """Where to begin, by what is there."""


class Alive(TypedDict):
    status: Literal["ok"]


class Readiness(TypedDict):
    ready: bool
    """Whether traffic may come."""
    degraded: list[str]
    """Dependencies that are not well; without some of them we are still ready."""
    details: list[str]
    """What to do about it."""


class Dependency(TypedDict):
    state: Literal["ok", "ahead", "wrong", "down"]
    """Ahead is an index whose database was restored: it is searched, and shows what is no more."""
    latency_ms: float
    detail: str | None


class Health(TypedDict):
    status: Literal["ok", "degraded"]
    dependencies: dict[str, Dependency]
