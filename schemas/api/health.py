"""Identity and health of the API, for people and orchestrators."""

from typing import Literal

from typing_extensions import TypedDict


class About(TypedDict):
    name: str
    version: str
    links: dict[str, str]
    """Entry points, by name."""


class Alive(TypedDict):
    status: Literal["ok"]


class Readiness(TypedDict):
    ready: bool
    """Whether the process can receive traffic."""
    degraded: list[str]
    """Unhealthy dependencies; the API stays ready without some of them."""
    details: list[str]
    """What to do about them."""


class Dependency(TypedDict):
    state: Literal["ok", "ahead", "wrong", "down"]
    """`ahead`: the database was restored; the index is searchable but may show deleted listings."""
    latency_ms: float
    detail: str | None


class Health(TypedDict):
    status: Literal["ok", "degraded"]
    dependencies: dict[str, Dependency]
