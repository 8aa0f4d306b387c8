"""What is wrong on this machine, and what to do about it: each fault by name, with its cure (``openmarque doctor``).

Theory of operation: each check either says nothing or yields findings. Where an engine would raise an error at its start, the finding
is that very error, so both give the same advice. Nothing is changed, started or stopped here.
"""

import os
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from openmarque.brands.pack import BrandPackInvalid, load_pack
from openmarque.engines.errors import AddressNotHere, EngineError, EngineUnreachable, NoPermission, PortBusy
from openmarque.engines.mailbox import mail_server
from openmarque.engines.nats import check_program, server_info
from openmarque.engines.nats_check import broker_faults
from openmarque.engines.postgres import check_server, program_version
from openmarque.engines.postgres_home import can_reach, possible_roots, unprivileged_user, wheel_nats_server, wheel_programs
from openmarque.engines.process import (
    DISK_NEEDED,
    Ports,
    check_disk,
    find_ours,
    is_free,
    is_here,
    is_root,
    port_holder,
    user_name,
)
from openmarque.kit.clock import Clock
from openmarque.kit.settings import Settings

LOW_DISK: Final = 2 * 1024 * 1024 * 1024
"""Bytes free below which we warn: room for the write-ahead log (1 GiB) and a day of a small fleet."""
_EARLIEST: Final = 1_767_225_600
"""2026-01-01: no machine that runs this release has an earlier date, unless its clock is wrong (seconds since the epoch)."""
_SKEW_S: Final = 2.0
_GREETING_S: Final = 5.0
"""RFC 5321 §4.5.3.2 lets a server take five minutes to greet; one that takes so long keeps owners waiting for their mails."""
_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Severity(StrEnum):
    """How bad."""

    ERROR = "error"
    """The platform can't start, or not rightly."""
    WARNING = "warning"
    """It runs, but the operator should know."""


@dataclass(frozen=True)
class Finding:
    """One fault: stable `code`, what it is in one sentence, what to do."""

    code: str
    what: str
    cure: str
    severity: Severity


def examine(settings: Settings, clock: Clock) -> list[Finding]:
    """Every fault found, errors first. Takes seconds only where an address doesn't answer."""
    checks: tuple[Callable[[Settings, Clock], Iterator[Finding]], ...] = (
        _home,
        _root,
        _postgres,
        _nats,
        _web_port,
        _mail,
        _clock,
        _secrets,
        _names,
        _brand_pack,
    )
    found = [finding for check in checks for finding in check(settings, clock)]
    return sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)


def _of(error: EngineError) -> Finding:
    return Finding(error.code, error.message, error.remedy, Severity.ERROR)


def _home(settings: Settings, _clock: Clock) -> Iterator[Finding]:
    place = settings.home
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir() or not _writable(place):
        reason = "is not a directory" if not place.is_dir() else "can't be written"
        yield _of(NoPermission(f"{place} {reason}.", user=user_name(), path=place))
        return
    try:
        check_disk(place)
    except EngineError as error:
        yield _of(error)
        return
    stat = os.statvfs(place)
    free = stat.f_bavail * stat.f_frsize
    if free < LOW_DISK:
        what = f"Only {free // 1024**2} MiB are free on the disk of {place} ({DISK_NEEDED // 1024**2} MiB are the least)."
        yield Finding("engine-disk-low", what, "Free some space before the platform stops for want of it.", Severity.WARNING)


def _writable(place: Path) -> bool:
    # Root passes every permission bit, so only trying tells; the file has no name and is gone at once.
    try:
        with tempfile.TemporaryFile(dir=place):
            return True
    except OSError:
        return False


def _root(settings: Settings, _clock: Clock) -> Iterator[Finding]:
    if not is_root():
        return
    if not settings.database_url:
        try:
            user = unprivileged_user(settings)
        except EngineError as error:
            yield _of(error)
            return
        if settings.home.exists() and not can_reach(user, settings.home):
            what = f"The user {user}, who runs PostgreSQL, can't reach {settings.home}; the database lies in /var/lib/openmarque instead."
            yield Finding(
                "engine-home-closed",
                what,
                "Set OPENMARQUE_HOME to a directory outside /root to have it there.",
                Severity.WARNING,
            )
    cure = "Make a user for the platform (`useradd --system openmarque`) and run it as that user."
    yield Finding("running-as-root", "We run as root: a fault in the platform would own the machine.", cure, Severity.WARNING)


def _postgres(settings: Settings, _clock: Clock) -> Iterator[Finding]:
    try:
        if settings.database_url:
            check_server(settings.database_url)
            return
        program_version((settings.postgres_bin or wheel_programs()) / "postgres")
    except EngineError as error:
        yield _of(error)
    ours = any(find_ours("postgres", "-D", root / "data") for root in possible_roots(settings.home))
    yield from _port(settings, "postgres", settings.postgres_port, "127.0.0.1", ours=ours)


