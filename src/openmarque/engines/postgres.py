"""PostgreSQL: embedded (a child process below the home) or the brand's own, by its address.

Theory of operation: we call the wheel's ``initdb`` and ``postgres`` ourselves. The wheel's own helper trusts every local
connection and opens parent directories to all users when run as root; here every connection authenticates (scram-sha-256), and no
directory that we did not make changes its mode. PostgreSQL refuses root, so as root its part of the home belongs to an
unprivileged user (`engines.postgres_home`). A cluster is made beside its place and moved there when finished, so a crash leaves none
half made. Nothing here weakens durability: ``fsync`` and ``synchronous_commit`` stay on, for "acknowledged" means "committed".
"""

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

from openmarque.engines.errors import BinaryMissing, EngineError, EngineRefused, EngineUnreachable, WrongVersion
from openmarque.engines.postgres_home import PostgresHome, postgres_home_for
from openmarque.engines.process import (
    Ports,
    check_disk,
    end,
    ensure_home,
    find_ours,
    kept_secret,
    reap,
    spawn,
    tail,
    wait_until,
)
from openmarque.kit.settings import Settings

LEAST_MAJOR: Final = 16
DATABASE: Final = "openmarque"
SUPERUSER: Final = "openmarque"
EXTENSIONS: Final = ("btree_gist",)
"""Contrib that migrations rely on: exclusion constraints over uuid and range. Not pgcrypto: the wheel is built without OpenSSL, and
keys stay out of the database anyway (keyed hashes and encryption are done before a value gets there)."""
START_TIMEOUT_S: Final = 60.0
"""Recovery after a crash replays up to max_wal_size (1 GiB); a slow disk does that in well under a minute."""
_TUNING: Final = {
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    "wal_init_zero": "off",  # filling a new segment with zeros held up every commit for 60 ms (docs/decisions/0022)
    "checkpoint_completion_target": "0.9",
    "jit": "off",  # all our statements are short: compiling one costs more than running it
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "password_encryption": "scram-sha-256",
    "log_min_duration_statement": "-1",  # statements hold personal data; the log never shows any
    "log_min_messages": "log",  # messages of errors quote values; whoever caused one gets it as an exception
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",  # DETAIL lines of constraint errors hold values
}
_HBA: Final = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256\n"


