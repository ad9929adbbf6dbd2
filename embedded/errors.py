"""Errors that keep the stack from running, each with a message for people and an exit code for scripts.

StackError            1  any other error
├── StateLocked       3  another stack runs in the same state directory
├── DiskFull          4  too little room for the servers' data
├── JavaMissing       5  no Java 21 or newer is installed, and fetching one failed
├── JarRefused        6  a jar differs from the one that the lock names
├── NetworkNeeded     7  the first start could not download the jars
├── PortTaken         8  the requested port is in use
├── ServerFailed      9  a server or command of the stack ended, or did not answer in time
├── Unreachable      10  a server named by an environment variable does not answer
└── OtherRelease     11  the database has a schema that this release does not know

0 is a clean stop, 2 a wrong command line.
"""

from pathlib import Path
from typing import ClassVar


class StackError(Exception):
    exit_code: ClassVar[int] = 1


class StateLocked(StackError):
    exit_code = 3


class DiskFull(StackError):
    exit_code = 4


class JavaMissing(StackError):
    exit_code = 5


class JarRefused(StackError):
    exit_code = 6


class NetworkNeeded(StackError):
    exit_code = 7


class PortTaken(StackError):
    exit_code = 8


class ServerFailed(StackError):
    exit_code = 9

    def __init__(self, what: str, log: Path) -> None:
        super().__init__(f"{what}; its log is {log}.")
        self.log = log


class Unreachable(StackError):
    exit_code = 10


class OtherRelease(StackError):
    exit_code = 11
