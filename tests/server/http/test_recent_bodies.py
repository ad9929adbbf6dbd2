"""Short bodies are remembered as they were read."""

import pytest

from server.http.messages import RECENT_BODIES, SHORT_BODY, remembering_recent


class Reader:
    """Counts what it reads."""

    def __init__(self) -> None:
        self.read: list[bytes] = []

    def __call__(self, body: bytes) -> bytes:
        self.read.append(body)
        if body.startswith(b"wrong"):
            raise ValueError(body)
        return body[:1]


def test_a_short_body_is_read_once_and_a_long_one_each_time():
    reader = Reader()
    read = remembering_recent(reader)
    short, long = b"s" * SHORT_BODY, b"l" * (SHORT_BODY + 1)
    assert [read(body) for body in (short, long, short, long)] == [b"s", b"l", b"s", b"l"]
    assert reader.read == [short, long, long]


def test_an_error_is_not_remembered():
    reader = Reader()
    read = remembering_recent(reader)
    for _ in range(2):
        with pytest.raises(ValueError, match="wrong"):
            read(b"wrong")
    assert reader.read == [b"wrong", b"wrong"]


def test_the_least_recent_bodies_are_forgotten():
    reader = Reader()
    read = remembering_recent(reader)
    bodies = [b"%d" % number for number in range(RECENT_BODIES + 1)]
    for body in (*bodies, bodies[-1], bodies[0]):
        read(body)
    assert reader.read == [*bodies, bodies[0]]
