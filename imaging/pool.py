"""A pool of child processes that decode pictures, limited in number, time and memory, replaced on a crash.

Untrusted pictures are decoded where they can do no harm: a child has no secrets in its environment,
cannot open anything, and is killed when it takes too long. One child serves many pictures, because
starting one takes longer than most pictures do.
"""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

import structlog

from domain.pictures import PictureRefused
from imaging.gate import Gate
from imaging.wire import READY, Garbled, Rendered, framed, read_answer
from schemas.errors import Overloaded

MOST_WAITING, PATIENCE_S = 8, 15.0
FALL_S = 2.0
"""How long a child with a broken pipe gets to exit before it is killed."""
PICTURES_OF_A_CHILD = 200
"""After this many, a new child replaces it, so that memory growth and malicious code do not last."""
ENVIRONMENT = {"VIPS_CONCURRENCY": "1", "VIPS_WARNING": "off", "MALLOC_ARENA_MAX": "2", "LC_ALL": "C.UTF-8"}
BUSY = "Too many pictures are being worked on just now; try again in a moment."
log = structlog.get_logger(component="imaging")


@dataclass(frozen=True)
class Limits:
    """The limits of one child for one picture."""

    memory_bytes: int = 512 * 2**20
    """Address space; the memory really used is less."""
    cpu_s: int = 10
    wall_s: float = 20.0
    """Longer than `cpu_s`, because the machine may be busy with other work."""
    start_s: float = 20.0


class Pool:
    """A pool for one process that takes in pictures; children are started lazily."""

    def __init__(self, size: int = 2, *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._gate = Gate(size, most_waiting=MOST_WAITING, patience_s=PATIENCE_S, busy=BUSY)
        self._idle: list[Child] = []

    async def render(self, content: bytes) -> Rendered:
        """Decode an untrusted picture and return its variants in our encoding.

        Raises:
            PictureRefused: the picture is not acceptable, or decoding it took too much memory or time.
            Overloaded: too many pictures are being decoded, or the child did not answer in time.
        """
        async with self._gate.turn():
            child = await self._rested() or await Child.start(self._limits)
            try:
                return await child.render(content)
            finally:
                await self._put_back(child)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().end()

    async def _rested(self) -> "Child | None":
        """Return an idle child, if any; drop children that died while idle: no picture caused that."""
        while self._idle:
            child = self._idle.pop()
            if child.is_fit:
                return child
            await child.end()
        return None

    async def _put_back(self, child: "Child") -> None:
        if child.is_fit and child.pictures < PICTURES_OF_A_CHILD:
            self._idle.append(child)
        else:
            await child.end()


@asynccontextmanager
async def opened_pool(size: int) -> AsyncIterator[Pool]:
    """Open a pool for a block."""
    pool = Pool(size)
    try:
        yield pool
    finally:
        await pool.close()


class Child:
    """One process, one picture at a time."""

    def __init__(self, process: Process, limits: Limits) -> None:
        self.process = process
        self.pictures = 0
        self._limits = limits
        self._busy = False

    @classmethod
    async def start(cls, limits: Limits) -> Self:
        """Start a child. Raises Overloaded if it cannot be started or is not ready in time."""
        child = cls(await _spawned(limits), limits)
        ready = b""
        try:
            async with asyncio.timeout(limits.start_s):
                ready = await child._read(len(READY))
        except (TimeoutError, asyncio.IncompleteReadError):
            log.exception("child_not_started")
        finally:
            if ready != READY:
                await child.end()
        if ready != READY:
            raise Overloaded(BUSY)
        return child

    @property
    def is_fit(self) -> bool:
        """Whether it can take a picture: it is alive, and not still decoding a picture that was given up."""
        return self.process.returncode is None and not self._busy

    async def render(self, content: bytes) -> Rendered:
        """Render one picture. Raises PictureRefused, Overloaded."""
        self.pictures += 1
        self._busy = True
        try:
            async with asyncio.timeout(self._limits.wall_s):
                await self._write(framed(content))
                answer = await read_answer(self._read)
        except TimeoutError:
            log.warning("picture_too_slow", wall_s=self._limits.wall_s)
            raise Overloaded(BUSY) from None
        except (asyncio.IncompleteReadError, ConnectionError, Garbled) as fall:
            await self._fallen()
            raise self._blame(content, fall) from None
        self._busy = False
        if isinstance(answer, PictureRefused):
            raise answer
        return answer

    async def _fallen(self) -> None:
        """Wait for a child with a broken pipe to exit, because its exit status says what went wrong.

        Killing it at once might lose the status: before Python 3.12, `kill` may take it away from asyncio.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(FALL_S):
                await self.process.wait()
        await self.end()

    async def end(self) -> None:
        if self.process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    def _blame(self, content: bytes, fall: Exception) -> PictureRefused | Overloaded:
        """Return the error for the picture that a child was decoding when it crashed."""
        status = self.process.returncode
        picture = sha256(content).hexdigest()
        log.warning("child_fell", status=status, error=type(fall).__name__, picture=picture)
        if status == -signal.SIGXCPU:
            return PictureRefused("image_too_large", "takes too long to be decoded")
        if status == -signal.SIGKILL and not isinstance(fall, Garbled):
            return Overloaded(BUSY)  # the machine ran out of memory and chose a child
        return PictureRefused("unreadable", "is damaged")

    async def _write(self, content: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(content)
        await self.process.stdin.drain()

    async def _read(self, count: int) -> bytes:
        assert self.process.stdout is not None
        return await self.process.stdout.readexactly(count)


async def _spawned(limits: Limits) -> Process:
    """Start the process in a new session, so that Ctrl-C reaches only the parent and the child can finish."""
    command = ("-I", "-m", "imaging.child", str(limits.memory_bytes), str(limits.cpu_s))
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=ENVIRONMENT,
            start_new_session=True,
        )
    except OSError as error:
        raise Overloaded(BUSY) from error
