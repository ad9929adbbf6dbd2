"""Settings that make the stand-in misbehave, to try out how CasaBricks reacts."""

from schemas.api.base import Shape


class Behaviour(Shape):
    answers: int = 202
    """Status returned for jobs: 503 simulates an AI service that is down, 422 one that refuses."""
    silent: bool = False
    """Accepts jobs, but never sends a webhook."""
    delay_s: float = 0.0
    """Seconds between accepting a job and its first webhook."""
    gives_up: str = ""
    """If set, jobs fail with this reason instead of yielding a result."""
    copies: int = 1
    """How often each webhook is sent."""
    backwards: bool = False
    """Sends the final webhook before the one that processing has begun."""
    forged: bool = False
    """Signs webhooks with a random secret, so that the signatures are invalid."""
    skew_s: int = 0
    """Seconds added to the timestamps of webhooks, as by a wrong clock."""
    result_url: str = ""
    """If set, webhooks give this URL of the result instead of the real one."""
