"""How the stand-in is to misbehave, for those who want to see what comes of it."""

from schemas.api.base import Shape


class Behaviour(Shape):
    answers: int = 202
    """To jobs: 503 is an AI service that is away, 422 one that refuses."""
    silent: bool = False
    """Takes jobs and is never heard of again."""
    delay_s: float = 0.0
    """Between taking a job and telling of it."""
    gives_up: str = ""
    """A reason to fail with, instead of a result."""
    copies: int = 1
    """How often each webhook is sent."""
    backwards: bool = False
    """Tells that it is done, then that it has begun."""
    forged: bool = False
    """Signs by a secret that nobody shares."""
    skew_s: int = 0
    """How far its clock goes wrong."""
    result_url: str = ""
    """Where it says that its result is, instead of where it is."""
