"""A process that decodes pictures and can do nothing else: `python -I -m imaging.child MEMORY CPU`.

Once ready, it cannot open files or sockets or write to disk. The kernel limits its memory, and kills it when
a picture takes more processor time than allowed.
"""

import math
import resource
import sys
from typing import BinaryIO

import pyvips

from domain.pictures import PictureRefused
from imaging.rendering import lock_down, render
from imaging.wire import LENGTH, READY, refused_answer, rendered_answer

NO_MORE = (0, 0)


def main() -> None:
    memory_bytes, cpu_s = (int(argument) for argument in sys.argv[1:])
    lock_down()
    warm_up()
    confine(memory_bytes)
    serve(sys.stdin.buffer, sys.stdout.buffer, cpu_s)


def warm_up() -> None:
    """Render test pictures, so that libraries load their files before opening files is forbidden."""
    square = pyvips.Image.black(256, 256, bands=3).copy(interpretation="srgb")
    for content in (square.jpegsave_buffer(), square.pngsave_buffer(), square.webpsave_buffer()):
        render(content)


def confine(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, NO_MORE)
    resource.setrlimit(resource.RLIMIT_FSIZE, NO_MORE)
    resource.setrlimit(resource.RLIMIT_CORE, NO_MORE)


def serve(asked: BinaryIO, answered: BinaryIO, cpu_s: int) -> None:
    answered.write(READY)
    answered.flush()
    while head := asked.read(LENGTH.size):
        content = asked.read(*LENGTH.unpack(head))
        grant(cpu_s)
        answered.write(answer(content))
        answered.flush()


def grant(cpu_s: int) -> None:
    """Set the limit of processor time to this many seconds from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(used.ru_utime + used.ru_stime) + cpu_s
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def answer(content: bytes) -> bytes:
    try:
        return rendered_answer(render(content))
    except PictureRefused as refusal:
        return refused_answer(refusal)
    except MemoryError:
        return refused_answer(PictureRefused("image_too_large", "needs too much memory to be decoded"))


if __name__ == "__main__":
    main()