@dataclass(frozen=True)
class PostgresEndpoint:
    """Where the database is and how to get in as its owner."""

    url: str = field(repr=False)
    """libpq address of the platform's database, as the role that owns it; holds a password."""
    version: int = 0
    """``server_version_num``, for instance 180006."""
    notes: tuple[str, ...] = ()
    """What the operator should know about where it runs, in sentences."""

    def database(self, name: str) -> str:
        """The same server's database `name`."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{quote(name)}"))


class PostgresServer:
    """The PostgreSQL of one home. `start` and `stop` block; run them in a thread beside an event loop."""

    def __init__(self, settings: Settings, *, extra_conf: Mapping[str, str] | None = None) -> None:
        """Add `extra_conf` to the server's configuration (throwaway platforms turn ``fsync`` off; no setting of an operator can)."""
        self._settings = settings
        self._conf = _TUNING | dict(extra_conf or {})
        self._port = 0
        self.log = settings.log_dir / "postgres.log"
        self.endpoint: PostgresEndpoint | None = None

    def start(self) -> PostgresEndpoint:
        """Start (or adopt a server left by a crash of ours), wait until it takes connections, and return its address.

        With ``database_url`` set nothing is started: the server is reached, its version and extensions are checked. Raises an
        ``EngineError`` that names the fault.
        """
        if self._settings.database_url:
            self.endpoint = PostgresEndpoint(self._settings.database_url, check_server(self._settings.database_url))
            return self.endpoint
        ensure_home(self._settings.home)
        check_disk(self._settings.home)
        self._init_cluster()
        running = self.process()
        ports = Ports(self._settings.run_dir)
        self._port = ports.settle("postgres", self._settings.postgres_port, "127.0.0.1", held_by_us=running is not None)
        changed = self._write_conf()
        if running and changed:
            self.stop()
            running = None
        if not running:
            self._remove_stale_pid_file()
            running = self._spawn()
        url = self._url("postgres")
        wait_until(lambda: _answers(url), running, self.log, "PostgreSQL", START_TIMEOUT_S)
        self._make_database(url)
        self.endpoint = PostgresEndpoint(self._url(DATABASE), check_server(self._url(DATABASE)), self.postgres_home.notes)
        return self.endpoint

    def address(self) -> str:
        """The platform's database as its owner, for processes that did not start the server (workers, the API).

        Raises ``EngineUnreachable`` if the embedded server was never started.
        """
        if self._settings.database_url:
            return self._settings.database_url
        self._port = Ports(self._settings.run_dir).known("postgres") or 0
        if not self._port:
            raise EngineUnreachable(
                "The embedded database of this home was never started.", setting="OPENMARQUE_DATABASE_URL or OPENMARQUE_HOME"
            )
        return self._url(DATABASE)

    def stop(self) -> None:
        """End the embedded server (fast shutdown: sessions are cut, everything committed is kept); without effect by URL."""
        if self._settings.database_url:
            return
        if process := self.process():
            end(process, (signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))

    def destroy(self) -> None:
        """Stop and delete the cluster with all its data; for throwaway homes."""
        self.stop()
        if not self._settings.database_url:
            shutil.rmtree(self.postgres_home.root, ignore_errors=True)

    def process(self) -> psutil.Process | None:
        """The running server process of this home, also one that an earlier run of ours started."""
        return find_ours("postgres", "-D", self.data)

    def healthy(self) -> bool:
        """Whether the database answers a new connection now."""
        return self.endpoint is not None and _answers(self.endpoint.url)

    @cached_property
    def postgres_home(self) -> PostgresHome:
        """Where the cluster lies, who runs it and from which programs."""
        return postgres_home_for(self._settings)

    @property
    def data(self) -> Path:
        """The data directory (``PGDATA``)."""
        return self.postgres_home.root / "data"

    def _url(self, database: str) -> str:
        password = quote(self._password(), safe="")
        host = quote(str(self.postgres_home.socket_dir), safe="")
        return f"postgresql://{SUPERUSER}:{password}@/{database}?host={host}&port={self._port}"

    def _password(self) -> str:
        return kept_secret(self._settings.keys_dir / "postgres-owner", lambda: secrets.token_urlsafe(32))

    def _init_cluster(self) -> None:
        if (self.data / "PG_VERSION").exists():
            _check_cluster_version(self.data, self.postgres_home.bin_dir)
            return
        scratch = self.postgres_home.root / "data.new"
        shutil.rmtree(scratch, ignore_errors=True)
        password_file = self.postgres_home.root / ".password"
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(self._password())
            self.postgres_home.hand_over(password_file)
            self._run_initdb(scratch, password_file)
        finally:
            password_file.unlink(missing_ok=True)
        scratch.rename(self.data)

    def _run_initdb(self, data: Path, password_file: Path) -> None:
        modern = program_version(self.postgres_home.bin_dir / "postgres") >= 17
        # The built-in provider (17+) sorts the same on every machine; an ICU or libc upgrade can't corrupt an index.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"] if modern else ["--locale=C"]
        arguments = [str(self.postgres_home.bin_dir / "initdb"), "-D", str(data), "-U", SUPERUSER, f"--pwfile={password_file}"]
        arguments += ["--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", *locale]
        if self._conf.get("fsync") == "off":
            arguments.append("--no-sync")
        log = self.log.with_name("initdb.log")
        process = spawn(arguments, log, user=self.postgres_home.user)
        if process.wait(120) != 0:
            raise EngineError(f"initdb failed. {log.read_text('utf-8', 'replace')[-600:]}", log=log)

    def _write_conf(self) -> bool:
        values = self._conf | {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": str(self.postgres_home.socket_dir),
            "unix_socket_permissions": "0700",
        }
        text = "".join(f"{name} = {_quoted(value)}\n" for name, value in values.items())
        changed = False
        for name, content in (("postgresql.conf", text), ("pg_hba.conf", _HBA)):
            path = self.data / name
            if not path.exists() or path.read_text("utf-8") != content:
                path.write_text(content, "utf-8")
                changed = True
        return changed

    def _remove_stale_pid_file(self) -> None:
        # After kill -9 of the machine the number in it may belong to a stranger; PostgreSQL would then refuse to start. We know
        # by its command line that no server runs here, and hold the home's lock, so the file is stale.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _spawn(self) -> psutil.Process:
        arguments = [str(self.postgres_home.bin_dir / "postgres"), "-D", str(self.data)]
        # After kill -9 of the server its last sessions take a moment to notice; until then a new one is refused the memory.
        for attempt in range(50):
            process = reap(spawn(arguments, self.log, user=self.postgres_home.user))
            time.sleep(0.05)
            if process.is_running() or "shared memory" not in tail(self.log) or attempt == 49:
                return process
            time.sleep(0.15)
        raise AssertionError

    def _make_database(self, url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
                connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(DATABASE)))


