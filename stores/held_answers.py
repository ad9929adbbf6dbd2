"""The cached answers that a process holds, so that a popular one is not transferred from Redis each time."""

from collections.abc import Iterable, Mapping

EXPIRY_DIGITS = 10
"""Number of digits before a cached answer; they hold the second in which it expires."""
MOST_BYTES = 4 * 2**20
"""Default limit for the total size of the answers that a process holds."""


class HeldAnswers:
    """Answers of one epoch. They may be served only right after the current epoch was read."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.epoch = b""
        self._most_bytes, self._bytes = most_bytes, 0
        self._entries: dict[str, bytes] = {}
        """By cache key, in the form of Redis: with the expiry in front."""

    def among(self, keys: Iterable[str]) -> list[str]:
        """Return those of the keys whose answers are held."""
        return [key for key in keys if key in self._entries]

    def answers(self, epoch: bytes, now: int, found: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
        """Return the answer of each key, held or just found in Redis, and hold those found.

        Args:
            epoch: the current one; answers of any other are dropped.
            now: seconds by the clock of Redis; expired answers are dropped.
            found: the entry in Redis for each key; None if it has none or was not asked for it.
        """
        if epoch != self.epoch:
            self._drop_all()
            self.epoch = epoch
        entries = {key: entry or self._entries.get(key) for key, entry in found.items()}
        current = {
            key: entry if entry and int(entry[:EXPIRY_DIGITS]) > now else None
            for key, entry in entries.items()
        }
        for key, entry in current.items():
            self._replace(key, entry)
        return {key: entry and entry[EXPIRY_DIGITS:] for key, entry in current.items()}

    def _replace(self, key: str, entry: bytes | None) -> None:
        self._bytes -= len(self._entries.pop(key, b""))
        if entry is None or len(entry) > self._most_bytes:
            return
        if self._bytes + len(entry) > self._most_bytes:
            self._drop_all()
        self._entries[key] = entry
        self._bytes += len(entry)

    def _drop_all(self) -> None:
        self._entries, self._bytes = {}, 0
