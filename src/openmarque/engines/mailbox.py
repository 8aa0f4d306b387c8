"""Where mails are handed over: the brand's mail server, or for platforms without one (``smtp_url``) the embedded mailbox.

The mailbox is a mail server on a loopback port that keeps what it is sent as files. It forwards nothing. A mail is a 0600 file below
``HOME/mail`` in the form it came in; `openmarque mail` shows them. Only the newest are kept, and a large one is refused, so that nobody on
this machine fills the disk through it.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from aiosmtpd.smtp import SMTP, Envelope, Session

from openmarque.engines.process import Ports, ensure_dir
from openmarque.kit.clock import Clock, from_ms, iso, to_ms
from openmarque.kit.settings import Settings

PORT_NAME: Final = "smtp"
"""Under which the port is kept in the home (``engines.process.Ports``)."""
MOST_KEPT: Final = 500
LARGEST: Final = 1 << 20
"""Bytes of a mail; ours have some thousand."""
UNREADABLE: Final = "(a mail that can't be read)"
"""Shown as the subject of what somebody else on this machine has put there and is no mail: the others are shown all the same."""
_HOST: Final = "127.0.0.1"
_SILENT_S: Final = 60.0
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SMTP_PORT: Final = 587
_SMTPS_PORT: Final = 465
"""RFC 6409 §3.1 and RFC 8314 §3.3: submission, with STARTTLS or TLS from the beginning."""
_LINK: Final = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail in the mailbox."""

    received_at: str
    to: tuple[str, ...]
    sender: str
    subject: str
    message_id: str
    date: str
    text: str
    links: tuple[str, ...]


def mail_dir(settings: Settings) -> Path:
    """Where the mails of a home are."""
    return settings.home / "mail"


def mailbox_port(settings: Settings) -> int | None:
    """The port of this home's mailbox; None when it has never run."""
    return Ports(settings.run_dir).known(PORT_NAME)


@asynccontextmanager
async def mailbox(settings: Settings, clock: Clock) -> AsyncIterator[int]:
    """A mailbox that takes mails while the block runs; gives its port."""
    keeper = _Keeper(ensure_dir(mail_dir(settings)), clock)
    port = Ports(settings.run_dir).settle(PORT_NAME, 0, _HOST, held_by_us=False)
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(
            keeper, data_size_limit=LARGEST, hostname="localhost", ident="OpenMarque mailbox", timeout=_SILENT_S, loop=loop
        )

    server = await loop.create_server(protocol, _HOST, port)
    try:
        yield port
    finally:
        server.close()


@dataclass(frozen=True)
class MailServer:
    """A mail server and how it is spoken to."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool

    @property
    def starttls(self) -> bool:
        """Whether the connection must be made secret before anything is said; never silently left out."""
        return not self.tls and self.host not in _LOCAL


def mail_server(settings: Settings) -> MailServer | None:
    """The server of the settings, else the embedded mailbox; None when that has never run in this home."""
    if settings.smtp_url is None:
        port = mailbox_port(settings)
        return MailServer(_HOST, port, None, None, tls=False) if port else None
    parts = urlsplit(settings.smtp_url)
    tls = parts.scheme == "smtps"
    user, password = (unquote(text) if text else None for text in (parts.username, parts.password))
    return MailServer(parts.hostname or "localhost", parts.port or (_SMTPS_PORT if tls else _SMTP_PORT), user, password, tls)


class _Keeper:
    """What aiosmtpd asks: keeps each mail as a file."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._numbers = count()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        """Keep a mail; the answer is sent once it is on disk."""
        del server, session
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        await asyncio.to_thread(self._keep, content)
        return "250 OK"

    def _keep(self, content: bytes) -> None:
        # Names sort by receipt; the process id keeps two runs at one standing clock apart.
        path = self._folder / f"{to_ms(self._clock.now()):015d}-{os.getpid()}-{next(self._numbers):06d}.eml"
        scratch = path.with_suffix(".part")
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.rename(path)
        for old in sorted(self._folder.glob("*.eml"))[:-MOST_KEPT]:
            old.unlink(missing_ok=True)


def stored_mails(settings: Settings, to: str | None = None) -> list[StoredMail]:
    """The mails of a home's mailbox, the newest last; `to` picks those to one address, without regard to case."""
    found = []
    for path in sorted(mail_dir(settings).glob("*.eml")):
        mail = _read(path)
        if to is None or to.lower() in (address.lower() for address in mail.to):
            found.append(mail)
    return found


def _read(path: Path) -> StoredMail:
    received_at = iso(from_ms(int(path.name.partition("-")[0])))
    message: Any = message_from_bytes(path.read_bytes(), policy=policy.default)
    try:
        body = message.get_body(("plain",)) if isinstance(message, EmailMessage) else None
        text = _plain(str(body.get_content()) if body else "")
        return StoredMail(
            received_at=received_at,
            to=tuple(_plain(address.addr_spec) for address in getattr(message["To"], "addresses", ())),
            sender=_plain(message["From"]),
            subject=_plain(message["Subject"]),
            message_id=_plain(message["Message-ID"]),
            date=_plain(message["Date"]),
            text=text,
            links=tuple(_LINK.findall(text)),
        )
    except Exception:  # noqa: BLE001 - the library raises whatever it likes at what is no mail
        return StoredMail(received_at, (), "", UNREADABLE, "", "", "", ())


def _plain(found: object) -> str:
    """Text that a terminal only shows: whoever is on this machine may have written it, control characters and all."""
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in str(found or ""))
