"""The system account for a server that refuses to run as root, and its access to the files it needs."""

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

NAME = "casabricks"


class Rights(TypedDict, total=False):
    """Arguments of `subprocess` that run a child as another user."""

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
    """Return the system account, creating it if needed; None if this process does not run as root."""
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
    """Let every account traverse the parents of a path; this does not allow listing them."""
    for parent in path.resolve().parents:
        _allow(parent, stat.S_IXOTH)


def open_installation(directory: Path) -> None:
    """Let every account read and run programs that were installed with a umask for root alone."""
    open_the_way(directory)
    if not directory.stat().st_mode & stat.S_IROTH:
        for path in (directory, *directory.rglob("*")):
            _allow(path, stat.S_IROTH | stat.S_IXOTH)


def _allow(path: Path, permission: int) -> None:
    mode = path.stat().st_mode
    if mode & permission != permission:
        path.chmod(mode | permission)
