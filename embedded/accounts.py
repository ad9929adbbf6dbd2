"""The account that a server gets which refuses to run as root, and its way to what it needs."""

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

NAME = "casabricks"


class Rights(TypedDict, total=False):
    """How `subprocess` gives a child the rights of another user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    user: int
    group: int

    @property
    def rights(self) -> Rights:
        return {"user": self.user, "group": self.group, "extra_groups": []}

    def own(self, path: Path) -> None:
        os.chown(path, self.user, self.group)


def unprivileged() -> Account | None:
    """A system account, made when it is first needed; None if we have no privileges to give up."""
    if os.geteuid() != 0:
        return None
    try:
        found = pwd.getpwnam(NAME)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--shell", "/bin/false", NAME], check=True, capture_output=True
        )
        found = pwd.getpwnam(NAME)
    return Account(found.pw_uid, found.pw_gid)


def open_the_way(path: Path) -> None:
    """Let every account reach a path by its name; none of its parents can be listed for that."""
    for parent in path.resolve().parents:
        _allow(parent, stat.S_IXOTH)


def open_installation(directory: Path) -> None:
    """Let every account read and run what a careful umask installed for root alone."""
    open_the_way(directory)
    if not directory.stat().st_mode & stat.S_IROTH:
        for path in (directory, *directory.rglob("*")):
            _allow(path, stat.S_IROTH | stat.S_IXOTH)


def _allow(path: Path, permission: int) -> None:
    mode = path.stat().st_mode
    if mode & permission != permission:
        path.chmod(mode | permission)