def _nats(settings: Settings, _clock: Clock) -> Iterator[Finding]:
    try:
        if settings.nats_url:
            server_info(settings.nats_url, 2.0)
            yield from map(_of, broker_faults(settings))
            return
        check_program(settings.nats_server or wheel_nats_server())
    except EngineError as error:
        yield _of(error)
    ours = find_ours("nats", "-c", settings.home / "nats" / "nats.conf") is not None
    yield from _port(settings, "nats", settings.nats_port, "127.0.0.1", ours=ours)
    yield from _port(settings, "mqtt", settings.mqtt_port, settings.mqtt_host, ours=ours)


def _web_port(settings: Settings, _clock: Clock) -> Iterator[Finding]:
    # Our own web server on it is no fault; `up` writes its process there.
    ours = (settings.run_dir / "lock").exists() and not _lock_is_free(settings.run_dir / "lock")
    yield from _port(settings, "", settings.port, settings.host, ours=ours)


def _mail(settings: Settings, _clock: Clock) -> Iterator[Finding]:
    """The mail server has to greet, over TLS where it speaks that from the beginning; whether it takes our mails only a mail tells."""
    if settings.smtp_url is None:
        if settings.app_url and urlsplit(settings.app_url).hostname not in _HERE:
            what = "No mail server is set: mails stay in the embedded mailbox on this machine, and owners get none."
            yield Finding("mail-stays-here", what, "Set OPENMARQUE_SMTP_URL.", Severity.WARNING)
        return
    server = mail_server(settings)
    assert server is not None
    try:
        with socket.create_connection((server.host, server.port), _GREETING_S) as plain:
            secure = ssl.create_default_context().wrap_socket(plain, server_hostname=server.host) if server.tls else plain
            with secure:
                greeting = secure.recv(3)
    except OSError as error:
        detail = f"The mail server {server.host}:{server.port} does not answer ({type(error).__name__})."
        yield _of(EngineUnreachable(detail, setting="OPENMARQUE_SMTP_URL"))
        return
    if greeting != b"220":
        detail = f"{server.host}:{server.port} does not greet as a mail server does."
        yield _of(EngineUnreachable(detail, setting="OPENMARQUE_SMTP_URL"))


def _brand_pack(settings: Settings, _clock: Clock) -> Iterator[Finding]:
    """A platform with a pack that can't be read ends at once."""
    try:
        load_pack(settings.brand_pack)
    except BrandPackInvalid as error:
        yield Finding(error.code, error.message, error.remedy, Severity.ERROR)


def _lock_is_free(path: Path) -> bool:
    import fcntl

    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _port(settings: Settings, name: str, port: int, host: str, *, ours: bool) -> Iterator[Finding]:
    if not port or (ours and (not name or Ports(settings.run_dir).known(name) == port)) or is_free(host, port):
        return
    if not is_here(host):
        where = f"OPENMARQUE_{name.upper()}_HOST" if name else "OPENMARQUE_HOST"
        yield _of(AddressNotHere(f"{host} is wanted for port {port}.", setting=where))
        return
    holder, setting = port_holder(port), f"OPENMARQUE_{name.upper()}_PORT" if name else "OPENMARQUE_PORT"
    yield _of(PortBusy(f"Port {port} of {host} is held by {holder}.", holder=holder, setting=setting))


def _clock(settings: Settings, clock: Clock) -> Iterator[Finding]:
    now = clock.now().timestamp()
    cure = "Set the machine's clock and keep it right with NTP: certificates and deadlines depend on it."
    if now < _EARLIEST:
        yield Finding("clock-wrong", f"The clock says {clock.now():%Y-%m-%d}.", cure, Severity.ERROR)
    if settings.home.is_dir():
        newest = max((entry.stat().st_mtime for entry in settings.home.iterdir()), default=0.0)
        if newest > now + _SKEW_S:
            ahead = int(newest - now)
            yield Finding(
                "clock-went-back", f"Our own files are {ahead} s in the future: the clock went back.", cure, Severity.ERROR
            )


def _secrets(settings: Settings, _clock: Clock) -> Iterator[Finding]:
    directory = settings.home / "pki"
    if (directory / "root.key.pem").exists() and (directory / "root.passphrase").exists():
        what = "The root authority's key and its passphrase are both on this machine."
        cure = f"Move {directory / 'root.key.pem'} and {directory / 'root.passphrase'} to a safe, each to another one."
        yield Finding("root-key-online", what, cure, Severity.WARNING)
    for path in sorted(settings.keys_dir.glob("*")) if settings.keys_dir.is_dir() else ():
        if path.is_file() and path.stat().st_mode & 0o077:
            yield Finding("key-readable", f"Other users can read {path}.", f"Run `chmod 600 {path}`.", Severity.ERROR)


def _names(settings: Settings, _clock: Clock) -> Iterator[Finding]:
    for name in settings.unknown:
        cure = "Unset it, or correct its name to one that `openmarque settings` lists."
        yield Finding("unknown-setting", f"The environment variable {name} is no setting of ours.", cure, Severity.WARNING)
    if settings.host not in _HERE:
        cure = "Put a reverse proxy with TLS before it, or set OPENMARQUE_HOST to 127.0.0.1."
        yield Finding("web-open", f"The web interface listens on {settings.host} without TLS.", cure, Severity.WARNING)