def _quoted(value: str) -> str:
    """A value of a configuration file: quotes are doubled, and a backslash would begin an escape."""
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def program_version(program: Path) -> int:
    """The major version that ``postgres --version`` prints. Raises ``BinaryMissing`` or ``WrongVersion`` (below 16)."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True, cwd="/")
    except (OSError, subprocess.SubprocessError) as error:
        raise BinaryMissing(f"{program} can't be run ({type(error).__name__}).", setting="OPENMARQUE_POSTGRES_BIN") from None
    words = done.stdout.replace(".", " ").split()
    major = next((int(word) for word in words if word.isdigit()), 0)
    if major < LEAST_MAJOR:
        found = done.stdout.strip() or "nothing"
        raise WrongVersion(f"{program} says {found!r}.", wanted=f"PostgreSQL {LEAST_MAJOR}", setting="OPENMARQUE_POSTGRES_BIN")
    return major


def check_server(url: str) -> int:
    """The version number of the server at `url`, once it is reachable, new enough and has the extensions we need.

    Raises ``EngineUnreachable``, ``EngineRefused``, ``WrongVersion`` or ``EngineError``.
    """
    if {"user", "password"} & parse_qs(urlsplit(url).query).keys():
        # libpq prefers these to the ones before the host, where we write the program's own: it would run as the owner.
        detail = "The user and password stand behind the question mark; they belong before the host."
        raise EngineRefused(detail, setting="OPENMARQUE_DATABASE_URL")
    try:
        connection = psycopg.connect(url, connect_timeout=5, autocommit=True)
    except psycopg.OperationalError as error:
        text = str(error).strip().replace(unquote(urlsplit(url).password or "\0"), "********")
        refused = "authentication failed" in text or "no password supplied" in text or "does not exist" in text
        kind = EngineRefused if refused else EngineUnreachable
        raise kind(f"PostgreSQL: {text}.", setting="OPENMARQUE_DATABASE_URL") from None
    except psycopg.ProgrammingError:
        raise EngineRefused("It is no address of a PostgreSQL database.", setting="OPENMARQUE_DATABASE_URL") from None
    with connection:
        version = connection.info.server_version
        if version < LEAST_MAJOR * 10000:
            wanted = f"PostgreSQL {LEAST_MAJOR}"
            raise WrongVersion(f"The server is {version // 10000}.", wanted=wanted, setting="OPENMARQUE_DATABASE_URL")
        rows = connection.execute("SELECT name FROM pg_available_extensions WHERE name = ANY(%s)", [list(EXTENSIONS)])
        missing = sorted(set(EXTENSIONS) - {row[0] for row in rows})
        if missing:
            raise EngineError(
                f"PostgreSQL lacks the contrib extensions {', '.join(missing)}.", log="your package manager's messages"
            )
    return version


def _check_cluster_version(data: Path, bin_dir: Path) -> None:
    cluster, program = int((data / "PG_VERSION").read_text("ascii")), program_version(bin_dir / "postgres")
    if cluster != program:
        detail = f"The data in {data} are of PostgreSQL {cluster}, the program is {program}; pg_upgrade or dump and restore."
        raise WrongVersion(detail, wanted=f"the programs of PostgreSQL {cluster}", setting="OPENMARQUE_POSTGRES_BIN")


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
