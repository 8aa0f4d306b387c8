"""What both engines need of the operating system: homes, ports, private files, and child processes that outlive a crash of ours.

Theory of operation: an engine process is recognised by the absolute path of its configuration in its command line, a path below
the home and so unique to it. That needs no pid file, hence none can be stale: after ``kill -9`` of ourselves the orphan is found
again, and adopted if its configuration is still the wanted one, else ended. A lock file (released by the kernel when its holder
dies) keeps two platforms from running the engines of one home.
"""

import fcntl
import json
import os
import pwd
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil

from openmarque.engines.errors import DiskFull, EngineError, HomeInUse, NoPermission, PortBusy

DISK_NEEDED = 200 * 1024 * 1024
"""Bytes below which an engine isn't started: PostgreSQL's first cluster takes 40 MB, its write-ahead log grows in 16 MB files."""
POLL_S = 0.02


def is_root() -> bool:
    """Whether this process runs as root."""
    return os.geteuid() == 0


def user_name() -> str:
    """The name of the user this process runs as (its number where it has none)."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def ensure_dir(path: Path, mode: int = 0o700) -> Path:
    """Make `path` (with parents) if absent, with `mode`; an existing directory and all parents keep theirs. Raises ``NoPermission``."""
    try:
        if not path.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=mode, exist_ok=True)
            path.chmod(mode)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(path)
    except OSError as error:
        raise NoPermission(f"{path}: {error.strerror or 'permission denied'}.", user=user_name(), path=path) from error
    return path


def ensure_home(home: Path) -> Path:
    """Make the home if absent. As root it can be passed through, not listed, so that PostgreSQL's user reaches its own part."""
    return ensure_dir(home, 0o711 if is_root() else 0o700)


def check_disk(path: Path, needed: int = DISK_NEEDED) -> None:
    """Raise ``DiskFull`` if less than `needed` bytes are free for this user where `path` (an existing directory) is."""
    stat = os.statvfs(path)
    free = stat.f_bavail * stat.f_frsize
    if free < needed:
        wanted = f"{needed // 1024 // 1024} MiB"
        raise DiskFull(
            f"{free // 1024 // 1024} MiB are free on the disk of {path}; {wanted} are needed.", wanted=wanted, path=path
        )


def write_private(path: Path, text: str) -> None:
    """Replace `path` atomically by `text`, readable by this user only (0600), on disk before it is seen."""
    ensure_dir(path.parent)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret in `path`; made and written (0600) the first time."""
    try:
        return path.read_text("utf-8").strip()
    except FileNotFoundError:
        write_private(path, make() + "\n")
        return path.read_text("utf-8").strip()


@contextmanager
def home_lock(run_dir: Path) -> Iterator[None]:
    """Hold the right to run this home's engines; raises ``HomeInUse`` while a living process holds it."""
    path = ensure_dir(run_dir) / "lock"
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise HomeInUse(f"It is {run_dir.parent}.", holder=file.read().strip() or "that holds it") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def port_holder(port: int) -> str:
    """Who listens on `port`: program and pid where the system lets us see it."""
    try:
        for entry in psutil.net_connections("tcp"):
            if entry.status == psutil.CONN_LISTEN and entry.laddr and entry.laddr.port == port and entry.pid:
                return f"the program {psutil.Process(entry.pid).name()} (pid {entry.pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        pass
    return "the program that listens there"


def is_here(host: str) -> bool:
    """Whether `host` is an address of this machine, at which a server could listen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
        return True


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on `host`:`port` now (an old connection in TIME_WAIT doesn't count)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
        return True


class Ports:
    """The ports of one home. A wanted port is taken as it is; for 0 a free one is picked once and kept in ``run/ports.json``."""

    def __init__(self, run_dir: Path) -> None:
        """Keep the picks in `run_dir`."""
        self._path = run_dir / "ports.json"

    def settle(self, name: str, wanted: int, host: str, *, held_by_us: bool) -> int:
        """The port for `name`; `held_by_us` says that our own engine may be listening on it. Raises ``PortBusy`` for a fixed one."""
        kept = self.known(name)
        if wanted:
            if (not held_by_us or kept != wanted) and not is_free(host, wanted):
                setting = f"OPENMARQUE_{name.upper()}_PORT"
                holder = port_holder(wanted)
                raise PortBusy(f"Port {wanted} of {host} is held by {holder}.", holder=holder, setting=setting, port=wanted)
            self._keep(name, wanted)
            return wanted
        if kept and (held_by_us or is_free(host, kept)):
            return kept
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.bind((host, 0))
            port = int(probe.getsockname()[1])
        self._keep(name, port)
        return port

    def known(self, name: str) -> int | None:
        """The port kept for `name`, if any."""
        return self._read().get(name)

    def _read(self) -> dict[str, int]:
        try:
            return {str(k): int(v) for k, v in json.loads(self._path.read_text("utf-8")).items()}
        except (FileNotFoundError, ValueError):
            return {}

    def _keep(self, name: str, port: int) -> None:
        ports = self._read()
        if ports.get(name) != port:
            write_private(self._path, json.dumps(ports | {name: port}))


def find_ours(program: str, flag: str, marker: Path) -> psutil.Process | None:
    """The living process started as ``<…program…> flag marker …``, or none; `marker` is a path below a home, hence unique to it."""
    wanted = [flag, str(marker)]
    for process in psutil.process_iter():
        try:
            arguments = process.cmdline()
            if arguments[1:3] == wanted and program in Path(arguments[0]).name and process.status() != psutil.STATUS_ZOMBIE:
                return process
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return None


def reap(child: subprocess.Popen[bytes]) -> psutil.Process:
    """The process of `child`, whose exit status is collected in the background: an ended engine is gone, not a zombie."""
    process = psutil.Process(child.pid)
    threading.Thread(target=child.wait, name=f"reap-{child.pid}", daemon=True).start()
    return process


def spawn(
    arguments: Sequence[str], log: Path, *, user: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start an engine in its own session (a Ctrl-C in our terminal isn't for it), its output appended to `log`.

    `environment` adds to ours; what an operator has set there stands. The output goes to a file and not to a pipe, for a broken pipe
    would end the engine together with us.
    """
    with open_log(log) as output:
        return subprocess.Popen(
            list(arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            env={**(environment or {}), **os.environ},
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
        )


def open_log(log: Path) -> IO[bytes]:
    """`log` opened for appending, readable by this user only."""
    ensure_dir(log.parent)
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def end(process: psutil.Process, *steps: tuple[signal.Signals, float]) -> None:
    """Send the signals of `steps` one after another, each with its seconds to wait, until the process is gone."""
    for sign, wait_s in steps:
        try:
            process.send_signal(sign)
            process.wait(wait_s)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            continue
        else:
            return


def wait_until(ready: Callable[[], bool], process: psutil.Process, log: Path, name: str, timeout_s: float) -> None:
    """Return when `ready()` is true; raise ``EngineError`` with the end of the log if the process ends or time runs out first."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        gone = not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        if gone or time.monotonic() > deadline:
            what = "ended while it started" if gone else f"was not ready after {timeout_s:g} s"
            raise EngineError(f"{name} {what}. {tail(log)}", log=log)
        time.sleep(POLL_S)


def tail(log: Path, lines: int = 5) -> str:
    """The last `lines` of a log file as one text; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
            return " | ".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
